"""What the service takes on at a time: requests, bytes, and seconds of scoring.

Two lanes, each with a thread: few short comments, whose callers expect an answer within a second, and all else, so that
a batch of a megabyte keeps nobody waiting who sends one comment. Batches are cut into slices, which take turns.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import Request

from lambda_fn.http.bytes_held import BytesHeld
from lambda_fn.http.lane import Lane
from lambda_fn.model.classifier import Sentiment, SentimentClassifier
from lambda_fn.model.isolation import classify_each
from lambda_fn.model.text import TextError
from lambda_fn.settings import Settings

T = TypeVar("T")

# A request of so many comments and characters at most goes with the single comments.
QUICK_TEXTS = 16
QUICK_CHARS = 16_384
# Comments and characters tokenized at a time: what is tokenized costs about 150 bytes a token until it is scored.
SLICE_TEXTS = 64
SLICE_CHARS = 65_536
# Cost of a comment, in characters of plain words: the model reads at most some 1,200 of them (256 tokens), and a
# comment of none costs about as much as 32.
CHARS_READ = 1_200
CHARS_FIXED = 32
# The most that an explanation costs: 4,096 tokens (lambda_fn/model/explain.py).
EXPLAIN_WEIGHT = 19_200


class CallerGone(Exception):
    """Nobody waits for the answer any more."""


def weigh(texts: Sequence[str]) -> float:
    """Expected cost of scoring, in characters of plain words."""
    return sum(CHARS_FIXED + min(len(text), CHARS_READ) for text in texts)


def is_quick(texts: Sequence[str]) -> bool:
    return len(texts) <= QUICK_TEXTS and sum(map(len, texts)) <= QUICK_CHARS


def slices(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """`texts` in order, at most SLICE_TEXTS and, but for a longer one alone, SLICE_CHARS at a time."""
    start = chars = 0
    for index, text in enumerate(texts):
        if index > start and (index - start == SLICE_TEXTS or chars + len(text) > SLICE_CHARS):
            yield texts[start:index]
            start, chars = index, 0
        chars += len(text)
    if start < len(texts):
        yield texts[start:]


class Workload:
    """The process's lanes, and the bytes of all bodies that it holds.

    observers: called with the results of every piece of work, in the lanes' threads.
    """

    def __init__(self, settings: Settings, classifier: SentimentClassifier | None):
        def score(texts: list[str]) -> list[Sentiment | TextError]:
            assert classifier is not None  # an app without one describes itself and scores nothing
            results = classify_each(classifier, texts)
            self.observe(results)
            return results

        self.observers: list[Callable[[Sequence[Sentiment | TextError]], None]] = []
        self.bytes_held = BytesHeld(settings.max_pending_bytes)
        self.quick = Lane("quick", score, settings.max_pending_requests, settings.max_wait_s)
        self.large = Lane("large", score, settings.max_pending_batches, settings.max_batch_wait_s)

    def observe(self, results: Sequence[Sentiment | TextError]) -> None:
        """Tell the observers of comments that have been scored: `call` does not, for what it does is its caller's."""
        for observer in self.observers:
            observer(results)

    def check(self, body_bytes: int | None) -> None:
        """Raises Overloaded if a body of this many bytes (None: unknown) will not find a place: before it is read."""
        quick = body_bytes is not None and body_bytes <= QUICK_CHARS
        (self.quick if quick else self.large).check()

    async def classify(self, request: Request, texts: Sequence[str]) -> list[Sentiment | TextError]:
        """A result for each of `texts`, in order. Raises Overloaded, and CallerGone if the caller leaves meanwhile."""
        weight = weigh(texts)
        if is_quick(texts):
            with self.quick.admitted(weight):
                return await unless_gone(request, self.quick.run(texts, weight)) if texts else []
        with self.large.admitted(weight):
            return await unless_gone(request, self._in_turns(texts))

    async def call(self, request: Request, work: Callable[[], T], weight: float) -> T:
        """What `work` returns, run in the large lane. Raises as `classify` does."""
        with self.large.admitted(weight):
            return await unless_gone(request, self.large.run((), weight, work))

    @contextmanager
    def stream(self) -> Iterator[Callable[[Sequence[str]], Awaitable[list[Sentiment | TextError]]]]:
        """A place among the large requests for one whose comments come little by little. Raises Overloaded."""

        async def classify(texts: Sequence[str]) -> list[Sentiment | TextError]:
            with self.large.expected(weigh(texts)):
                return await self._in_turns(texts)

        with self.large.admitted(0.0):
            yield classify

    async def _in_turns(self, texts: Sequence[str]) -> list[Sentiment | TextError]:
        results: list[Sentiment | TextError] = []
        for piece in slices(texts):
            results += await self.large.run(piece, weigh(piece))
        return results


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of `work`, cancelled if the caller closes the connection. Raises CallerGone then."""
    receive = request.scope.get("caller")
    if receive is None:
        return await work
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(disconnected(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise CallerGone
        return working.result()
    finally:
        leaving.cancel()
        working.cancel()


async def disconnected(receive: Callable[[], Awaitable[Any]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
