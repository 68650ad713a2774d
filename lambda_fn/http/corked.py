"""A transport that sends what is written within one turn of the event loop in one piece.

uvicorn writes an answer's headers and its body one after the other; sent apart they cost two system calls and, as
Nagle's algorithm is off, two packets.
"""

import asyncio
from typing import Any

# Beyond so many bytes it does not wait for the turn's end, so that the transport's own limits hold.
CORK_BYTES = 65_536


class Corked:
    """Takes the place of an `asyncio.Transport`: `write` is delayed and joined, everything else is passed on."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop):
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > CORK_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            self._transport.write(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._pieces.clear()
        self._transport.abort()
