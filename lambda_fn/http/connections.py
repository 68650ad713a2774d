"""uvicorn's HTTP protocol with an end to waiting, for a service that has no proxy in front of it.

    uvicorn lambda_fn.api:app --http lambda_fn.http.connections:Connection        (what `crypto-sentiment serve` does)

uvicorn itself waits for ever for headers that do not end and for callers that do not read their answer, and when all
file descriptors are taken it accepts nobody. Here each of these has its time, and the connection that has waited
longest without a request gives way to a new one.
"""

import asyncio
import resource
from functools import cache
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from lambda_fn.http.corked import Corked
from lambda_fn.http.errors import ApiError, json_error

# From the first byte of a request, or from the connection's start, to the end of its headers.
HEADERS_TIMEOUT_S = 10.0
# How long a caller may take no byte of its answer.
WRITE_TIMEOUT_S = 30.0
# Of the process's file descriptors; the rest are for temporary files, the model, and boto3.
SHARE_OF_FILES = 0.75
MAX_FILES = 16_384

# Of one request's headers, as h11 and nginx have it; httptools would take any number.
MAX_HEADER_BYTES = 65_536

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

# Connections without a request, the one that has waited longest first. One process has one server.
_waiting: dict["Connection", None] = {}


@cache
def max_files() -> int:
    """Files and connections that the process may have open; takes as many as it can have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return files


def max_connections() -> int:
    """Connections that may be open at a time."""
    return int(SHARE_OF_FILES * max_files())


def backlog() -> int:
    """Connections that may wait to be accepted, and that asyncio then accepts in one go, before any can give way.

    Without a file left, asyncio up to Python 3.13 logs a traceback for each of them and is deaf meanwhile.
    """
    return max(16, min(2048, (max_files() - max_connections()) // 4))


max_files()  # now, before the first is accepted


class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """One caller's connection. `auto`: httptools where it is installed, else h11."""

    _headers_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _in_headers = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Corked(transport, self.loop))
        if len(self.connections) > max_connections() and _waiting:
            next(iter(_waiting)).transport.abort()
        self._wait_for_headers()

    def connection_lost(self, exc: Any) -> None:
        self._stop_waiting()
        self._cancel_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: Any) -> None:
        if self._headers_timer is None and not self._busy():
            self._wait_for_headers()
        super().data_received(data)
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._end(_TOO_LONG)
        if self._busy():
            self._stop_waiting()

    def on_message_begin(self) -> None:
        """httptools'."""
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0

    def on_headers_complete(self) -> None:
        """httptools'."""
        self._in_headers = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What cannot be parsed, in the shape that all errors have."""
        answer = json_error(ApiError(400, "invalid_http", "this is not a valid HTTP/1.1 request"))
        headers = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
        self._end(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n" + headers + b"\r\n" + bytes(answer.body))

    def eof_received(self) -> None:
        """asyncio closes the connection now: send what waits for the turn's end."""
        self.transport.flush()
        super().eof_received()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._busy() and not self.transport.is_closing():
            _waiting[self] = None  # idle between two requests: uvicorn's keep-alive timeout runs

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cancel_write_timer()
        self._write_timer = self.loop.call_later(WRITE_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel_write_timer()

    def _busy(self) -> bool:
        """Whether a request has arrived that is not answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_headers(self) -> None:
        _waiting.pop(self, None)
        _waiting[self] = None
        self._headers_timer = self.loop.call_later(HEADERS_TIMEOUT_S, self._give_up)

    def _stop_waiting(self) -> None:
        _waiting.pop(self, None)
        if self._headers_timer:
            self._headers_timer.cancel()
            self._headers_timer = None

    def _give_up(self) -> None:
        self._end(_TOO_SLOW)

    def _end(self, answer: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    def _cancel_write_timer(self) -> None:
        if self._write_timer:
            self._write_timer.cancel()
            self._write_timer = None
