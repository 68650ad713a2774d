"""Load on a running API, in one of two scenarios; the result as a CSV of every second, a picture and a row of a table.

python -m scripts.load_test                                            # serves the model of this repository itself
python -m scripts.load_test --scenario peak --url https://abc.execute-api.us-east-1.amazonaws.com
python -m scripts.load_test --scenario predecessor --seconds 300
python -m scripts.load_test --scenario peak --workers 2                # two processes of the server started here

predecessor: one user sends one and the same comment, one request after the other (in full: 5 minutes).
peak: 348 comments a second, the most of the stream's day, with real lengths; nine in ten requests carry one comment,
      one in ten a batch of ten.

Exit codes: 0 done; 1 requests failed; 2 the address does not answer.
"""

import csv
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import gevent
import typer
from locust import FastHttpUser, constant, constant_throughput, task
from locust.env import Environment

from scripts.benchmark import comments

PREDECESSOR_COMMENT = (
    "I have been holding bitcoin for years and I still believe that it will go to the moon before the end of this one"
)
PEAK_COMMENTS_PER_S = 348
BATCH, BATCH_PART = 10, 0.1
COMMENTS_PER_REQUEST = 1 - BATCH_PART + BATCH_PART * BATCH
USERS = 32
START_TIMEOUT_S = 60


class Scenario(StrEnum):
    predecessor = "predecessor"
    peak = "peak"


class OneUser(FastHttpUser):
    wait_time = constant(0)

    @task
    def analyze(self) -> None:
        self.client.post("/analyze", json={"text": PREDECESSOR_COMMENT})


def mixed_user(texts: list[str], comments_per_s: float) -> type[FastHttpUser]:
    """One of USERS users who together send `comments_per_s`, if the server keeps up."""

    class MixedUser(FastHttpUser):
        wait_time = constant_throughput(comments_per_s / COMMENTS_PER_REQUEST / USERS)

        @task
        def send(self) -> None:
            if random.random() < BATCH_PART:
                self.client.post("/batch_analyze", json=[{"text": text} for text in random.sample(texts, BATCH)])
            else:
                self.client.post("/analyze", json={"text": random.choice(texts)})

    return MixedUser


@contextmanager
def local_server(workers: int) -> Iterator[str]:
    """The API under uvicorn, as `make run` starts it."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "lambda_fn.api:app", "--port", str(port), "--log-level", "error"]
    command += ["--no-access-log", "--workers", str(workers)]
    process = subprocess.Popen(command, env={**os.environ, "ORT_THREADS": "1"})
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_up(url: str, timeout_s: float = START_TIMEOUT_S) -> None:
    """Raises TimeoutError if /health does not answer in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
            return
        except (OSError, urllib.error.URLError) as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url}/health does not answer: {error}") from None
            time.sleep(0.1)


def run(user: type[FastHttpUser], count: int, url: str, seconds: float) -> tuple[Environment, list[dict]]:
    """Load `url` for `seconds`; the environment with its totals, and one row per second."""
    environment = Environment(user_classes=[user], host=url)
    times: deque[tuple[float, float, bool]] = deque()

    @environment.events.request.add_listener
    def on_request(response_time, exception, **_) -> None:
        times.append((time.monotonic(), response_time, exception is not None))

    runner = environment.create_local_runner()
    started = time.monotonic()
    runner.start(count, spawn_rate=count)
    gevent.sleep(seconds)
    runner.quit()
    rows = []
    for second in range(int(seconds)):
        part = sorted(ms for at, ms, _ in times if second <= at - started < second + 1)
        failed = sum(bad for at, _, bad in times if second <= at - started < second + 1)
        quantiles = [part[min(len(part) - 1, int(q * len(part)))] if part else None for q in (0.5, 0.95, 0.99)]
        rows.append(dict(zip(COLUMNS, (second, len(part), failed, *quantiles), strict=True)))
    return environment, rows


COLUMNS = ("second", "requests", "failures", "p50_ms", "p95_ms", "p99_ms")


