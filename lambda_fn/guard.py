"""What every request passes before any work is done: an id, the API key, the media type, the size of its body.

Plain ASGI, because Starlette's BaseHTTPMiddleware costs a task and two streams per request.
"""

import json
import re
import time
import uuid
from collections.abc import Callable

from lambda_fn.errors import ApiError

_REQUEST_ID = re.compile(r"[\w.:=-]{1,128}", re.ASCII)


class Guard:
    """ASGI middleware.

    Answers 401, 413 or 415 itself; otherwise passes the request on with its body already read, whole and bounded.
    Every response gets `x-request-id` (the caller's, API Gateway's, or a new one) and `x-total-time` in ms.
    """

    def __init__(self, app, max_body_bytes: int, authorize: Callable[[str, dict[str, str]], None] | None = None):
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.authorize = authorize

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        scope["request_id"] = request_id(scope, headers)

        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                elapsed_ms = (time.perf_counter() - started) * 1000
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", scope["request_id"].encode()),
                    (b"x-total-time", b"%.2f" % elapsed_ms),
                ]
            await send(message)

        try:
            if self.authorize:
                self.authorize(scope["path"], headers)
            if scope["method"] in ("POST", "PUT", "PATCH"):
                check_media_type(headers.get("content-type", ""))
                receive = replay(await self._read_body(headers, receive))
        except ApiError as error:
            await send_json(send_with_headers, error.status, error.body)
            return
        await self.app(scope, receive, send_with_headers)

    async def _read_body(self, headers: dict[str, str], receive) -> bytes:
        """The whole body; raises ApiError 413 as soon as it is, or says that it will be, too large."""
        too_large = ApiError(
            413, "body_too_large", f"the request body is larger than {self.max_body_bytes} bytes; send fewer comments"
        )
        declared = headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared[:20]) > self.max_body_bytes:
            raise too_large
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ApiError(400, "incomplete_body", "the connection closed before the whole body had arrived")
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self.max_body_bytes:
                raise too_large
            if not message.get("more_body"):
                return b"".join(chunks)


def request_id(scope, headers: dict[str, str]) -> str:
    """The caller's `x-request-id` if it is harmless, else API Gateway's, else a new one."""
    event = scope.get("aws.event") or {}
    for candidate in (headers.get("x-request-id"), (event.get("requestContext") or {}).get("requestId")):
        if isinstance(candidate, str) and _REQUEST_ID.fullmatch(candidate):
            return candidate
    return uuid.uuid4().hex


def check_media_type(content_type: str) -> None:
    """Raises ApiError 415 for anything but JSON in UTF-8."""
    media_type, _, parameters = content_type.lower().partition(";")
    media_type = media_type.strip()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise ApiError(415, "unsupported_media_type", "send JSON, with the header 'content-type: application/json'")
    charset = parameters.partition("charset=")[2].strip(' "')
    if charset and charset not in ("utf-8", "utf8"):
        raise ApiError(415, "unsupported_charset", "send JSON in UTF-8")


def replay(body: bytes):
    """A `receive` that hands out a body that has been read, then waits for nothing more."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


async def send_json(send, status: int, body: dict) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
