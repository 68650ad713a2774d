"""The service in a process of its own, as `crypto-sentiment serve` runs it, to be treated badly."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Service:
    port: int
    pid: int

    def peak_mb(self) -> float:
        """The most resident memory that the process has had."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def serving(**environment: str) -> Iterator[Service]:
    """Run it with these environment variables until it is no longer needed."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "crypto_sentiment", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).read()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("the service ended before it answered") from None
                time.sleep(0.1)
        yield Service(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=60)
