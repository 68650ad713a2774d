"""This checkout's service against another's, by turns on one core: requests, waiting, starting, memory.

    python -m scripts.benchmark.paired_http --against ../other --comments comments.jsonl > docs/benchmark/http_pairs.md

Each service is a process of its own with one ONNX Runtime thread on the first core, its callers have the last; the
other checkout runs in its own .venv, as its `make run` did. In every round both are started, asked by one user (one
comment a call, over one kept connection), then by 16, then stopped; neither refuses any. Shown: the median of the
rounds, and of their ratios, with the extremes; CPU time says most, since other work on the machine is seen by both.
"""

import asyncio
import json
import os
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from scripts.benchmark.comments import load
from scripts.benchmark.over_http import free_port
from scripts.reliability.callers import closed_loop, post
from scripts.reliability.overload import percentile

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 120
USERS = 16
# Where the others' `make run` differs: before there was a command that serves.
PLAIN = "-m uvicorn lambda_fn.api:app --no-access-log --timeout-keep-alive 75 --port {port}"
OURS = "-m crypto_sentiment serve --port {port}"


@dataclass(frozen=True)
class Round:
    """ready_cpu_s: CPU seconds from the start to the first answer. cpu_ms: a request's, of the service.

    per_s: requests a second of one user. p99_ms: of USERS users. peak_mb: resident at its most.
    """

    ready_cpu_s: float
    cpu_ms: float
    per_s: float
    p99_ms: float
    peak_mb: float


ROWS = {
    "per_s": ("one user, requests a second", "{:.0f}", True),
    "cpu_ms": ("one user, CPU of a request, ms", "{:.2f}", False),
    "p99_ms": (f"{USERS} users, p99, ms", "{:.0f}", False),
    "ready_cpu_s": ("until the first answer, CPU s", "{:.2f}", False),
    "peak_mb": ("memory at its peak, MB", "{:.0f}", False),
}


@contextmanager
def serving(checkout: Path) -> Iterator[tuple[int, int]]:
    """(port, process id) of a checkout's service, once it answers /health."""
    port = free_port()
    command = (OURS if (checkout / "crypto_sentiment").is_dir() else PLAIN).format(port=port)
    process = subprocess.Popen(
        [checkout / ".venv/bin/python", *command.split()],
        cwd=checkout,
        env={**os.environ, "ORT_THREADS": "1", "MAX_WAIT_S": "60"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}),
    )
    try:
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).read()
                break
            except (urllib.error.URLError, OSError):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the service in {checkout} did not start") from None
                time.sleep(0.02)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def one_round(checkout: Path, requests: list[bytes], seconds: float) -> Round:
    with serving(checkout) as (port, pid):
        asyncio.run(closed_loop(port, requests[:1], 1, 0.0))
        ready = cpu_s(pid)
        asyncio.run(closed_loop(port, requests, 1, 1.0))
        before = cpu_s(pid)
        alone = asyncio.run(closed_loop(port, requests, 1, seconds)).by_status
        spent = cpu_s(pid) - before
        many = asyncio.run(closed_loop(port, requests, USERS, seconds)).by_status
        if set(alone) | set(many) != {200}:
            raise RuntimeError(f"the service in {checkout} answered {set(alone) | set(many)}")
        status = Path(f"/proc/{pid}/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        count = len(alone[200])
        return Round(ready, spent / count * 1000, count / sum(alone[200]), percentile(many[200], 0.99), peak)


def main(
    against: Annotated[Path, typer.Option(help="the other checkout, with its .venv")],
    comments: Annotated[Path | None, typer.Option(help="JSON Lines with `text`; default random words")] = None,
    rounds: Annotated[int, typer.Option(help="turns of each")] = 5,
    seconds: Annotated[float, typer.Option(help="of asking, for one user and for many, in every round")] = 6,
) -> None:
    """Compare two checkouts' services, by turns."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))} if len(os.sched_getaffinity(0)) > 1 else {0})
    texts, what = load(comments, 2_000)
    requests = [post("/analyze", json.dumps({"text": text}).encode()) for text in texts]
    taken: dict[Path, list[Round]] = {against.resolve(): [], REPOSITORY: []}
    for _ in range(rounds):
        for checkout, found in taken.items():
            found.append(one_round(checkout, requests, seconds))
    theirs, ours = taken.values()
    typer.echo(f"| {what}, {rounds} rounds | the other | this | times |\n|---|---:|---:|---:|")
    for name, (title, form, more_is_better) in ROWS.items():
        a, b = ([getattr(one, name) for one in side] for side in (theirs, ours))
        ratios = sorted((y / x if more_is_better else x / y) for x, y in zip(a, b, strict=True))
        times = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
        typer.echo(f"| {title} | {form.format(statistics.median(a))} | {form.format(statistics.median(b))} | {times} |")


if __name__ == "__main__":
    typer.run(main)
