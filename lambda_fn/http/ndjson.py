"""Large batches as newline-delimited JSON: one comment a line in, one result a line out, in order.

    {"id": "a", "text": "to the moon"}   ->   {"id": "a", "sentiment": {"label": "positive", "score": 0.99}}
    {"id": "b", "text": ""}              ->   {"id": "b", "error": {"code": "text_empty", "message": "…"}}

Blank lines are skipped. Memory is bounded however long the request is: the request is spooled to a temporary file and
read back in small batches. (Answering while the request still arrives would need no file, and would hang with every
client that reads only after it has sent: both sides would wait with full buffers.) An error that ends the answer early
is its last line, `{"error": …, "fatal": true}`.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lambda_fn.http import body
from lambda_fn.http.answers import comment_text, serialise
from lambda_fn.http.errors import ApiError, fault
from lambda_fn.http.schemas import Options
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import Settings

MEDIA_TYPE = "application/x-ndjson"
SPOOL_IN_MEMORY_BYTES = 1_048_576
# Comments scored at a time: enough to batch by length, few enough that the first results come soon.
BATCH_LINES = 128

# A Lambda response is buffered, at most 6 MB, and base64 (gzip) leaves about 4.5 MB of it.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LAMBDA_MAX_BYTES = 4_500_000
# Time kept free on Lambda to send what has been scored.
LAMBDA_RESERVE_MS = 3_000


async def score_lines(request: Request, options: Options) -> Response:
    """Answer a request whose body is NDJSON. Raises ApiError if the body cannot be taken in."""
    settings: Settings = request.app.state.settings
    on_lambda = "aws.event" in request.scope
    headers = {name.lower(): value for name, value in request.headers.items()}
    compressed = body.is_gzip(headers)
    max_bytes = LAMBDA_MAX_BYTES if on_lambda else settings.max_stream_bytes
    spool = tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY_BYTES)  # noqa: SIM115  # closed by `results`
    try:
        async for chunk in body.chunks(request.receive, headers, max_bytes, settings.body_timeout_s):
            spool.write(chunk)
    except ApiError as error:
        spool.close()
        raise use_bulk(error.message) if on_lambda and error.status == 413 else error from None
    spool.seek(0)
    results = safe_results(request, spool, compressed, options)
    response_headers = {"x-model-revision": request.app.state.classifier.revision}
    if on_lambda:
        content = await to_thread.run_sync(buffered, results, request.scope.get("aws.context"))
        return Response(content, headers=response_headers, media_type=MEDIA_TYPE)
    return StreamingResponse(results, headers=response_headers, media_type=MEDIA_TYPE)


def safe_results(request: Request, spool: IO[bytes], compressed: bool, options: Options) -> Iterator[bytes]:
    """`results`, and any error as the last line: the status has been sent when it happens."""
    state = request.app.state
    try:
        yield from results(state.classifier, state.settings, spool, compressed, options)
    except Exception as error:
        problem = error if isinstance(error, ApiError) else fault(error, request.scope["request_id"])
        yield dump({**problem.body, "fatal": True})
    finally:
        spool.close()


def results(
    classifier: SentimentClassifier, settings: Settings, spool: IO[bytes], compressed: bool, options: Options
) -> Iterator[bytes]:
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
            yield score(classifier, batch, settings.max_text_chars, options)
            batch, size = [], 0
    if batch:
        yield score(classifier, batch, settings.max_text_chars, options)


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


def score(classifier: SentimentClassifier, batch: list[bytes], max_chars: int, options: Options) -> bytes:
    """The result lines of these request lines."""
    answers: list[dict] = []
    texts: list[str] = []
    scored: list[dict] = []
    for line in batch:
        answer: dict = {}
        answers.append(answer)
        try:
            comment = parse(line)
            if isinstance(comment, dict) and isinstance(comment.get("id"), str | int):
                answer["id"] = comment["id"]
            texts.append(comment_text(comment, max_chars))
            scored.append(answer)
        except ApiError as error:
            answer |= error.body
    for answer, sentiment in zip(scored, classifier.classify(texts), strict=True):
        answer["sentiment"] = serialise(sentiment, options)
    return b"".join(map(dump, answers))


def parse(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_json", "the line is not valid JSON") from None


def dump(answer: dict) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def buffered(results: Iterator[bytes], context) -> bytes:
    """All result lines. Raises ApiError 413 if they would not fit into Lambda's response, or into its time."""
    content, size = [], 0
    for part in results:
        content.append(part)
        size += len(part)
        if size > LAMBDA_MAX_BYTES:
            raise use_bulk(f"the answer would be larger than {LAMBDA_MAX_BYTES} bytes")
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        if remaining and remaining() < LAMBDA_RESERVE_MS:
            raise use_bulk("the comments cannot be scored in the time that a request has")
    return b"".join(content)


def use_bulk(problem: str) -> ApiError:
    return ApiError(413, "use_bulk", f"{problem}; send fewer lines, or score them in bulk through the queue (SQS)")
