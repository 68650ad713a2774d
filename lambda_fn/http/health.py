"""What the image's HEALTHCHECK asks: does the server of this container answer?

A container that serves nothing (a worker, a file being scored) is healthy as long as it runs.
"""

import http.client
import sys
from collections.abc import Iterable
from pathlib import Path

from lambda_fn.contract import Exit

TIMEOUT_S = 5.0
SERVE = "serve"
DEFAULT_PORT = 8000


def check(processes: Path = Path("/proc")) -> int:
    """The exit code. processes: where the kernel lists those of this container."""
    for port in served_ports(processes):
        if not answers(port):
            print(f"no answer on port {port}", file=sys.stderr)
            return Exit.FAILED
    return Exit.DONE


def served_ports(processes: Path) -> Iterable[int]:
    """The ports of the processes that were started as `python3 -m lambda_fn serve`."""
    for command in processes.glob("[0-9]*/cmdline"):
        try:
            words = command.read_text(errors="replace").rstrip("\0").split("\0")
        except OSError:  # another user's, or over by now
            continue
        if "lambda_fn" in words and SERVE in words[words.index("lambda_fn") :]:
            yield port_of(words[words.index(SERVE) :])


def port_of(words: list[str]) -> int:
    """The port among a command's words, as argparse takes it: `--port 80`, `--port=80`."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, _, value = word.partition("=")
        if name == "--port" and (value or following).isdigit():
            return int(value or following)
    return DEFAULT_PORT


def answers(port: int) -> bool:
    """Whether GET /health there is 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
