"""One comment per request over HTTP: the predecessor's server and this project's, by turns on the same cores."""

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

SERVERS = {"predecessor": "scripts.benchmark.predecessor:app", "this project": "lambda_fn.api:app"}
START_TIMEOUT_S = 180


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def post(connection: http.client.HTTPConnection, text: str) -> tuple[float, float]:
    """Seconds of one request, and those that the server says its model took (0 where it does not say)."""
    body = json.dumps({"text": text})
    started = time.perf_counter()
    connection.request("POST", "/analyze", body, {"content-type": "application/json"})
    response = connection.getresponse()
    response.read()
    took = time.perf_counter() - started
    if response.status != 200:
        raise RuntimeError(f"the server answered {response.status} to a comment of {len(text)} characters")
    return took, float(response.getheader("x-inference-time") or 0) / 1000


@contextmanager
def server(name: str, model: Path, workers: int = 1) -> Iterator[tuple[int, float]]:
    """Port, and seconds from the start of the process to its first scored comment."""
    port = free_port()
    environment = {**os.environ, "PREDECESSOR_MODEL": str(model), "OMP_NUM_THREADS": "1", "ORT_THREADS": "1"}
    command = [sys.executable, "-m", "uvicorn", SERVERS[name], "--port", str(port), "--workers", str(workers)]
    started = time.perf_counter()
    process = subprocess.Popen([*command, "--log-level", "error", "--no-access-log"], env=environment)
    try:
        while True:
            try:
                post(http.client.HTTPConnection("127.0.0.1", port, timeout=60), "to the moon")
                break
            except OSError:
                if process.poll() is not None or time.perf_counter() - started > START_TIMEOUT_S:
                    raise RuntimeError(f"the server of {name} did not start") from None
                time.sleep(0.02)
        yield port, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(timeout=60)


def percentile(values: Sequence[float], q: float) -> float:
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def one_user(port: int, texts: Sequence[str]) -> dict:
    """Requests one after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for text in texts[:3]:
        post(connection, text)
    times = [post(connection, text) for text in texts]
    taken = [t for t, _ in times]
    figures = {"requests_per_s": len(taken) / sum(taken), "p50_ms": 1e3 * statistics.median(taken)}
    figures["p99_ms"] = 1e3 * percentile(taken, 0.99)
    if all(model for _, model in times):
        figures["overhead_ms"] = 1e3 * statistics.median(t - model for t, model in times)
    return figures


def users(port: int, texts: Sequence[str], count: int) -> dict:
    """`count` users at once, each on its own connection."""

    def user(part: Sequence[str]) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        return [post(connection, text)[0] for text in part]

    started = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        taken = [t for part in pool.map(user, [texts[i::count] for i in range(count)]) for t in part]
    seconds = time.perf_counter() - started
    return {"requests_per_s": len(taken) / seconds, "p99_ms": 1e3 * percentile(taken, 0.99)}


def measure(models: Path, texts: Sequence[str], rounds: int, workers: Sequence[int]) -> list[dict]:
    """Rows: server, workers, and each round's figures; the servers by turns in every round."""
    rows: dict[tuple[str, int], dict] = {}
    for _ in range(rounds):
        for count in workers:
            for name in SERVERS:
                with server(name, models / "768", count) as (port, start_s):
                    row = rows.setdefault((name, count), {"server": name, "workers": count, "rounds": []})
                    figures = {"first_answer_s": start_s}
                    if count == 1:
                        figures["one_user"] = one_user(port, texts)
                    figures["users_16"] = users(port, texts, 16)
                    row["rounds"].append(figures)
    return list(rows.values())
