"""The HTTP API: the FastAPI app, and `handler` for API Gateway.

    POST /analyze        {"text": ...}         -> {"sentiment": {"label", "score"}}
    POST /batch_analyze  [{"text": ...}, ...]  -> {"sentiment": [{"label", "score"}, ...]}
    GET  /health, /info, /docs

The same app runs under uvicorn (`uvicorn lambda_fn.api:app`) and on Lambda. Every error is
`{"error": {"code", "message"}}`. Bodies and comments never reach a log.
"""

import logging
import time
from typing import Annotated

from anyio import to_thread
from fastapi import Body, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mangum import Mangum
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from lambda_fn import cpu
from lambda_fn.classifier import LABELS, Sentiment, SentimentClassifier
from lambda_fn.errors import ApiError
from lambda_fn.guard import Guard
from lambda_fn.schemas import (
    AnalyzeResponse,
    BatchAnalyzeResponse,
    Comment,
    ErrorResponse,
    Health,
    Info,
    Limits,
)
from lambda_fn.settings import get_settings

logger = logging.getLogger(__name__)
settings = get_settings()
# At import, so that Lambda loads it once per execution environment, in its INIT phase.
classifier = SentimentClassifier.load()

ERRORS = {
    400: "not JSON, or cut off",
    401: "the API key is missing or wrong",
    413: "the body, a comment or the batch is too large",
    415: "not application/json in UTF-8",
    422: "JSON of the wrong shape, or a comment that cannot be scored",
    500: "a fault of the service",
}
DOCUMENTED_ERRORS = {status: {"model": ErrorResponse, "description": text} for status, text in ERRORS.items()}

app = FastAPI(
    title="Crypto sentiment",
    version=classifier.revision,
    description="The mood of crypto comments: a quantized DistilBERT behind two routes.",
    root_path=settings.root_path,
)


@app.post("/analyze", response_model=AnalyzeResponse, responses=DOCUMENTED_ERRORS)
async def analyze(comment: Comment) -> JSONResponse:
    """Score one comment. Run on the event loop: at a few milliseconds a thread would cost more than it frees."""
    started = time.perf_counter()
    sentiments = classifier.classify([comment.text])
    return scored({"sentiment": wire(sentiments[0])}, sentiments, started)


@app.post("/batch_analyze", response_model=BatchAnalyzeResponse, responses=DOCUMENTED_ERRORS)
async def batch_analyze(comments: Annotated[list[Comment], Body()]) -> JSONResponse:
    """Score many comments, in order. Run in a thread, so that other requests are answered meanwhile."""
    if len(comments) > settings.max_batch_comments:
        raise ApiError(
            413, "batch_too_large", f"{len(comments)} comments; at most {settings.max_batch_comments} are allowed"
        )
    started = time.perf_counter()
    sentiments = await to_thread.run_sync(classifier.classify, [comment.text for comment in comments])
    return scored({"sentiment": [wire(sentiment) for sentiment in sentiments]}, sentiments, started)


@app.get("/health", response_model=Health)
async def health() -> JSONResponse:
    """Answers once the model is loaded."""
    return JSONResponse({"status": "ok"})


@app.get("/info", response_model=Info)
async def info() -> Info:
    """What is running: model, limits, CPU."""
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


def wire(sentiment: Sentiment) -> dict:
    """A sentiment as old clients know it."""
    return {"label": sentiment.label, "score": round(sentiment.score, 4)}


def scored(body: dict, sentiments: list[Sentiment], started: float) -> JSONResponse:
    """`body` with the headers that say what the answer took: tokens read, comments cut, milliseconds of inference."""
    return JSONResponse(
        body,
        headers={
            "x-compute-tokens": str(sum(sentiment.tokens for sentiment in sentiments)),
            "x-truncated": str(sum(sentiment.truncated for sentiment in sentiments)),
            "x-inference-time": f"{(time.perf_counter() - started) * 1000:.2f}",
            "x-model-revision": classifier.revision,
        },
    )


@app.exception_handler(ApiError)
async def on_api_error(request: Request, error: ApiError) -> JSONResponse:
    return JSONResponse(error.body, error.status)


@app.exception_handler(RequestValidationError)
async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """The first problem, and where it is: enough to mend the request, and never an echo of the comment."""
    first = error.errors()[0]
    kind, message = first["type"], first["msg"]
    if kind == "json_invalid":
        return await on_api_error(request, ApiError(400, "invalid_json", "the body is not valid JSON"))
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])[1:]
    if kind.startswith("text_"):
        return await on_api_error(
            request, ApiError(413 if kind == "text_too_long" else 422, kind, f"{place}: {message}")
        )
    return await on_api_error(request, ApiError(422, "invalid_request", f"{place}: {message}"))


@app.exception_handler(HTTPException)
async def on_http_exception(request: Request, error: HTTPException) -> JSONResponse:
    codes = {400: "invalid_json", 404: "not_found", 405: "method_not_allowed"}
    messages = {400: "the body is not valid JSON", 404: f"no such route: {request.url.path[:200]}; see /docs"}
    body = ApiError(error.status_code, codes.get(error.status_code, "http_error"), str(error.detail))
    body.message = messages.get(error.status_code, body.message)
    return JSONResponse(body.body, error.status_code, headers=error.headers)


@app.exception_handler(Exception)
async def on_fault(request: Request, error: Exception) -> JSONResponse:
    logger.error("request %s failed: %s", request.scope.get("request_id"), type(error).__name__)
    return JSONResponse(ApiError(500, "internal_error", "a fault of the service; it has been logged").body, 500)


if settings.cors_allow_origins:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_allow_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["content-type", "x-api-key", "x-request-id"],
    )
app.add_middleware(Guard, max_body_bytes=settings.max_body_bytes)

handler = Mangum(app, lifespan="off")
