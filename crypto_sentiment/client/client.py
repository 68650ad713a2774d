"""A client of the HTTP API.

from crypto_sentiment.client import SentimentClient

with SentimentClient("https://…", api_key="…") as client:
    print(client.analyze("Crypto to the moon!").label)
    for scored in client.score(comments):      # any iterable of texts, of any length, in order
        print(scored.label, scored.score)
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Unpack

import httpx
from tenacity import Retrying

from crypto_sentiment.client.calls import (
    DEFAULT_URL,
    Calls,
    Options,
    Scored,
    ServiceError,
    answer,
    batch,
    batches,
    halves,
    request,
    unreachable,
)


class SentimentClient:
    """Calls the service; safe to share between threads. The options are those of `calls.Calls`."""

    def __init__(self, url: str = DEFAULT_URL, **options: Unpack[Options]):
        self.calls = Calls(url, **options)
        self._http = httpx.Client(**self.calls.http)

    def __enter__(self) -> "SentimentClient":
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.close()

    def analyze(self, text: str) -> Scored:
        """Score one comment. Raises ServiceError, also if the comment cannot be scored."""
        return Scored.of(self._post("analyze", request({"text": text}))["sentiment"])

    def explain(self, text: str) -> tuple[Scored, list[dict[str, Any]]]:
        """Score one comment; also its words, each {"text", "start", "end", "contribution"}."""
        found = self._post("analyze", request({"text": text}, explain="true"))
        return Scored.of(found["sentiment"]), found["words"]

    def score(self, texts: Iterable[str]) -> Iterator[Scored]:
        """Score any number of comments, in order, `concurrency` requests at a time; memory stays bounded.

        A comment that cannot be scored gives a Scored with `error`. Raises ServiceError if a request fails for good.
        """
        pool = ThreadPoolExecutor(self.calls.concurrency)
        waiting: deque[Future[list[Scored]]] = deque()
        try:
            for part in batches(texts, self.calls.batch_size):
                waiting.append(pool.submit(self._score_batch, part))
                if len(waiting) > 2 * self.calls.concurrency:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def lines(self, comments: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """The result lines of any number of comments, in order, as files have them: moods, coins, language, errors.

        comments: texts, or objects with `text` and perhaps `author`. Raises ServiceError.
        """
        for part in batches(comments, self.calls.batch_size):
            yield from self._lines_of(part)

    def _lines_of(self, comments: list[Any]) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self._post("score", request(comments))["results"]
        except ServiceError as error:
            smaller = halves(comments, error)
            if smaller is None:
                raise
            return [line for half in smaller for line in self._lines_of(half)]
        return found

    def _score_batch(self, texts: list[Any]) -> list[Scored]:
        try:
            found = self._post("batch_analyze", batch(texts))
        except ServiceError as error:
            smaller = halves(texts, error)
            if smaller is None:
                return [Scored(error=error.code, message=error.message)]
            return [scored for half in smaller for scored in self._score_batch(half)]
        return [Scored.of(item) for item in found["sentiment"]]

    def _post(self, route: str, arguments: dict[str, Any]) -> Any:
        """The answer's JSON. Raises ServiceError once the retries are used up, or at once where they are no use."""
        return Retrying(**self.calls.retrying)(self._post_once, route, arguments)

    def _post_once(self, route: str, arguments: dict[str, Any]) -> Any:
        try:
            return answer(self._http.post(route, **arguments))
        except httpx.TransportError as problem:
            raise unreachable(self._http.base_url, problem) from None
