"""Many callers at once: every request is answered, and rightly."""

import asyncio
import time
from collections import Counter

import httpx
import pytest

from tests.comments import LONG, NEGATIVE, POSITIVE

CLIENTS = 64


async def hammer(server: str, requests: int) -> tuple[Counter, list[float]]:
    """Statuses and wrong answers of `requests` small requests from CLIENTS clients, and each one's seconds."""
    counts: Counter = Counter()
    seconds: list[float] = []
    numbers = iter(range(requests))
    limits = httpx.Limits(max_connections=CLIENTS)

    async def client(http: httpx.AsyncClient) -> None:
        for number in numbers:
            label, text = [("positive", POSITIVE[0]), ("negative", NEGATIVE[1])][number % 2]
            started = time.perf_counter()
            answer = await http.post("/analyze", json={"text": text}, headers={"x-request-id": f"load-{number}"})
            seconds.append(time.perf_counter() - started)
            counts[answer.status_code] += 1
            counts["mixed up"] += answer.headers["x-request-id"] != f"load-{number}"
            counts["wrong"] += answer.json()["sentiment"]["label"] != label

    async with httpx.AsyncClient(base_url=server, limits=limits, timeout=300) as http:  # a connection for each client
        await asyncio.gather(*(client(http) for _ in range(CLIENTS)))
    return counts, sorted(seconds)


def lost_none(server: str, requests: int) -> None:
    started = time.perf_counter()
    counts, seconds = asyncio.run(hammer(server, requests))
    elapsed = time.perf_counter() - started
    print(
        f"\n{requests} requests, {CLIENTS} clients: {elapsed:.1f} s, {requests / elapsed:.0f}/s, "
        f"p50 {seconds[len(seconds) // 2] * 1000:.0f} ms, p99 {seconds[len(seconds) * 99 // 100] * 1000:.0f} ms"
    )
    assert counts == Counter({200: requests, "mixed up": 0, "wrong": 0})


def test_requests_from_64_clients_are_all_answered(server):
    lost_none(server, 300)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_requests_from_64_clients_are_all_answered(server):
    lost_none(server, 10_000)


def test_http_costs_little_beside_the_inference(server):
    """What the service adds to a request, by its own clock: the lower quartile of 50, for the machine does more."""
    overheads = []
    with httpx.Client(base_url=server) as http:
        for _ in range(50):
            headers = http.post("/analyze", json={"text": "to the moon"}).headers
            overheads.append(float(headers["x-total-time"]) - float(headers["x-inference-time"]))
    usual = sorted(overheads)[12]
    print(f"\nHTTP overhead: {usual:.2f} ms")
    assert usual < 5  # about 1 ms on an idle core


def test_a_large_batch_does_not_keep_small_requests_waiting(server):
    long_ones = [{"text": f"{LONG[:1_000]} {number}"} for number in range(200)]

    async def both() -> tuple[float, float]:
        async with httpx.AsyncClient(base_url=server, timeout=120) as http:
            started = time.perf_counter()
            batch = asyncio.create_task(http.post("/batch_analyze", json=long_ones))
            await asyncio.sleep(0)
            small = []
            while not batch.done():
                before = time.perf_counter()
                (await http.get("/health")).raise_for_status()
                small.append(time.perf_counter() - before)
            return sorted(small)[len(small) // 2], time.perf_counter() - started

    small, large = asyncio.run(both())
    assert small < large / 2
