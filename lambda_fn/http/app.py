"""The HTTP application, made from settings and a classifier: `create_app` reads no environment and loads no model.

    POST /analyze        {"text": ...}         -> {"sentiment": {"label", "score"}}
    POST /batch_analyze  [{"text": ...}, ...]  -> {"sentiment": [{"label", "score"}, ...]}
    POST /score          [{"text": ...}, ...]  -> {"results": [...]}, as files have them
    POST /predict        Hugging Face's text classification, and text-embeddings-inference's
    POST /               Amazon Comprehend's DetectSentiment and BatchDetectSentiment
    GET  /mood, /mood/trending, /mood/BTC      how Reddit feels about coins, by the hour; POST /mood of a rollup
    GET  /, /health, /info, /docs, /metrics

Every error is `{"error": {"code", "message"}}`. Bodies and comments never reach a log.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from opentelemetry.trace import TracerProvider
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from lambda_fn.contract import Cors
from lambda_fn.http import access_log, comprehend, docs, metrics, mood, ndjson, page, predict, routes, score, tracing
from lambda_fn.http.answers import text_error
from lambda_fn.http.auth import ApiKeyAuth, RateExceeded
from lambda_fn.http.errors import ApiError, json_error
from lambda_fn.http.guard import Guard
from lambda_fn.http.mood_source import open_source
from lambda_fn.http.openapi import describe
from lambda_fn.http.paths import route_name, route_path
from lambda_fn.http.workload import Workload
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import Settings

# Who may read these learns nothing but what this service is.
OPEN_PATHS = page.PATHS | docs.PATHS | {"/health", "/openapi.json"}
MEDIA_TYPES = {
    "/": (comprehend.MEDIA_TYPE,),
    "/analyze": ("application/json",),
    "/batch_analyze": ("application/json", ndjson.MEDIA_TYPE),
    score.PATH: (score.MEDIA_TYPE,),
    predict.PATH: (predict.MEDIA_TYPE,),
    mood.PATH: (ndjson.MEDIA_TYPE,),
}
ROUTERS = (
    routes.router,
    score.router,
    predict.router,
    mood.router,
    comprehend.router,
    page.router,
    docs.router,
    metrics.router,
)
# The routes by their own names, in counters and logs.
KNOWN_PATHS = frozenset(
    path for router in ROUTERS for route in router.routes if (path := getattr(route, "path", None)) is not None
)


def create_app(
    settings: Settings, classifier: SentimentClassifier | None, tracer_provider: TracerProvider | None = None
) -> FastAPI:
    """The ASGI application.

    tracer_provider: of lambda_fn/http/tracing.py; None: no traces.
    classifier: None makes an app that can describe itself (`app.openapi()`) and scores nothing.
    Raises ValueError if `settings.api_auth` asks for a key and there is none.
    """
    app = FastAPI(
        title="Crypto sentiment",
        docs_url=None,  # lambda_fn/http/docs.py
        redoc_url=None,
        telemetry=tracing.config(tracer_provider),
        redirect_slashes=False,  # lambda_fn/http/paths.py
        generate_unique_id_function=lambda route: route.name,  # what generated clients call their functions
    )
    app.state.settings = settings
    app.state.classifier = classifier
    app.state.auth = ApiKeyAuth(settings)
    app.state.workload = Workload(settings, classifier)
    app.state.metrics = None if settings.on_lambda else metrics.Metrics(app.state.workload)
    app.state.mood = open_source(settings.mood_source)
    for router in ROUTERS:
        app.include_router(router)
    describe(app)
    handlers: dict[type[Exception], Any] = {
        ApiError: on_api_error,
        RequestValidationError: on_invalid,
        HTTPException: on_http_exception,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    add_middleware(app, settings)
    return app


def add_middleware(app: FastAPI, settings: Settings) -> None:
    """The last one added is the outermost: cross-origin headers on every answer, then the guard, then compression."""
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=6)
    app.add_middleware(
        Guard,
        max_body_bytes=settings.max_body_bytes,
        body_timeout_s=settings.body_timeout_s,
        root_path=settings.root_path,
        workload=app.state.workload,
        authorize=lambda scope, headers: authorize(app, scope, headers),
        media_types=MEDIA_TYPES,
        streams=lambda path, media_type: media_type == ndjson.MEDIA_TYPE and path != mood.PATH,
        answer=lambda scope, error: answer(app, scope, error),
        observe=lambda scope, status, seconds: observe(app, scope, status, seconds),
        destination=lambda scope, headers: predict.PATH if predict.is_call_at_root(scope, headers) else None,
    )
    if settings.cors_allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_allow_origins,
            allow_methods=Cors.METHODS,
            allow_headers=Cors.ALLOW_HEADERS,
            expose_headers=Cors.EXPOSE_HEADERS,
            max_age=Cors.MAX_AGE_S,
        )


async def authorize(app: FastAPI, scope: Scope, headers: dict[str, str]) -> None:
    """Raises ApiError for a caller without the API key, where one is required."""
    if comprehend.is_call(scope):
        comprehend.authorize(scope, headers, app.state.auth)
        return
    if scope["method"] == "GET" and route_path(scope) in OPEN_PATHS:
        return
    scope["key_name"] = await app.state.auth.check(headers)


def observe(app: FastAPI, scope: Scope, status: int, seconds: float) -> None:
    """Every request, when it has been answered."""
    route = route_name(route_path(scope), KNOWN_PATHS)
    if app.state.metrics:
        app.state.metrics.request(route, scope["method"], status, seconds)
    access_log.write(scope["request_id"], scope["method"], route, status, seconds, scope.get("key_name"))


def answer(app: FastAPI, scope: Scope, error: ApiError) -> Response:
    """An error in the shape that this route's callers know."""
    if app.state.metrics and error.status >= 400:
        app.state.metrics.refusal(error)
    if isinstance(error, RateExceeded):
        scope["key_name"] = error.key_name
    return comprehend.error_response(scope, error) if comprehend.is_call(scope) else json_error(error)


def allowed_methods(app: FastAPI, path: str) -> str:
    """For the header `allow`: Starlette names the methods of the first route of a path only."""
    routes = (route for router in (app, *ROUTERS) for route in router.routes if isinstance(route, Route))
    methods = {method for route in routes if route.path == path for method in route.methods or ()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


async def on_api_error(request: Request, error: ApiError) -> Response:
    return answer(request.app, request.scope, error)


async def on_invalid(request: Request, error: RequestValidationError) -> Response:
    """The first problem, and where it is: enough to mend the request, and never an echo of the comment."""
    first = error.errors()[0]
    kind, message = first["type"], first["msg"]
    if kind == "json_invalid":
        return answer(request.app, request.scope, ApiError(400, "invalid_json", "the body is not valid JSON"))
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])[1:]
    if kind.startswith("text_"):
        return answer(request.app, request.scope, text_error(kind, f"{place}: {message}"))
    return answer(request.app, request.scope, ApiError(422, "invalid_request", f"{place}: {message}"))


async def on_http_exception(request: Request, error: HTTPException) -> Response:
    codes = {400: "invalid_json", 404: "not_found", 405: "method_not_allowed"}
    messages = {400: "the body is not valid JSON", 404: f"no such route: {request.url.path[:200]}; see /docs"}
    message = messages.get(error.status_code, str(error.detail))
    code = codes.get(error.status_code, "http_error")
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:
        headers["allow"] = allowed_methods(request.app, route_path(request.scope))
        message = f"this route knows {headers['allow']} only"
    return answer(request.app, request.scope, ApiError(error.status_code, code, message, headers))
