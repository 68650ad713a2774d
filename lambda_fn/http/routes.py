"""The service's own routes: one comment, many comments, health, and what is running."""

import json
import time
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from lambda_fn.http import ndjson, tracing
from lambda_fn.http.answers import comment_text, outcome, serialise, text_error
from lambda_fn.http.errors import ApiError
from lambda_fn.http.schemas import (
    TEXT_SCHEMA,
    AnalyzeOptions,
    AnalyzeResponse,
    BatchAnalyzeResponse,
    BatchOptions,
    Comment,
    ErrorResponse,
    Health,
    Info,
    Limits,
    Options,
)
from lambda_fn.http.workload import EXPLAIN_WEIGHT, Workload
from lambda_fn.model import cpu
from lambda_fn.model.classifier import LABELS, Sentiment
from lambda_fn.model.explain import explain
from lambda_fn.model.text import TextError, check_text

ERRORS = {
    400: "not JSON, broken gzip, or cut off",
    401: "the API key is missing or wrong",
    408: "the body did not arrive in time",
    413: "the body, a comment or the batch is too large",
    415: "not JSON in UTF-8, or compressed with anything but gzip",
    422: "JSON of the wrong shape, or a comment that cannot be scored",
    429: "the API key has reached its rate: try again after the seconds in retry-after",
    500: "a fault of the service",
    503: "more is waiting than can be scored soon: try again after the seconds in retry-after",
}
DOCUMENTED_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": text} for status, text in ERRORS.items()
}

router = APIRouter()


@router.post("/analyze", response_model=AnalyzeResponse, responses=DOCUMENTED_ERRORS)
async def analyze(request: Request, comment: Comment, options: Annotated[AnalyzeOptions, Query()]) -> JSONResponse:
    """Score one comment."""
    started = time.perf_counter()
    state = request.app.state
    workload: Workload = state.workload
    try:
        check_text(comment.text, state.settings.max_text_chars)
        if not options.explain:
            sentiment = one(await workload.classify(request, [comment.text]))
            return scored({"sentiment": serialise(sentiment, options)}, [sentiment], request, options, started)
        work = partial(explain, state.classifier, comment.text, state.settings.max_explain_words)
        sentiment, words = await workload.call(request, work, EXPLAIN_WEIGHT)
        workload.observe([sentiment])
    except TextError as error:
        raise text_error(error.code, f"body.text: {error}") from None
    body = {
        "sentiment": serialise(sentiment, options),
        "words": [
            {"text": word.text, "start": word.start, "end": word.end, "contribution": word.contribution}
            for word in words
        ],
    }
    return scored(body, [sentiment], request, options, started)


@router.post(
    "/batch_analyze",
    response_model=BatchAnalyzeResponse,
    responses={
        200: {"content": {ndjson.MEDIA_TYPE: {"schema": {"type": "string"}}}},
        **DOCUMENTED_ERRORS,
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "array",
                        "items": {"anyOf": [{"$ref": "#/components/schemas/Comment"}, TEXT_SCHEMA]},
                    },
                },
                ndjson.MEDIA_TYPE: {
                    "schema": {"description": "one JSON object a line, each as in the list"},
                    "example": '{"id": "a", "text": "Crypto to the moon!"}\n',
                },
            },
        }
    },
)
async def batch_analyze(request: Request, options: Annotated[BatchOptions, Query()]) -> Response:
    """Score many comments, in order; each an object with the field `text`, or a string.

    As `application/x-ndjson`, one comment a line, there may be any number of them, and every bad one gets an error in
    its place.
    """
    if request.scope["media_type"] == ndjson.MEDIA_TYPE:
        return await ndjson.score_lines(request, options)
    comments = parse(await request.body())
    settings = request.app.state.settings
    if len(comments) > settings.max_batch_comments:
        raise ApiError(
            413,
            "batch_too_large",
            f"{len(comments)} comments; at most {settings.max_batch_comments} are allowed, or more as NDJSON",
        )
    started = time.perf_counter()
    answers: list[dict[str, Any]] = []
    texts: dict[int, str] = {}  # by the comment's place
    for index, comment in enumerate(comments):
        try:
            texts[index] = comment_text(comment, settings.max_text_chars)
            answers.append({})
        except ApiError as error:
            if options.errors == "all":
                place = f"body[{index}].text" if error.code.startswith("text_") else f"body[{index}]"
                error.message = f"{place}: {error.message}"
                raise
            answers.append(error.body)
    results = await request.app.state.workload.classify(request, list(texts.values()))
    for index, result in zip(texts, results, strict=True):
        if isinstance(result, TextError) and options.errors == "all":
            raise text_error(result.code, f"body[{index}].text: {result}")
        answers[index] = outcome(result, options)
    sentiments = [result for result in results if isinstance(result, Sentiment)]
    return scored({"sentiment": answers}, sentiments, request, options, started)


def one(results: list[Sentiment | TextError]) -> Sentiment:
    """The only result. Raises TextError if it is an error."""
    if isinstance(results[0], TextError):
        raise results[0]
    return results[0]


@router.get("/health", response_model=Health)
async def health() -> JSONResponse:
    """Answers once the model is loaded."""
    return JSONResponse({"status": "ok"})


@router.get("/info", response_model=Info, responses={401: DOCUMENTED_ERRORS[401]})
async def info(request: Request) -> Info:
    """What is running: model, limits, CPU."""
    settings, classifier = request.app.state.settings, request.app.state.classifier
    return Info(
        model=settings.model_dir.name,
        revision=classifier.revision,
        labels=list(LABELS),
        limits=Limits(
            text_chars=settings.max_text_chars,
            batch_comments=settings.max_batch_comments,
            body_bytes=settings.max_body_bytes,
            model_tokens=classifier.max_tokens,
        ),
        cpu=cpu.int8_flags(),
        threads=settings.threads,
    )


def parse(body: bytes) -> list[Any]:
    """The JSON list in a request body. Raises ApiError 400 or 422."""
    if not body:
        raise ApiError(422, "invalid_request", "body: Field required")
    try:
        comments = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_json", "the body is not valid JSON") from None
    if not isinstance(comments, list):
        raise ApiError(422, "invalid_request", "body: a batch is a JSON list of comments")
    return comments


def scored(body: Any, sentiments: list[Sentiment], request: Request, options: Options, started: float) -> JSONResponse:
    """`body` with the headers that say what the answer took: tokens read, comments cut, milliseconds of inference."""
    state = request.app.state
    if options.detail:
        body["model"] = {"name": state.settings.model_dir.name, "revision": state.classifier.revision}
    headers = response_headers(sentiments, state.classifier.revision, started)
    tracing.note(len(sentiments), headers)
    return JSONResponse(body, headers=headers)


def response_headers(sentiments: list[Sentiment], revision: str, started: float) -> dict[str, str]:
    """What an answer took. started: of `time.perf_counter`."""
    return {
        "x-compute-tokens": str(sum(sentiment.tokens for sentiment in sentiments)),
        "x-truncated": str(sum(sentiment.truncated for sentiment in sentiments)),
        "x-inference-time": f"{(time.perf_counter() - started) * 1000:.2f}",
        "x-model-revision": revision,
    }
