"""What every request passes before any work is done: an id, one reading of its headers and path, the caller's key, the
media type, the size of its body, and whether there is room for it.

Plain ASGI, because Starlette's BaseHTTPMiddleware costs a task and two streams per request.
"""

import random
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lambda_fn.http import body
from lambda_fn.http.errors import ApiError, fault
from lambda_fn.http.headers import check_media_type, settle
from lambda_fn.http.paths import lacks_slash, mounted, route_path, settled_path
from lambda_fn.http.workload import CallerGone, Workload

# As nginx counts requests whose caller has closed the connection before there was an answer.
CALLER_GONE = 499
_REQUEST_ID = re.compile(r"[\w.:=-]{1,128}", re.ASCII)


class Guard:
    """ASGI middleware.

    Answers 400, 401, 408, 413, 415 or 503 itself; otherwise passes the request on with its headers and path settled,
    its media type in `scope["media_type"]`, and its body already read, whole, inflated and bounded, except where
    `streams(path, media type)`: then the route reads it. HEAD is GET without the body. A fault further in becomes a
    500 here, so that no server logs a traceback whose message quotes a comment.
    Every response gets `x-request-id` (the caller's, API Gateway's, or a new one) and `x-total-time` in ms.

    root_path: the prefix of the callers' paths, where the server does not know it.
    workload: the room there is. authorize(scope, headers): raises ApiError for a caller who may not go on; before any
    of the body is read.
    media_types: what may be posted, by path. Elsewhere no body is read: the routes answer 404 or 405.
    answer(scope, error): the response to an error.
    observe(scope, status, seconds): told of every request when its answer has been sent; 499: its caller had left.
    destination(scope, headers): the route that a request is meant for where its path alone does not say so, else None.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_body_bytes: int,
        body_timeout_s: float,
        root_path: str,
        workload: Workload,
        authorize: Callable[[Scope, dict[str, str]], Awaitable[None]],
        media_types: dict[str, tuple[str, ...]],
        streams: Callable[[str, str], bool],
        answer: Callable[[Scope, ApiError], Response],
        destination: Callable[[Scope, dict[str, str]], str | None],
        observe: Callable[[Scope, int, float], None],
    ) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.body_timeout_s = body_timeout_s
        self.root_path = root_path
        self.workload = workload
        self.authorize = authorize
        self.media_types = media_types
        self.streams = streams
        self.answer = answer
        self.destination = destination
        self.observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        head = scope["method"] == "HEAD"
        if self.root_path:
            scope = {**scope, "root_path": self.root_path}
        scope = {**scope, "method": "GET" if head else scope["method"]}
        status = 0

        async def send_with_headers(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                elapsed_ms = (time.perf_counter() - started) * 1000
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", scope["request_id"].encode()),
                    (b"x-total-time", b"%.2f" % elapsed_ms),
                    (b"x-content-type-options", b"nosniff"),
                ]
            elif head:
                message["body"] = b""
            await send(message)

        try:
            with ExitStack() as held:
                receive = await self._judged(scope, receive, held)
                await self.app(scope, receive, send_with_headers)
        except CallerGone:
            return
        except Exception as error:
            if not isinstance(error, ApiError):
                error = fault(error, scope["request_id"])
            if status:  # too late for another status: cut the connection, so that nobody takes this for whole
                raise ConnectionAbortedError(error.code) from None
            await self.answer(scope, error)(scope, receive, send_with_headers)
        finally:
            self.observe(scope, status or CALLER_GONE, time.perf_counter() - started)

    async def _judged(self, scope: Scope, receive: Receive, held: ExitStack) -> Any:
        """The `receive` that the routes get; `scope` is settled. held: lets go of the body when the request is over.

        Raises ApiError for a request that goes no further.
        """
        try:
            headers, settled = settle(scope["headers"])
        except ApiError:
            scope["request_id"] = request_id(scope, {})
            raise
        scope["request_id"] = request_id(scope, headers)
        scope["headers"] = settled
        if scope["method"] == "GET" and lacks_slash(scope):
            raise ApiError(307, "slash_missing", "the page is here with a slash", {"location": f"{scope['path']}/"})
        scope["path"] = settled_path(scope)
        meant = self.destination(scope, headers)
        if meant:
            scope["path"] = mounted(scope, meant)
        path = route_path(scope)
        if scope["method"] != "POST" or path not in self.media_types:
            await self.authorize(scope, headers)
            return receive
        self.workload.check(body.declared(headers))
        await self.authorize(scope, headers)
        scope["media_type"] = media_type = check_media_type(headers.get("content-type", ""), self.media_types[path])
        if self.streams(path, media_type):
            return receive
        hold = held.enter_context(self.workload.bytes_held.hold())
        whole = await body.read(receive, headers, self.max_body_bytes, self.body_timeout_s, hold)
        if "aws.event" not in scope:  # else the gateway's caller cannot be seen to leave
            scope["caller"] = receive
        return body.replay(whole)


def request_id(scope: Scope, headers: dict[str, str]) -> str:
    """The caller's `x-request-id` if it is harmless, else API Gateway's, else a new one."""
    event = scope.get("aws.event") or {}
    for candidate in (headers.get("x-request-id"), (event.get("requestContext") or {}).get("requestId")):
        if isinstance(candidate, str) and _REQUEST_ID.fullmatch(candidate):
            return candidate
    return f"{random.getrandbits(128):032x}"  # a name, no secret: `uuid4` asks the kernel for every one
