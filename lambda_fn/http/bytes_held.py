"""How many bytes of request bodies are held in memory, and which body gives way when that is too many."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from lambda_fn.http.lane import Overloaded


class Hold:
    """The bytes of one request's body. `arriving`: the timeout under which it is being read, None once it is whole."""

    def __init__(self, held: "BytesHeld"):
        self._held = held
        self.size = 0
        self.arriving: asyncio.Timeout | None = None

    def grow(self, size: int) -> None:
        """Raises Overloaded if there is no room even when unfinished bodies give way."""
        self._held.make_room(self, size)
        self.size += size
        self._held.total += size


class BytesHeld:
    """max_bytes: of all bodies together.

    A body that stops half-way would hold its bytes for as long as it may take, and a few dozen of them all there are.
    So the oldest unfinished body is given up when room is needed, and only if there is none, the newcomer is refused.
    """

    def __init__(self, max_bytes: int):
        self.max_bytes = max_bytes
        self.total = 0
        self._holds: dict[Hold, None] = {}  # in order of arrival

    @contextmanager
    def hold(self) -> Iterator[Hold]:
        hold = Hold(self)
        self._holds[hold] = None
        try:
            yield hold
        finally:
            del self._holds[hold]
            self.total -= hold.size

    def make_room(self, newcomer: Hold, size: int) -> None:
        if self.total + size <= self.max_bytes:
            return
        missing = self.total + size - self.max_bytes
        for hold in list(self._holds):
            if missing <= 0:
                return
            if hold is not newcomer and hold.arriving is not None and hold.size:
                hold.arriving.reschedule(0)  # its reader answers 408
                hold.arriving = None
                missing -= hold.size
                self.total -= hold.size
                hold.size = 0
        if missing > 0:
            raise Overloaded(1)
