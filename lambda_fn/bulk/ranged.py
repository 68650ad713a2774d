"""An S3 object as a stream, by ranged reads that insist on one content and outlast outages; and a watch over it."""

import io
from collections.abc import Callable
from typing import Any

from lambda_fn.bulk.deadline import OutOfTime
from lambda_fn.bulk.outages import Patience, StillAway
from lambda_fn.bulk.packing import DamagedError
from lambda_fn.bulk.work import ObjectWork

# A GET of this size holds a connection for well under a second: none idles while its comments are scored.
GET_BYTES = 4 * 1024 * 1024
# So much of a packed object without a comment in it is no file of comments: deflate makes a thousand bytes of one.
MAX_BARREN_BYTES = 16 * 1024 * 1024


class RangedObject(io.RawIOBase):
    """An object's bytes from `at` on, by ranged GETs that insist on one ETag."""

    def __init__(
        self,
        s3: Any,
        patience: Patience,
        work: ObjectWork,
        etag: str,
        size: int,
        at: int = 0,
        get_bytes: int = GET_BYTES,
    ) -> None:
        self._s3, self._patience, self._size, self._at, self._get_bytes = s3, patience, size, at, get_bytes
        self._get = {"Bucket": work.bucket, "Key": work.key, "IfMatch": f'"{etag}"'}
        if work.version_id:
            self._get["VersionId"] = work.version_id
        self._buffer = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if not self._buffer and self._at < self._size:
            last = min(self._at + self._get_bytes, self._size) - 1
            try:
                self._buffer = memoryview(self._patience(self._fetch, self._at, last))
            except OSError as error:  # botocore's time-outs are such, and so is damage to whoever unpacks this stream
                raise StillAway(error) from error
            self._at += len(self._buffer)
        count = min(len(target), len(self._buffer))
        target[:count] = self._buffer[:count]
        self._buffer = self._buffer[count:]
        return count

    def _fetch(self, first: int, last: int) -> bytes:
        """Bytes `first` to `last`. The body is a part of the call: a connection may break in its middle."""
        body: bytes = self._s3.get_object(**self._get, Range=f"bytes={first}-{last}")["Body"].read()
        return body


class Watched(io.RawIOBase):
    """An unpacked stream in which comments are looked for: it ends with an exception where none is found for too long.

    late: whether time is up. Raises OutOfTime, and DamagedError after MAX_BARREN_BYTES without a call of `found`.
    """

    def __init__(self, raw: io.BufferedReader, late: Callable[[], bool]):
        self._raw, self._late, self._barren = raw, late, 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if self._late():
            raise OutOfTime
        if self._barren > MAX_BARREN_BYTES:
            raise DamagedError(f"{self._barren:,} bytes without a comment in them")
        count = self._raw.readinto1(target)  # one read: what came before damage in a second one would be lost
        self._barren += count
        return count

    def found(self) -> None:
        """A comment was found."""
        self._barren = 0
