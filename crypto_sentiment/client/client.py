"""A client of the HTTP API, and its command line.

from crypto_sentiment.client.client import SentimentClient

with SentimentClient("https://…", api_key="…") as client:
    print(client.analyze("Crypto to the moon!").label)
    for scored in client.score(comments):      # any iterable of texts, of any length, in order
        print(scored.label, scored.score)

python -m crypto_sentiment.client.client analyze "Crypto to the moon!"
python -m crypto_sentiment.client.client score comments.jsonl --output scored.jsonl
"""

import json
import random
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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


# ---- command line

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Score comments with a running service.")
console = Console(stderr=True)

Url = Annotated[str, typer.Option(envvar="SENTIMENT_URL", help="The service, with its stage if it has one.")]
Key = Annotated[str | None, typer.Option(envvar="SENTIMENT_API_KEY", help="API key, if the service asks for one.")]
Classes = Annotated[int, typer.Option(min=2, max=3, help="2, or 3 with neutral.")]
EXIT_CODES = "Exit codes: 0 done; 1 the service refused or could not be reached; 2 wrong usage or unreadable input"


@app.command(epilog=f"{EXIT_CODES}.")
def analyze(
    text: Annotated[str, typer.Argument(help="The comment.")],
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    classes: Classes = 2,
    explain: Annotated[bool, typer.Option(help="Also show what each word contributed.")] = False,
) -> None:
    """Score one comment."""
    with SentimentClient(url, api_key=api_key, classes=classes) as client:
        try:
            scored, words = client.explain(text) if explain else (client.analyze(text), [])
        except ServiceError as error:
            fail(error)
    typer.echo(f"{scored.label} {scored.score:.4f}")
    for word in words:
        typer.echo(f"{word['contribution']:+8.3f}  {word['text']}")


@app.command(epilog=f"{EXIT_CODES}; 3 some comments could not be scored, their lines say why.")
def score(
    file: Annotated[Path, typer.Argument(help="JSONL with a field 'text', or '-' for standard input.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    classes: Classes = 2,
    detail: Annotated[bool, typer.Option(help="Add probabilities, tokens and truncated.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Comments in one request.")] = 100,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Requests in flight.")] = 4,
    retries: Annotated[int, typer.Option(min=0, help="Further attempts of a request.")] = 5,
) -> None:
    """Score a file of comments: every line comes back with `sentiment`, or with `error`."""
    try:
        comments = [json.loads(line) for line in read(file).splitlines() if line.strip()]
        if not all(isinstance(comment, dict) for comment in comments):
            raise ValueError("every line must be a JSON object")
        target = output.open("w", encoding="utf-8") if output else nullcontext(sys.stdout)
    except (OSError, ValueError) as error:
        console.print(f"cannot read {file} or write {output or 'standard output'}: {error}", style="red", markup=False)
        raise typer.Exit(2) from None
    client = SentimentClient(
        url,
        api_key=api_key,
        classes=classes,
        detail=detail,
        batch_size=batch_size,
        concurrency=concurrency,
        retries=retries,
    )
    failed = 0
    columns = (TextColumn("scored"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with client, target as lines, Progress(*columns, console=console) as progress:
        task = progress.add_task("scored", total=len(comments))
        try:
            for comment, scored in zip(comments, client.score(c.get("text") for c in comments), strict=True):
                failed += bool(scored.error)
                lines.write(json.dumps({**comment, **fields(scored)}, ensure_ascii=False) + "\n")
                progress.advance(task)
        except ServiceError as error:
            progress.stop()
            fail(error)
    console.print(f"{len(comments) - failed} scored, {failed} could not be")
    if failed:
        raise typer.Exit(3)


def read(file: Path) -> str:
    return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")


def fields(scored: Scored) -> dict[str, Any]:
    """A result as the fields that it adds to its comment's line."""
    if scored.error:
        return {"error": {"code": scored.error, "message": scored.message}}
    names = ("label", "score", "probabilities", "tokens", "truncated")
    return {"sentiment": {name: getattr(scored, name) for name in names if getattr(scored, name) is not None}}


def fail(error: ServiceError) -> None:
    console.print(error.message, style="red", markup=False)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
