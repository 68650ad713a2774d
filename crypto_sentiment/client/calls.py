"""What the blocking and the asynchronous client share: requests, answers, errors, and when to try again."""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypedDict

import httpx
from tenacity import RetryCallState, retry_if_exception, stop_after_attempt

DEFAULT_URL = "http://127.0.0.1:8000"
# 408 and 429: not now; 500 and up: a fault or a restart. Anything else would fail again.
RETRIED = {408, 429, 500, 502, 503, 504}
MAX_BACKOFF_S = 20.0
# A request's JSON stays below the service's limit (1 MB by default).
MAX_BATCH_BYTES = 500_000


class ServiceError(Exception):
    """The service refused a request, or could not be reached. status: HTTP status, 0 for no answer.

    retry_after_s: seconds that the service asks to wait, if it does.
    """

    def __init__(self, status: int, code: str, message: str, retry_after_s: float = 0.0):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


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


class Options(TypedDict, total=False):
    """Keyword arguments of both clients; what each means is said in `Calls`."""

    api_key: str | None
    classes: int
    detail: bool
    batch_size: int
    concurrency: int
    retries: int
    backoff_s: float
    timeout: float


@dataclass(frozen=True, slots=True)
class Calls:
    """How to call one service.

    url: of the service, with its stage if it has one. api_key: sent as x-api-key. classes: 2, or 3 with neutral.
    detail: ask for probabilities, tokens and truncated. batch_size: comments in one request. concurrency: requests in
    flight in `score`. retries: further attempts of a request, after random waits that double from `backoff_s` up to
    20 s ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), or as long as the
    service asks. timeout: seconds for one answer.
    """

    url: str = DEFAULT_URL
    api_key: str | None = None
    classes: int = 2
    detail: bool = False
    batch_size: int = 100
    concurrency: int = 4
    retries: int = 5
    backoff_s: float = 0.5
    timeout: float = 60.0

    @property
    def http(self) -> dict[str, Any]:
        """Arguments of httpx.Client and httpx.AsyncClient."""
        return {
            "base_url": self.url.rstrip("/") + "/",
            "headers": {"x-api-key": self.api_key} if self.api_key else {},
            "params": {"classes": str(self.classes), "detail": "true" if self.detail else "false"},
            "timeout": self.timeout,
            "limits": httpx.Limits(max_connections=self.concurrency + 1),
        }

    @property
    def retrying(self) -> dict[str, Any]:
        """Arguments of tenacity's Retrying and AsyncRetrying."""
        return {
            "stop": stop_after_attempt(self.retries + 1),
            "wait": self._wait_s,
            "retry": retry_if_exception(is_passing),
            "reraise": True,
        }

    def _wait_s(self, state: RetryCallState) -> float:
        wait = random.uniform(0, min(MAX_BACKOFF_S, self.backoff_s * 2 ** (state.attempt_number - 1)))
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, ServiceError) else 0.0
        return max(wait, min(MAX_BACKOFF_S, asked))


def is_passing(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment."""
    return isinstance(error, ServiceError) and (error.status == 0 or error.status in RETRIED)


def request(body: object, **parameters: str) -> dict[str, Any]:
    """Arguments of httpx's `post`. Half a surrogate pair travels as its escape, which UTF-8 could not hold."""
    return {
        "content": json.dumps(body).encode("ascii"),
        "headers": {"content-type": "application/json"},
        "params": parameters,
    }


def answer(response: httpx.Response) -> Any:
    """The answer's JSON. Raises ServiceError."""
    if response.status_code != 200:
        raise service_error(response)
    try:
        return response.json()
    except ValueError as problem:
        raise unreachable(response.url, problem) from None


def unreachable(url: object, problem: Exception) -> ServiceError:
    return ServiceError(0, "unreachable", f"no answer from {url}: {problem}")


def service_error(response: httpx.Response) -> ServiceError:
    """What the service says went wrong; API Gateway's and proxies' own answers have another shape."""
    asked = response.headers.get("retry-after", "")
    wait_s = float(asked) if asked.isascii() and asked.isdigit() else 0.0
    try:
        error = response.json()["error"]
        return ServiceError(response.status_code, error["code"], error["message"], wait_s)
    except (ValueError, KeyError, TypeError):
        message = f"the service answered {response.status_code}"
        return ServiceError(response.status_code, "http_error", message, wait_s)


def batch(texts: list[Any]) -> dict[str, Any]:
    """Arguments of httpx's `post` to /batch_analyze."""
    return request([{"text": text} for text in texts], errors="item")


def halves(texts: list[Any], error: ServiceError) -> tuple[list[Any], list[Any]] | None:
    """Two smaller batches where the service allows smaller ones than was thought; None for a single comment that is
    itself too large. Raises `error` if it says anything else."""
    if error.status != 413:
        raise error
    middle = len(texts) // 2
    return (texts[:middle], texts[middle:]) if middle else None


def batches(texts: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size` texts and about MAX_BATCH_BYTES of JSON."""
    part: list[Any] = []
    total = 0
    for text in texts:
        length = json_bytes(text)
        if part and (len(part) == size or total + length > MAX_BATCH_BYTES):
            yield part
            part, total = [], 0
        part.append(text)
        total += length
    if part:
        yield part


def json_bytes(text: Any) -> int:
    """Bytes of a comment in a request."""
    return len(json.dumps(text)) + len('{"text": }, ')