def draw(rows: list[dict], title: str, out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (rate, latency) = plt.subplots(2, 1, sharex=True, figsize=(8, 5))
    seconds = [row["second"] for row in rows]
    rate.plot(seconds, [row["requests"] for row in rows])
    rate.set_ylabel("requests/s")
    rate.set_ylim(0)
    rate.set_title(title)
    for key in ("p50_ms", "p95_ms", "p99_ms"):
        latency.plot(seconds, [row[key] for row in rows], label=key.removesuffix("_ms"))
    latency.set_ylabel("ms")
    latency.set_xlabel("second")
    latency.set_ylim(0)
    latency.legend()
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    plt.close(figure)


def summary(name: str, result: dict) -> str:
    asked = f" of the {result['asked_per_s']:.1f} asked for" if result["asked_per_s"] else ""
    return (
        f"{name}: {result['requests']} requests in {result['seconds']:g} s, {result['requests_per_s']:.1f}/s{asked}, "
        f"{result['failed']} failed; p50 {result['p50_ms']:.0f} ms, p99 {result['p99_ms']:.0f} ms"
    )


def write(name: str, result: dict, rows: list[dict], out: Path) -> None:
    """<name>.csv, .json and .png, and README.md with all results that are in the folder."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    (out / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(rows, summary(name, result), out / f"{name}.png")
    lines = ["# Load tests", "", "Each by `python -m scripts.load_test`, whose `--help` says what is sent.", ""]
    lines += ["| test | server | seconds | requests | requests/s | asked for | failed | p50 ms | p99 ms |"]
    lines += ["|---|---|---:|---:|---:|---:|---:|---:|---:|"]
    for path in sorted(out.glob("*.json")):
        r = json.loads(path.read_text())
        asked = f"{r['asked_per_s']:.1f}" if r["asked_per_s"] else ""
        lines.append(
            f"| [{path.stem}]({path.stem}.png) | {r['server']} | {r['seconds']:g} | {r['requests']:,} | "
            f"{r['requests_per_s']:.1f} | {asked} | {r['failed']} | {r['p50_ms']:.0f} | {r['p99_ms']:.0f} |"
        )
    (out / "README.md").write_text("\n".join(lines) + "\n")


def load_test(
    scenario: Annotated[Scenario, typer.Option(help="what is sent")] = Scenario.predecessor,
    url: Annotated[str | None, typer.Option(help="a running API; default: one is started here")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="how long")] = 60,
    workers: Annotated[int, typer.Option(min=1, help="processes of the server that is started here")] = 1,
    comments_per_s: Annotated[float, typer.Option(min=1, help="of the scenario peak")] = PEAK_COMMENTS_PER_S,
    comments_file: Annotated[Path | None, typer.Option("--comments", help="JSON Lines with `text`, .gz or not")] = None,
    out: Annotated[Path, typer.Option(help="folder for the CSV, the picture and the table")] = Path("docs/load_test"),
) -> None:
    if scenario is Scenario.predecessor:
        user, count = OneUser, 1
    else:
        user, count = mixed_user(comments.load(comments_file, 5_000)[0], comments_per_s), USERS
    if url:
        environment, rows = _against(url.rstrip("/"), user, count, seconds)
    else:
        with local_server(workers) as local:
            environment, rows = _against(local, user, count, seconds)
    total = environment.stats.total
    result = {
        "server": url or f"uvicorn here, workers: {workers}",
        "seconds": seconds,
        "requests": total.num_requests,
        "requests_per_s": total.num_requests / seconds,
        "asked_per_s": comments_per_s / COMMENTS_PER_REQUEST if scenario is Scenario.peak else None,
        "failed": total.num_failures,
        "p50_ms": total.get_response_time_percentile(0.5),
        "p99_ms": total.get_response_time_percentile(0.99),
    }
    name = f"{scenario}_{workers}_workers" if workers > 1 else str(scenario)
    write(name, result, rows, out)
    typer.echo(summary(name, result))
    if total.num_failures or not total.num_requests:
        raise typer.Exit(1)


def _against(url: str, user: type[FastHttpUser], count: int, seconds: float) -> tuple[Environment, list[dict]]:
    try:
        wait_until_up(url)
    except TimeoutError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    return run(user, count, url, seconds)


load_test.__doc__ = __doc__

if __name__ == "__main__":
    typer.run(load_test)
