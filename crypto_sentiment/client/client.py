"""A client of the HTTP API.

from crypto_sentiment import SentimentClient

with SentimentClient("https://…", api_key="…") as client:
    print(client.analyze("Crypto to the moon!").label)
    for scored in client.score(comments):      # any iterable of texts, of any length, in order
        print(scored.label, scored.score)
"""

import json
import random
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

DEFAULT_URL = "http://127.0.0.1:8000"
# 408 and 429: not now; 500 and up: a fault or a restart. Anything else would fail again.
RETRIED = {408, 429, 500, 502, 503, 504}
MAX_BACKOFF_S = 20.0
# A request's JSON stays below the service's limit (1 MB by default).
MAX_BATCH_BYTES = 500_000


class ServiceError(Exception):
    """The service refused a request, or could not be reached. status: HTTP status, 0 for no answer."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Scored:
    """One comment's result: `label` and `score`, or `error` (its code) and `message` if it cannot be scored."""

    label: str | None = None
    score: float | None = None
    probabilities: dict[str, float] | None = None
    tokens: int | None = None
    truncated: bool | None = None
    error: str | None = None
    message: str | None = None

    @classmethod
    def of(cls, answer: dict[str, Any]) -> "Scored":
        if "error" in answer:
            return cls(error=answer["error"]["code"], message=answer["error"]["message"])
        return cls(**{name: value for name, value in answer.items() if name in cls.__slots__})


class SentimentClient:
    """Calls the service; safe to share between threads.

    url: of the service, with its stage if it has one. api_key: sent as x-api-key. classes: 2, or 3 with neutral.
    detail: ask for probabilities, tokens and truncated. batch_size: comments in one request. concurrency: requests in
    flight in `score`. retries: further attempts of a request, after random waits that double up to 20 s ("full jitter",
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). timeout: seconds for one answer.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        classes: int = 2,
        detail: bool = False,
        batch_size: int = 100,
        concurrency: int = 4,
        retries: int = 5,
        backoff_s: float = 0.5,
        timeout: float = 60.0,
    ):
        self.batch_size = batch_size
        self.concurrency = concurrency
        self.retries = retries
        self.backoff_s = backoff_s
        self._parameters = {"classes": str(classes), "detail": "true" if detail else "false"}
        self._http = httpx.Client(
            base_url=url.rstrip("/") + "/",
            headers={"x-api-key": api_key} if api_key else {},
            timeout=timeout,
            limits=httpx.Limits(max_connections=concurrency + 1),
        )

    def __enter__(self) -> "SentimentClient":
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.close()

    def analyze(self, text: str) -> Scored:
        """Score one comment. Raises ServiceError, also if the comment cannot be scored."""
        return Scored.of(self._post("analyze", {"text": text})["sentiment"])

    def explain(self, text: str) -> tuple[Scored, list[dict[str, Any]]]:
        """Score one comment; also its words, each {"text", "start", "end", "contribution"}."""
        answer = self._post("analyze", {"text": text}, explain="true")
        return Scored.of(answer["sentiment"]), answer["words"]

    def score(self, texts: Iterable[str]) -> Iterator[Scored]:
        """Score any number of comments, in order, `concurrency` requests at a time; memory stays bounded.

        A comment that cannot be scored gives a Scored with `error`. Raises ServiceError if a request fails for good.
        """
        pool = ThreadPoolExecutor(self.concurrency)
        waiting: deque[Future[list[Scored]]] = deque()
        try:
            for batch in batches(texts, self.batch_size):
                waiting.append(pool.submit(self._score_batch, batch))
                if len(waiting) > 2 * self.concurrency:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _score_batch(self, texts: list[Any]) -> list[Scored]:
        try:
            answer = self._post("batch_analyze", [{"text": text} for text in texts], errors="item")
        except ServiceError as error:
            if error.status != 413:
                raise
            if len(texts) > 1:  # the service allows smaller batches than we thought
                middle = len(texts) // 2
                return self._score_batch(texts[:middle]) + self._score_batch(texts[middle:])
            return [Scored(error=error.code, message=error.message)]
        return [Scored.of(item) for item in answer["sentiment"]]

    def _post(self, route: str, body: object, **parameters: str) -> Any:
        """The answer's JSON. Raises ServiceError once the retries are used up, or at once where they are no use."""
        for attempt in range(self.retries + 1):
            wait = random.uniform(0, min(MAX_BACKOFF_S, self.backoff_s * 2**attempt))
            try:
                response = self._http.post(
                    route,
                    content=json.dumps(body).encode(),
                    headers={"content-type": "application/json"},
                    params={**self._parameters, **parameters},
                )
                if response.status_code == 200:
                    return response.json()
                error = service_error(response)
                if response.status_code not in RETRIED:
                    raise error
                asked = response.headers.get("retry-after", "")
                wait = max(wait, min(MAX_BACKOFF_S, float(asked))) if asked.isdigit() else wait
            except (httpx.TransportError, json.JSONDecodeError) as problem:
                error = ServiceError(0, "unreachable", f"no answer from {self._http.base_url}: {problem}")
            if attempt < self.retries:
                time.sleep(wait)
        raise error


def service_error(response: httpx.Response) -> ServiceError:
    """What the service says went wrong; API Gateway's and proxies' own answers have another shape."""
    try:
        error = response.json()["error"]
        return ServiceError(response.status_code, error["code"], error["message"])
    except (ValueError, KeyError, TypeError):
        return ServiceError(response.status_code, "http_error", f"the service answered {response.status_code}")


def batches(texts: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` texts and about MAX_BATCH_BYTES of JSON."""
    batch: list[Any] = []
    total = 0
    for text in texts:
        length = len(json.dumps(text)) + 12
        if batch and (len(batch) == size or total + length > MAX_BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(text)
        total += length
    if batch:
        yield batch
