"""What every request passes before any work is done: an id, the caller's key, the media type, the size of its body.

Plain ASGI, because Starlette's BaseHTTPMiddleware costs a task and two streams per request.
"""

import re
import time
import uuid
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from lambda_fn.http import body
from lambda_fn.http.errors import ApiError, fault

_REQUEST_ID = re.compile(r"[\w.:=-]{1,128}", re.ASCII)


class Guard:
    """ASGI middleware.

    Answers 401, 408, 413 or 415 itself; otherwise passes the request on with its body already read, whole, inflated
    and bounded, except where `streams(path, media type)`: then the route reads it. A fault further in becomes a 500
    here, so that no server logs a traceback whose message quotes a comment.
    Every response gets `x-request-id` (the caller's, API Gateway's, or a new one) and `x-total-time` in ms.

    authorize(scope, headers): raises ApiError for a caller who may not go on; before any of the body is read.
    media_types: what may be posted, by path. Elsewhere no body is read: the routes answer 404 or 405.
    answer(scope, error): the response to an error.
    """

    def __init__(
        self,
        app,
        max_body_bytes: int,
        body_timeout_s: float,
        authorize: Callable[[dict, dict[str, str]], Awaitable[None]],
        media_types: dict[str, tuple[str, ...]],
        streams: Callable[[str, str], bool],
        answer: Callable[[dict, ApiError], Response],
    ):
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.body_timeout_s = body_timeout_s
        self.authorize = authorize
        self.media_types = media_types
        self.streams = streams
        self.answer = answer

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        scope["request_id"] = request_id(scope, headers)
        responding = False

        async def send_with_headers(message):
            nonlocal responding
            if message["type"] == "http.response.start":
                responding = True
                elapsed_ms = (time.perf_counter() - started) * 1000
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", scope["request_id"].encode()),
                    (b"x-total-time", b"%.2f" % elapsed_ms),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        try:
            await self.authorize(scope, headers)
            if scope["method"] == "POST" and route_path(scope) in self.media_types:
                receive = await self._check_body(scope, headers, receive)
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            if not isinstance(error, ApiError):
                error = fault(error, scope["request_id"])
            if responding:  # too late for another status: cut the connection, so that nobody takes this for whole
                raise ConnectionAbortedError(error.code) from None
            await self.answer(scope, error)(scope, receive, send_with_headers)

    async def _check_body(self, scope, headers, receive):
        path = route_path(scope)
        media_type = check_media_type(headers.get("content-type", ""), self.media_types[path])
        if self.streams(path, media_type):
            return receive
        return body.replay(await body.read(receive, headers, self.max_body_bytes, self.body_timeout_s))


def route_path(scope) -> str:
    """The path as the routes know it: without the prefix (a stage, ROOT_PATH) under which the app is mounted."""
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    return path[len(root) :] or "/" if root and f"{path}/".startswith(f"{root}/") else path


def request_id(scope, headers: dict[str, str]) -> str:
    """The caller's `x-request-id` if it is harmless, else API Gateway's, else a new one."""
    event = scope.get("aws.event") or {}
    for candidate in (headers.get("x-request-id"), (event.get("requestContext") or {}).get("requestId")):
        if isinstance(candidate, str) and _REQUEST_ID.fullmatch(candidate):
            return candidate
    return uuid.uuid4().hex


def check_media_type(content_type: str, allowed: tuple[str, ...]) -> str:
    """The media type in lower case. Raises ApiError 415 for one not `allowed`, or text not in UTF-8.

    Where JSON is allowed, so is any `application/…+json`.
    """
    media_type, _, parameters = content_type.lower().partition(";")
    media_type = media_type.strip()
    structured = media_type.startswith("application/") and media_type.endswith("+json")
    if media_type not in allowed and not (structured and "application/json" in allowed):
        raise ApiError(415, "unsupported_media_type", f"send the header 'content-type: {' or '.join(allowed)}'")
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
    if charset and charset not in ("utf-8", "utf8"):
        raise ApiError(415, "unsupported_charset", "send JSON in UTF-8")
    return media_type
