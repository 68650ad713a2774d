"""Callers that cost little themselves: requests over keep-alive connections, on a clock of their own.

Open loop: a request is sent when its time has come, whether or not the one before it has been answered, since a crowd
does not wait for one another. A usual HTTP client costs more time than the service whose limits are to be seen.
"""

import asyncio
import itertools
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Answers:
    """by_status: seconds that each answer took; 0 is a connection that broke. gave_up: callers who got none in time."""

    by_status: dict[int, list[float]] = field(default_factory=dict)
    gave_up: int = 0
    without_retry_after: int = 0

    def add(self, status: int, seconds: float, head: bytes) -> None:
        self.by_status.setdefault(status, []).append(seconds)
        self.without_retry_after += status in (429, 503) and b"retry-after:" not in head.lower()

    @property
    def sent(self) -> int:
        return sum(map(len, self.by_status.values())) + self.gave_up


class Caller(asyncio.Protocol):
    """One keep-alive connection, with one request on it at a time."""

    def __init__(self, answers: Answers, idle: list["Caller"]):
        self.answers, self.idle = answers, idle
        self.transport: asyncio.Transport | None = None
        self.started = 0.0
        self.received = bytearray()
        self.done: asyncio.Event | None = None

    def connection_made(self, transport):
        self.transport = transport

    def ask(self, request: bytes, patience_s: float) -> None:
        self.started = time.perf_counter()
        self.received.clear()
        self.timer = asyncio.get_running_loop().call_later(patience_s, self.give_up)
        self.transport.write(request)

    def data_received(self, data):
        self.received += data
        head, _, content = self.received.partition(b"\r\n\r\n")
        length = head.lower().rpartition(b"content-length:")[2].partition(b"\r\n")[0]
        if not self.started or not length.strip().isdigit() or len(content) < int(length):
            return
        self.answers.add(int(head[9:12]), time.perf_counter() - self.started, bytes(head))
        self._end()
        self.idle.append(self)

    def give_up(self) -> None:
        self.answers.gave_up += 1
        self._end()
        self.transport.abort()

    def _end(self) -> None:
        self.started = 0.0
        self.timer.cancel()
        if self.done:
            self.done.set()

    def connection_lost(self, exc):
        if self.started:
            self.answers.add(0, time.perf_counter() - self.started, b"")
            self._end()
        if self in self.idle:
            self.idle.remove(self)


def post(path: str, body: bytes, media_type: str = "application/json") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def closed_loop(port: int, requests: list[bytes], callers: int, seconds: float) -> Answers:
    """`callers` who each ask again as soon as they are answered."""
    answers = Answers()
    endless = itertools.cycle(requests)
    end = time.perf_counter() + seconds

    async def one() -> None:
        _, caller = await asyncio.get_running_loop().create_connection(lambda: Caller(answers, []), "127.0.0.1", port)
        while True:
            caller.done = asyncio.Event()
            caller.ask(next(endless), 60)
            await caller.done.wait()
            if time.perf_counter() >= end:
                break
        caller.transport.close()

    await asyncio.gather(*(one() for _ in range(callers)))
    return answers


async def open_loop(port: int, requests: list[bytes], per_s: float, seconds: float, patience_s: float) -> Answers:
    """`per_s` requests a second, each by a caller who gives up after `patience_s`."""
    answers, idle, opening = Answers(), [], set()
    loop = asyncio.get_running_loop()
    endless = itertools.cycle(requests)
    started = time.perf_counter()

    async def new_caller(request: bytes) -> None:
        asked = time.perf_counter()
        try:
            async with asyncio.timeout(patience_s):
                _, caller = await loop.create_connection(lambda: Caller(answers, idle), "127.0.0.1", port)
        except TimeoutError:
            answers.gave_up += 1
            return
        except OSError:
            answers.add(0, time.perf_counter() - asked, b"")
            return
        caller.ask(request, patience_s)
        caller.started = asked

    sent = 0
    while (now := time.perf_counter() - started) < seconds:
        while sent < now * per_s:
            sent += 1
            if idle:
                idle.pop().ask(next(endless), patience_s)
            else:
                task = asyncio.ensure_future(new_caller(next(endless)))
                opening.add(task)
                task.add_done_callback(opening.discard)
        await asyncio.sleep(0.002)
    while answers.sent < sent:
        await asyncio.sleep(0.01)
    return answers
