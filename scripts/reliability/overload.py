"""python -m scripts.reliability.overload: what the service does with more callers than it can serve.

Starts it, measures its capacity with callers who wait for their answers, then sends a multiple of that for half a
minute, by callers who give up after ten seconds and whom nobody's answer holds back. One process, one ONNX Runtime
thread.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import time

from scripts.reliability.callers import Answers, closed_loop, open_loop, post
from scripts.reliability.service import Service, serving

CALLERS = 16
PATIENCE_S = 10.0
HEALTH = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"


def percentile(seconds: list[float], share: float) -> float:
    """Milliseconds; of nothing, NaN."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] * 1000 if seconds else float("nan")


def requests(words: int) -> list[bytes]:
    """Single comments, of the length that crypto Reddit has (37 tokens on average), or of `words` words."""
    from tests.comments import NEGATIVE, NEUTRAL, POSITIVE

    texts = [f"{a} {b}" for a, b in zip(POSITIVE, NEGATIVE, strict=True)] + NEUTRAL
    if words:
        texts = [" ".join((text.split() * words)[:words]) for text in texts]
    return [post("/analyze", json.dumps({"text": text}).encode()) for text in texts]


def _burst(port, sent, per_s, seconds, answers) -> None:
    answers.put(asyncio.run(open_loop(port, sent, per_s, seconds, PATIENCE_S)))


async def watch(port: int, until: asyncio.Event) -> Answers:
    """Ask for /health five times a second."""
    health = Answers()
    while not until.is_set():
        one = await closed_loop(port, [HEALTH], 1, 0.0001)
        for status, seconds in one.by_status.items():
            health.by_status.setdefault(status, []).extend(seconds)
        await asyncio.sleep(0.2)
    return health


async def overload(service: Service, sent: list[bytes], factor: float, seconds: float) -> dict:
    """Figures of one run. Seconds in milliseconds, memory in MB."""
    await closed_loop(service.port, sent, CALLERS, 2)
    before = await closed_loop(service.port, sent, CALLERS, max(3, seconds / 3))
    measured = before.by_status.get(200, [])
    capacity = len(measured) / max(3, seconds / 3)
    answers: multiprocessing.Queue = multiprocessing.Queue()
    crowd = multiprocessing.Process(target=_burst, args=(service.port, sent, factor * capacity, seconds, answers))
    over = asyncio.Event()
    watching = asyncio.create_task(watch(service.port, over))
    crowd.start()
    during: Answers = await asyncio.to_thread(answers.get)
    crowd.join()
    after = await closed_loop(service.port, sent, 1, 0.0001)
    over.set()
    health = await watching
    accepted = during.by_status.get(200, [])
    refused = during.by_status.get(503, [])
    return {
        "capacity, a second": round(capacity),
        "offered, a second": round(during.sent / seconds),
        "offered": during.sent,
        "answered": len(accepted),
        "refused with 503": len(refused),
        "of them without retry-after": during.without_retry_after,
        "gave up or were cut off": during.gave_up + len(during.by_status.get(0, [])),
        "other": during.sent - len(accepted) - len(refused) - during.gave_up - len(during.by_status.get(0, [])),
        "goodput, of capacity": f"{len(accepted) / seconds / capacity:.0%}",
        "accepted, p50 ms": round(percentile(accepted, 0.5)),
        "accepted, p99 ms": round(percentile(accepted, 0.99)),
        "refused, p99 ms": round(percentile(refused, 0.99)),
        "/health, p99 ms": round(percentile(health.by_status.get(200, []), 0.99)),
        "first caller after it, ms": round(percentile(after.by_status.get(200, []), 0.5)),
        "memory at its peak, MB": round(service.peak_mb()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--factor", type=float, default=5, help="times the capacity (default 5)")
    parser.add_argument("--seconds", type=float, default=30, help="length of the burst (default 30)")
    parser.add_argument("--words", type=int, default=0, help="words in a comment (default: as comments are)")
    arguments = parser.parse_args()
    started = time.perf_counter()
    with serving(ORT_THREADS="1") as service:
        figures = asyncio.run(overload(service, requests(arguments.words), arguments.factor, arguments.seconds))
    print(f"| at {arguments.factor:g} times its capacity for {arguments.seconds:g} s | |\n|---|---|")
    for name, value in figures.items():
        print(f"| {name} | {value} |")
    print(f"{time.perf_counter() - started:.0f} s in all", file=sys.stderr)


if __name__ == "__main__":
    main()
