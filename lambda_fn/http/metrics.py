"""`GET /metrics`: what the service does, for Prometheus to read (https://prometheus.io/docs/instrumenting/exposition_formats/).

Under uvicorn only. On Lambda nobody could scrape the many short-lived processes, CloudWatch has the numbers, and the
import would be paid at every cold start; there the route is 404. Each process counts for itself.

No label holds anything that a caller can make up: routes, methods and error codes are those that the service knows.
"""

from collections import Counter as Tally
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from lambda_fn.http.errors import ApiError
from lambda_fn.http.lane import Lane
from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.text import TextError

if TYPE_CHECKING:
    from lambda_fn.http.workload import Workload

PATH = "/metrics"
METHODS = frozenset({"DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"})
# Seconds: from one short comment on an idle machine to a stream of a million.
BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

router = APIRouter()


class Metrics:
    """The counters of one process, in a registry of their own, so that an app can be made more than once.

    workload: whose queues are measured, and which tells `results` what it has scored.
    """

    def __init__(self, workload: "Workload"):
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

        self.registry = registry = CollectorRegistry()
        self._children: dict[tuple[Any, tuple[str, ...]], Any] = {}
        self._requests = Counter(
            "sentiment_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self._seconds = Histogram(
            "sentiment_request_seconds",
            "Seconds from a request's headers to the end of its answer.",
            ["route"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._refusals = Counter(
            "sentiment_refusals", "Requests refused, by the error's code.", ["code"], registry=registry
        )
        self._comments = Counter(
            "sentiment_comments", "Comments scored, by their likeliest class.", ["mood"], registry=registry
        )
        self._unreadable = Counter(
            "sentiment_unreadable_comments", "Comments that could not be scored.", ["code"], registry=registry
        )
        self._tokens = Counter("sentiment_tokens", "Tokens that the model read.", registry=registry)
        self._truncated = Counter(
            "sentiment_truncated_comments", "Comments longer than the model's window.", registry=registry
        )
        pending = Gauge(
            "sentiment_pending_requests", "Requests admitted and not yet scored.", ["lane"], registry=registry
        )
        waiting = Gauge(
            "sentiment_expected_wait_seconds", "Seconds that the admitted work will take.", ["lane"], registry=registry
        )
        for lane in (workload.quick, workload.large):
            pending.labels(lane.name).set_function(requests_of(lane))
            waiting.labels(lane.name).set_function(wait_of(lane))
        Gauge("sentiment_held_body_bytes", "Bytes of request bodies in memory.", registry=registry).set_function(
            lambda: workload.bytes_held.total
        )
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        workload.observers.append(self.results)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request. route: one of few (lambda_fn/http/paths.py). method: HEAD counts as GET."""
        self._labelled(self._requests, route, method if method in METHODS else "other", str(status)).inc()
        self._labelled(self._seconds, route).observe(seconds)

    def _labelled(self, metric: Any, *labels: str) -> Any:
        """The counter for these labels: `metric.labels` itself takes a lock each time."""
        if (metric, labels) not in self._children:
            self._children[metric, labels] = metric.labels(*labels)
        return self._children[metric, labels]

    def refusal(self, error: ApiError) -> None:
        """Count one request that got an error for its answer."""
        self._labelled(self._refusals, error.code).inc()

    def results(self, results: Sequence[Sentiment | TextError]) -> None:
        """Count what has been scored. Safe to call from any thread."""
        sentiments = [result for result in results if isinstance(result, Sentiment)]
        for mood, count in Tally(mood_of(sentiment) for sentiment in sentiments).items():
            self._comments.labels(mood).inc(count)
        for code, count in Tally(result.code for result in results if isinstance(result, TextError)).items():
            self._unreadable.labels(code).inc(count)
        self._tokens.inc(sum(sentiment.tokens for sentiment in sentiments))
        self._truncated.inc(sum(sentiment.truncated for sentiment in sentiments))


def mood_of(sentiment: Sentiment) -> str:
    return max(sentiment.probabilities, key=sentiment.probabilities.__getitem__)


def requests_of(lane: Lane) -> Callable[[], float]:
    return lambda: lane.requests


def wait_of(lane: Lane) -> Callable[[], float]:
    return lambda: lane.expected_wait_s


@router.get(
    PATH,
    response_class=Response,
    responses={
        200: {
            "description": "in the format that `accept` asks for",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        404: {"description": "not here: on Lambda, CloudWatch has the numbers"},
    },
)
async def metrics(request: Request) -> Response:
    """Counters for Prometheus: requests, latency, queues, tokens, moods, refusals."""
    counted: Metrics | None = request.app.state.metrics
    if counted is None:
        raise ApiError(404, "not_found", "no metrics here: on Lambda, CloudWatch has the numbers")
    from prometheus_client.exposition import choose_encoder

    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    content: Any = encode(counted.registry)
    return Response(content, headers={"content-type": content_type, "cache-control": "no-store"})
