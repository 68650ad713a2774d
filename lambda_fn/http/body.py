"""Reading request bodies: bounded in size and in time, and inflated without being blown up.

A gzip "bomb" is a few bytes that inflate to gigabytes. Nothing here inflates more than CHUNK_BYTES at a time, and the
limit on a body holds for what comes out as well as for what goes in.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator

from lambda_fn.http.errors import ApiError

CHUNK_BYTES = 65_536


def too_large(max_bytes: int) -> ApiError:
    return ApiError(
        413, "body_too_large", f"the request body is larger than {max_bytes} bytes; send fewer comments at a time"
    )


def is_gzip(headers: dict[str, str]) -> bool:
    """Whether the body is compressed. Raises ApiError 415 for an encoding other than gzip."""
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return False
    if encoding in ("gzip", "x-gzip"):
        return True
    # https://www.rfc-editor.org/rfc/rfc7694: the answer lists what would have been accepted.
    raise ApiError(415, "unsupported_encoding", "compress with gzip or not at all", {"accept-encoding": "gzip"})


async def chunks(receive, headers: dict[str, str], max_bytes: int, timeout_s: float) -> AsyncIterator[bytes]:
    """The body as it arrives, not inflated.

    Raises ApiError: 413 as soon as it is, or says that it will be, larger than `max_bytes`; 408 if nothing arrives for
    `timeout_s` seconds; 400 if the connection closes early.
    """
    declared = headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > max_bytes:
        raise too_large(max_bytes)
    size, more = 0, True
    while more:
        try:
            async with asyncio.timeout(timeout_s):
                message = await receive()
        except TimeoutError:
            raise slow(timeout_s) from None
        if message["type"] == "http.disconnect":
            raise ApiError(400, "incomplete_body", "the connection closed before the whole body had arrived")
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > max_bytes:
            raise too_large(max_bytes)
        yield chunk


async def read(receive, headers: dict[str, str], max_bytes: int, timeout_s: float) -> bytes:
    """The whole body, inflated.

    Raises ApiError as `chunks` and `inflate` do, and 408 if the whole takes longer than `timeout_s`.
    """
    compressed = is_gzip(headers)
    try:
        async with asyncio.timeout(timeout_s):
            parts = [chunk async for chunk in chunks(receive, headers, max_bytes, timeout_s)]
    except TimeoutError:
        raise slow(timeout_s) from None
    return b"".join(inflate(parts, max_bytes) if compressed else parts)


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
    return ApiError(408, "body_timeout", f"the request body did not arrive within {timeout_s:g} seconds")


def replay(body: bytes):
    """A `receive` that hands out a body that has been read, then waits for nothing more."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive
