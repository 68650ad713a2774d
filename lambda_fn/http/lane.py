"""One thread that scores, and the bounded line in front of it.

What cannot be scored soon is refused at once: a caller who is told to come back in a second is served better than one
who waits for an answer that comes after his patience has ended, and whose comment is scored all the same.
"""

import asyncio
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lambda_fn.http.errors import ApiError

# How fast the last few jobs were says most about the next: the weight of the newest in the running mean.
NEWEST = 0.2
# Until something has been measured: 37 tokens, as a comment has on average, in 3 ms.
SECONDS_PER_WEIGHT = 1.5e-5
# A job that has waited so many times as long as it should is late already, and is refused rather than scored.
LATE = 3
# Jobs that are scored together when several wait: they share their matrix products, and a caller waits little longer.
JOBS_TOGETHER = 16


class Overloaded(ApiError):
    """503: the line is full. RFC 9110 has `retry-after` in whole seconds."""

    def __init__(self, seconds: float):
        super().__init__(
            503,
            "overloaded",
            "more is waiting to be scored than can be scored soon; try again later",
            {"retry-after": str(max(1, math.ceil(seconds)))},
        )


@dataclass(slots=True, eq=False)
class Job:
    """texts: to be scored. call: what to run in their place. weight: its expected cost, in the lane's unit."""

    texts: Sequence[str]
    call: Callable[[], Any] | None
    weight: float
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    entered: float = field(default_factory=time.monotonic)


class Lane:
    """Work in order of arrival, in a thread of its own.

    score: called with the texts of several jobs; returns a result for each text.
    max_requests: admitted at a time. max_wait_s: what an admitted request may expect to wait. Measured as work is done:
    seconds for a unit of weight.
    """

    def __init__(self, name: str, score: Callable[[list[str]], Sequence[Any]], max_requests: int, max_wait_s: float):
        self.name = name
        self.max_requests = max_requests
        self.max_wait_s = max_wait_s
        self.seconds_per_weight = SECONDS_PER_WEIGHT
        self._score = score
        self._requests = 0
        self._weight = 0.0
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def requests(self) -> int:
        """Requests that have been admitted and are not answered yet."""
        return self._requests

    @property
    def expected_wait_s(self) -> float:
        """Seconds that what has been admitted will take."""
        return self._weight * self.seconds_per_weight

    def check(self) -> None:
        """Raises Overloaded if nothing more can be admitted."""
        if self._requests >= self.max_requests or self.expected_wait_s > self.max_wait_s:
            raise Overloaded(self.expected_wait_s - self.max_wait_s / 2)

    @contextmanager
    def admitted(self, weight: float) -> Iterator[None]:
        """A place in the line for one request's work. Raises Overloaded."""
        self.check()
        self._requests += 1
        try:
            with self.expected(weight):
                yield
        finally:
            self._requests -= 1

    @contextmanager
    def expected(self, weight: float) -> Iterator[None]:
        """Count this much work as waiting."""
        self._weight += weight
        try:
            yield
        finally:
            self._weight -= weight

    def run(self, texts: Sequence[str], weight: float, call: Callable[[], Any] | None = None) -> asyncio.Future[Any]:
        """The results of `texts`, or of `call`, when their turn has come. What is cancelled before is not scored."""
        loop = asyncio.get_running_loop()
        job = Job(texts, call, weight, loop, loop.create_future())
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"scoring-{self.name}", daemon=True)
            self._thread.start()
        self._jobs.put(job)
        return job.future

    def _work(self) -> None:
        while True:
            jobs = [job for job in self._next() if self._still_wanted(job)]
            if jobs:
                self._do(jobs)

    def _next(self) -> list[Job]:
        """The first job that waits, and those behind it that can be done together with it."""
        jobs = [self._jobs.get()]
        while jobs[-1].call is None and len(jobs) < JOBS_TOGETHER:
            try:
                jobs.append(self._jobs.get_nowait())
            except queue.Empty:
                break
        return jobs

    def _still_wanted(self, job: Job) -> bool:
        """Not what its caller has abandoned, nor what is late already."""
        if job.future.cancelled():
            return False
        if time.monotonic() - job.entered > LATE * self.max_wait_s:
            _tell(job, error=Overloaded(self.expected_wait_s))
            return False
        return True

    def _do(self, jobs: list[Job]) -> None:
        together = [job for job in jobs if job.call is None]
        if together:
            self._timed(together, lambda: self._scored(together))
        for job in jobs:
            if job.call is not None:
                self._timed([job], partial(_called, job.call))

    def _scored(self, jobs: list[Job]) -> list[Sequence[Any]]:
        results = iter(self._score([text for job in jobs for text in job.texts]))
        return [[next(results) for _ in job.texts] for job in jobs]

    def _timed(self, jobs: list[Job], work: Callable[[], list[Any]]) -> None:
        started = time.perf_counter()
        try:
            results = work()
        except Exception as error:
            for job in jobs:
                _tell(job, error=error)
            return
        spent = (time.perf_counter() - started) / max(1.0, sum(job.weight for job in jobs))
        self.seconds_per_weight += NEWEST * (spent - self.seconds_per_weight)
        for job, result in zip(jobs, results, strict=True):
            _tell(job, result)


def _tell(job: Job, result: Any = None, error: Exception | None = None) -> None:
    """Hand the outcome to the event loop that waits for it, if it still runs."""

    def settle() -> None:
        if job.future.done():
            return
        if error:
            job.future.set_exception(error)
        else:
            job.future.set_result(result)

    with suppress(RuntimeError):  # the loop is closed, and with it the caller's connection
        job.loop.call_soon_threadsafe(settle)


def _called(call: Callable[[], Any]) -> list[Any]:
    return [call()]
