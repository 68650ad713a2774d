"""What a stream is packed with, told by its first bytes whatever its name says; and the stream without it."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

GZIP, ZSTD, BZIP2, XZ = "gzip", "zstd", "bzip2", "xz"
_MAGIC = {GZIP: b"\x1f\x8b\x08", ZSTD: b"\x28\xb5\x2f\xfd", BZIP2: b"BZh", XZ: b"\xfd7zXZ\x00"}
# Frames that zstd readers pass over (RFC 8878, 3.1.2): 16 magic numbers, the lowest first.
_SKIPPABLE = tuple(bytes([0x50 + n]) + b"\x2a\x4d\x18" for n in range(16))
# Reddit's dumps ask for 2**31 bytes, which readers refuse unless they are told.
MAX_WINDOW_LOG = 31
LARGE_WINDOW_LOG = 27
LARGE_WINDOW = 1 << LARGE_WINDOW_LOG
BUFFER_BYTES = 256 * 1024
PIECE_BYTES = 16 * 1024
# What is packed twice over is common (a .gz that is served gzipped); more often is no file of comments.
MAX_LAYERS = 3


class DamagedError(ValueError):
    """A packed stream that ends early, or is broken at a place."""


def packing_of(head: bytes) -> str | None:
    """gzip, zstd, bzip2 or xz, by the first bytes; None for none of them."""
    if head.startswith(_SKIPPABLE):
        return ZSTD
    return next((name for name, magic in _MAGIC.items() if head.startswith(magic)), None)


def zstd_window(head: bytes) -> int:
    """Bytes of memory that a zstd frame's header (RFC 8878, 3.1.1.1) asks for; 0 where it is its content's size."""
    if not head.startswith(_MAGIC[ZSTD]) or len(head) < 6 or head[4] & 0x20:
        return 0
    exponent, mantissa = head[5] >> 3, head[5] & 7
    base = 1 << (10 + exponent)
    return base + base // 8 * mantissa


def _zstd(raw: BinaryIO, window_log: int) -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdFile(raw, options={zstd.DecompressionParameter.window_log_max: window_log})


_OPEN: dict[str, Callable[[BinaryIO, int], Any]] = {
    GZIP: lambda raw, _: gzip.GzipFile(fileobj=raw, mode="rb"),
    ZSTD: _zstd,
    BZIP2: lambda raw, _: bz2.BZ2File(raw),
    XZ: lambda raw, _: lzma.LZMAFile(raw),  # noqa: SIM115
}


class Unpacked(io.RawIOBase):
    """A packed stream's content. A fault says which packing, and after how many good bytes.

    window_log: of the largest zstd window that is taken, in bits. Raises DamagedError from reads.
    """

    def __init__(self, raw: BinaryIO, packing: str, window_log: int = MAX_WINDOW_LOG):
        self._file, self._packing, self._good = _OPEN[packing](raw, window_log), packing, 0
        self._fault: DamagedError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if self._fault:
            raise self._fault
        try:
            # in small pieces: what comes before a fault in the same piece is lost
            data = self._file.read(min(len(target), PIECE_BYTES))
        except Exception as error:
            if not _is_damage(error):
                raise
            place = f"after {self._good:,} good bytes"
            self._fault = DamagedError(f"damaged {self._packing} {place}: {error}")
            raise self._fault from error
        self._good += len(data)
        target[: len(data)] = data
        return len(data)


def _is_damage(error: Exception) -> bool:
    """Whether the content is to blame. A disk's or a network's error carries a number; zstd's own is a class apart."""
    if isinstance(error, OSError):
        return not error.errno
    return isinstance(error, EOFError | zlib.error | lzma.LZMAError) or type(error).__name__ == "ZstdError"


class _Chained(io.RawIOBase):
    """Bytes that were read already, then the rest of their stream."""

    def __init__(self, head: bytes, rest: Any):
        self._head, self._rest = memoryview(head), rest

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if not self._head:
            # one read of what lies below: what came before damage in a second one would be lost
            read = getattr(self._rest, "readinto1", self._rest.readinto)
            return read(target) or 0
        count = min(len(target), len(self._head))
        target[:count] = self._head[:count]
        self._head = self._head[count:]
        return count


def with_head(stream: BinaryIO, size: int) -> tuple[bytes, io.BufferedReader, bool]:
    """The first `size` bytes of a stream, the stream with them still in it, and whether they are all there is.

    A peek would end where the buffer does, and on a pipe after whatever has arrived. Damage behind the first bytes is
    left for the reader to meet.
    """
    head, whole = b"", False
    # one read of what lies below at a time: what came before damage in a second one would be lost
    read = getattr(stream, "read1", stream.read)
    try:
        while len(head) < size:
            piece = read(size - len(head))
            if not piece:
                whole = True
                break
            head += piece
    except DamagedError:
        if not head:
            raise
    return head, io.BufferedReader(_Chained(head, stream), BUFFER_BYTES), whole


def unpacked(raw: BinaryIO, window_log: int = MAX_WINDOW_LOG) -> tuple[io.BufferedReader, list[str], int]:
    """`raw` without what it is packed with, the packings from the outside in, and the largest zstd window, in bytes.

    window_log: of the largest window that any frame of any layer may ask for, in bits; more is damage to the reader.

    Raises DamagedError for what is packed more than MAX_LAYERS times over.
    """
    layers: list[str] = []
    window = 0
    while True:
        head, stream, _ = with_head(raw, 16)
        packing = packing_of(head)
        if not packing:
            return stream, layers, window
        if len(layers) == MAX_LAYERS:
            raise DamagedError(f"packed more than {MAX_LAYERS} times over")
        window = max(window, zstd_window(head))
        layers.append(packing)
        raw = io.BufferedReader(Unpacked(stream, packing, window_log), PIECE_BYTES)
