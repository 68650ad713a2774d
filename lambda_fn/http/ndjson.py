"""Large batches as newline-delimited JSON: one comment a line in, one result a line out, in order.

    {"id": "a", "text": "to the moon"}   ->   {"id": "a", "sentiment": {"label": "positive", "score": 0.99}}
    {"id": "b", "text": ""}              ->   {"id": "b", "error": {"code": "text_empty", "message": "…"}}

Blank lines are skipped. Memory is bounded however long the request is: the request is spooled to a temporary file and
read back in small batches, each of which takes its turn among all that wants to be scored. (Answering while the request
still arrives would need no file, and would hang with every client that reads only after it has sent: both sides would
wait with full buffers.) An error that ends the answer early is its last line, `{"error": …, "fatal": true}`.
"""

import json
import re
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lambda_fn.http import body
from lambda_fn.http.answers import comment_text, outcome
from lambda_fn.http.errors import ApiError, fault
from lambda_fn.http.headers import is_gzip
from lambda_fn.http.schemas import Options
from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.text import TextError
from lambda_fn.settings import Settings

MEDIA_TYPE = "application/x-ndjson"
SPOOL_IN_MEMORY_BYTES = 65_536
# Comments scored at a time: enough to batch by length, few enough that the first results come soon.
BATCH_LINES = 128

# A Lambda response is buffered, at most 6 MB, and base64 (gzip) leaves about 4.5 MB of it.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LAMBDA_MAX_BYTES = 4_500_000
# Time kept free on Lambda to send what has been scored.
LAMBDA_RESERVE_MS = 3_000

_SURROGATE = re.compile(r"[\ud800-\udfff]")

Classify = Callable[[Sequence[str]], Awaitable[list[Sentiment | TextError]]]


async def score_lines(request: Request, options: Options) -> Response:
    """Answer a request whose body is NDJSON. Raises ApiError if the body cannot be taken in."""
    state = request.app.state
    settings: Settings = state.settings
    on_lambda = "aws.event" in request.scope
    headers = {name.lower(): value for name, value in request.headers.items()}
    compressed = is_gzip(headers)
    max_bytes = LAMBDA_MAX_BYTES if on_lambda else settings.max_stream_bytes
    with ExitStack() as opened:  # whatever is opened here is closed here if the answer does not begin
        spool = opened.enter_context(spool_file())
        try:
            async for chunk in body.chunks(request.receive, headers, max_bytes, settings.body_timeout_s):
                write(spool, chunk)
        except ApiError as error:
            raise use_bulk(error.message) if on_lambda and error.status == 413 else error from None
        spool.seek(0)
        classify = opened.enter_context(state.workload.stream())
        results = safe_results(request, classify, spool, compressed, options, opened.pop_all())
    response_headers = {"x-model-revision": state.classifier.revision}
    if on_lambda:
        content = await buffered(results, request.scope.get("aws.context"))
        return Response(content, headers=response_headers, media_type=MEDIA_TYPE)
    return StreamingResponse(results, headers=response_headers, media_type=MEDIA_TYPE)


def spool_file() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY_BYTES)


def write(spool: IO[bytes], chunk: bytes) -> None:
    """Raises ApiError 507 if there is no room for temporary files."""
    try:
        spool.write(chunk)
    except OSError:
        raise ApiError(
            507,
            "insufficient_storage",
            "the service has no room to take in so large a request just now; send fewer lines, or try again later",
            {"retry-after": "30"},
        ) from None


async def safe_results(
    request: Request, classify: Classify, spool: IO[bytes], compressed: bool, options: Options, opened: ExitStack
) -> AsyncGenerator[bytes, None]:
    """`results`, and any error as the last line: the status has been sent when it happens. Closes what is `opened`."""
    with opened:
        try:
            async for part in results(classify, request.app.state.settings, spool, compressed, options):
                yield part
        except Exception as error:
            problem = error if isinstance(error, ApiError) else fault(error, request.scope["request_id"])
            yield dump({**problem.body, "fatal": True})


async def results(
    classify: Classify, settings: Settings, spool: IO[bytes], compressed: bool, options: Options
) -> AsyncIterator[bytes]:
    """Result lines, a few at a time. Raises ApiError for a line that is too long, or broken gzip."""
    parts: Iterable[bytes] = iter(lambda: spool.read(body.CHUNK_BYTES), b"")
    if compressed:
        parts = body.inflate(parts, settings.max_stream_bytes)
    batch: list[bytes] = []
    size = 0
    for line in lines(parts, settings.max_body_bytes):
        batch.append(line)
        size += len(line)
        if len(batch) == BATCH_LINES or size >= settings.max_body_bytes:
            yield await score(classify, batch, settings.max_text_chars, options)
            batch, size = [], 0
    if batch:
        yield await score(classify, batch, settings.max_text_chars, options)


def lines(parts: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    """Lines that are not blank. Raises ApiError 413 for one of more than `max_bytes`."""
    rest = bytearray()
    for part in parts:
        *complete, last = part.split(b"\n")
        for line in complete:
            rest += line
            if len(rest) > max_bytes:
                break
            if rest.strip():
                yield bytes(rest)
            rest.clear()
        else:
            rest += last
        if len(rest) > max_bytes:
            raise ApiError(413, "line_too_large", f"a line is longer than {max_bytes} bytes; the rest was not read")
    if rest.strip():
        yield bytes(rest)


async def score(classify: Classify, batch: list[bytes], max_chars: int, options: Options) -> bytes:
    """The result lines of these request lines."""
    answers: list[dict[str, Any]] = []
    texts: list[str] = []
    scored: list[dict[str, Any]] = []
    for line in batch:
        answer: dict[str, Any] = {}
        answers.append(answer)
        try:
            comment = parse(line)
            if isinstance(comment, dict) and isinstance(comment.get("id"), str | int):
                answer["id"] = comment["id"]
            texts.append(comment_text(comment, max_chars))
            scored.append(answer)
        except ApiError as error:
            answer |= error.body
    for answer, result in zip(scored, await classify(texts), strict=True):
        answer |= outcome(result, options) if isinstance(result, TextError) else {"sentiment": outcome(result, options)}
    return b"".join(map(dump, answers))


def parse(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_json", "the line is not valid JSON") from None


def dump(answer: dict[str, Any]) -> bytes:
    """A line of JSON. An id with half a surrogate in it, which many readers refuse, is given back with U+FFFD."""
    if isinstance(answer.get("id"), str):
        answer = {**answer, "id": _SURROGATE.sub("\ufffd", answer["id"])}
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


async def buffered(results: AsyncGenerator[bytes, None], context: Any) -> bytes:
    """All result lines. Raises ApiError 413 if they would not fit into Lambda's response, or into its time."""
    content, size = [], 0
    try:
        async for part in results:
            content.append(part)
            size += len(part)
            if size > LAMBDA_MAX_BYTES:
                raise use_bulk(f"the answer would be larger than {LAMBDA_MAX_BYTES} bytes")
            remaining = getattr(context, "get_remaining_time_in_millis", None)
            if remaining and remaining() < LAMBDA_RESERVE_MS:
                raise use_bulk("the comments cannot be scored in the time that a request has")
    finally:
        await results.aclose()
    return b"".join(content)


def use_bulk(problem: str) -> ApiError:
    return ApiError(413, "use_bulk", f"{problem}; send fewer lines, or score them in bulk through the queue (SQS)")
