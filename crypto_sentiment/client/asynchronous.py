"""The client of the HTTP API for programs that run in an event loop.

from crypto_sentiment.client import AsyncSentimentClient

async with AsyncSentimentClient("https://…", api_key="…") as client:
    print((await client.analyze("Crypto to the moon!")).label)
    async for scored in client.score(comments):      # any iterable of texts, of any length, in order
        print(scored.label, scored.score)
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any, Unpack

import httpx
from tenacity import AsyncRetrying

from crypto_sentiment.client.calls import (
    DEFAULT_URL,
    MAX_BATCH_BYTES,
    Calls,
    Options,
    Scored,
    ServiceError,
    answer,
    batch,
    batches,
    halves,
    json_bytes,
    request,
    unreachable,
)


class AsyncSentimentClient:
    """Calls the service from one event loop. The options are those of `calls.Calls`."""

    def __init__(self, url: str = DEFAULT_URL, **options: Unpack[Options]):
        self.calls = Calls(url, **options)
        self._http = httpx.AsyncClient(**self.calls.http)

    async def __aenter__(self) -> "AsyncSentimentClient":
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._http.aclose()

    async def analyze(self, text: str) -> Scored:
        """Score one comment. Raises ServiceError, also if the comment cannot be scored."""
        return Scored.of((await self._post("analyze", request({"text": text})))["sentiment"])

    async def explain(self, text: str) -> tuple[Scored, list[dict[str, Any]]]:
        """Score one comment; also its words, each {"text", "start", "end", "contribution"}."""
        found = await self._post("analyze", request({"text": text}, explain="true"))
        return Scored.of(found["sentiment"]), found["words"]

    async def score(self, texts: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[Scored]:
        """Score any number of comments, in order, `concurrency` requests at a time; memory stays bounded.

        A comment that cannot be scored gives a Scored with `error`. Raises ServiceError if a request fails for good.
        """
        waiting: deque[asyncio.Task[list[Scored]]] = deque()
        try:
            async for part in async_batches(texts, self.calls.batch_size):
                waiting.append(asyncio.create_task(self._score_batch(part)))
                if len(waiting) >= self.calls.concurrency:
                    for scored in await waiting.popleft():
                        yield scored
            while waiting:
                for scored in await waiting.popleft():
                    yield scored
        finally:
            for task in waiting:
                task.cancel()

    async def lines(self, comments: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[dict[str, Any]]:
        """The result lines of any number of comments, in order, as files have them: moods, coins, language, errors.

        comments: texts, or objects with `text` and perhaps `author`. Raises ServiceError.
        """
        async for part in async_batches(comments, self.calls.batch_size):
            for line in await self._lines_of(part):
                yield line

    async def _lines_of(self, comments: list[Any]) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = (await self._post("score", request(comments)))["results"]
        except ServiceError as error:
            smaller = halves(comments, error)
            if smaller is None:
                raise
            return [line for half in smaller for line in await self._lines_of(half)]
        return found

    async def _score_batch(self, texts: list[Any]) -> list[Scored]:
        try:
            found = await self._post("batch_analyze", batch(texts))
        except ServiceError as error:
            smaller = halves(texts, error)
            if smaller is None:
                return [Scored(error=error.code, message=error.message)]
            return [scored for half in smaller for scored in await self._score_batch(half)]
        return [Scored.of(item) for item in found["sentiment"]]

    async def _post(self, route: str, arguments: dict[str, Any]) -> Any:
        """The answer's JSON. Raises ServiceError once the retries are used up, or at once where they are no use."""
        return await AsyncRetrying(**self.calls.retrying)(self._post_once, route, arguments)

    async def _post_once(self, route: str, arguments: dict[str, Any]) -> Any:
        try:
            return answer(await self._http.post(route, **arguments))
        except httpx.TransportError as problem:
            raise unreachable(self._http.base_url, problem) from None


async def async_batches(texts: Iterable[Any] | AsyncIterable[Any], size: int) -> AsyncIterator[list[Any]]:
    """As `calls.batches`, also of texts that come one by one, such as a stream of comments."""
    if not isinstance(texts, AsyncIterable):
        for part in batches(texts, size):
            yield part
        return
    part, total = [], 0
    async for text in texts:
        length = json_bytes(text)
        if part and (len(part) == size or total + length > MAX_BATCH_BYTES):
            yield part
            part, total = [], 0
        part.append(text)
        total += length
    if part:
        yield part
