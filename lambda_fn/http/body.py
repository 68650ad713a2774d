"""Reading request bodies: bounded in size and in time, and inflated without being blown up.

A gzip "bomb" is a few bytes that inflate to gigabytes. Nothing here inflates more than CHUNK_BYTES at a time, and the
limit on a body holds for what comes out as well as for what goes in.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from starlette.types import Receive

from lambda_fn.http.bytes_held import Hold
from lambda_fn.http.errors import ApiError
from lambda_fn.http.headers import is_gzip

CHUNK_BYTES = 65_536
# The slowest upload that is worth waiting for, as in Apache's RequestReadTimeout; a dripping one ends with the timeout.
MIN_BYTES_PER_S = 65_536


def too_large(max_bytes: int) -> ApiError:
    return ApiError(
        413, "body_too_large", f"the request body is larger than {max_bytes} bytes; send fewer comments at a time"
    )


def declared(headers: dict[str, str]) -> int | None:
    """The body's length as the caller gives it; None for a body in chunks."""
    length = headers.get("content-length", "")
    return int(length[:20]) if length.isascii() and length.isdigit() else None


async def chunks(
    receive: Receive, headers: dict[str, str], max_bytes: int, timeout_s: float, hold: Hold | None = None
) -> AsyncIterator[bytes]:
    """The body as it arrives, not inflated. hold: told of each piece that is kept.

    Raises ApiError: 413 as soon as it is, or says that it will be, larger than `max_bytes`; 400 if the connection
    closes early; 408 if it comes too slowly: it may take `timeout_s` seconds, and one more for every MIN_BYTES_PER_S.
    """
    if (declared(headers) or 0) > max_bytes:
        raise too_large(max_bytes)
    size, more = 0, True
    started = asyncio.get_running_loop().time()
    while more:
        try:
            async with asyncio.timeout_at(started + timeout_s + size / MIN_BYTES_PER_S) as arriving:
                if hold:
                    hold.arriving = arriving
                message = await receive()
        except TimeoutError:
            raise slow(timeout_s) from None
        finally:
            if hold:
                hold.arriving = None
        if message["type"] == "http.disconnect":
            raise ApiError(400, "incomplete_body", "the connection closed before the whole body had arrived")
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > max_bytes:
            raise too_large(max_bytes)
        if hold:
            hold.grow(len(chunk))
        yield chunk


async def read(receive: Receive, headers: dict[str, str], max_bytes: int, timeout_s: float, hold: Hold) -> bytes:
    """The whole body, inflated. Raises ApiError as `chunks` and `inflate` do, and Overloaded as `hold` does."""
    compressed = is_gzip(headers)
    parts = [chunk async for chunk in chunks(receive, headers, max_bytes, timeout_s, hold)]
    if not compressed:
        return b"".join(parts)
    inflated = b"".join(inflate(parts, max_bytes))
    hold.grow(max(0, len(inflated) - hold.size))
    return inflated


def inflate(parts: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    """Gunzip, at most CHUNK_BYTES at a time. Several gzip members in a row are one body, as RFC 1952 has it.

    Raises ApiError: 413 beyond `max_bytes` of output, 400 for broken or cut gzip.
    """
    inflater, size = None, 0
    for data in parts:
        pending = bool(data)
        while pending:
            if inflater is None or inflater.eof:
                inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                piece = inflater.decompress(data, CHUNK_BYTES)
            except zlib.error:
                raise ApiError(400, "invalid_gzip", "the body is not valid gzip") from None
            size += len(piece)
            if size > max_bytes:
                raise too_large(max_bytes)
            yield piece
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            # All input may be consumed while output still waits behind the limit of one piece.
            pending = bool(data) or (not inflater.eof and len(piece) == CHUNK_BYTES)
    if inflater is None or not inflater.eof:
        raise ApiError(400, "invalid_gzip", "the gzip body is cut off")


def slow(timeout_s: float) -> ApiError:
    return ApiError(
        408,
        "body_timeout",
        f"the request body did not arrive within {timeout_s:g} seconds and one more for every {MIN_BYTES_PER_S} bytes",
        {"connection": "close"},
    )


def replay(body: bytes) -> Any:
    """A `receive` that hands out a body that has been read, then waits for nothing more."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive
