"""Which characters a file's bytes are: told by a byte order mark, by its zeros, by whether it is UTF-8; else cp1252."""

import codecs
import io
import re
from typing import Any, BinaryIO

UTF8 = "utf-8"
_MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# A cut-off emoji is such a run, too; in cp1252 runs of three would be an accent and two symbols.
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_PIECE = 64 * 1024


class EncodingUnknown(ValueError):
    """Bytes that are neither UTF-8, UTF-16 nor cp1252."""


def find_encoding(head: bytes, whole: bool) -> str:
    """The encoding of a text that begins with `head`. whole: there is no more of it than this.

    What is not UTF-8 is taken for cp1252 outright: detectors call short cp1252 texts cp1250, cp852 or worse. A stray
    byte in a text that is otherwise plainly UTF-8 leaves it UTF-8. Raises EncodingUnknown.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) > len(head) // 4 and max(even, odd) > 4 * min(even, odd):
            return "utf-16-le" if odd > even else "utf-16-be"
        raise EncodingUnknown("it holds zero bytes: it is no text")
    try:
        codecs.getincrementaldecoder(UTF8)().decode(head, final=whole)
        return UTF8
    except UnicodeDecodeError:
        pass
    good = sum(len(m[0]) for m in _MULTIBYTE.finditer(head) if len(m[0]) > 2 or _is_utf8(m[0]))
    if 2 * good >= sum(byte >= 0x80 for byte in head):
        return UTF8
    try:
        head.decode("cp1252")
    except UnicodeDecodeError as error:
        raise EncodingUnknown(f"byte {error.start} is neither UTF-8 nor cp1252") from None
    return "cp1252"


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True


class AsUtf8(io.RawIOBase):
    """A stream in another encoding, as UTF-8. What cannot be decoded becomes U+FFFD; a byte order mark goes."""

    def __init__(self, raw: BinaryIO, encoding: str):
        self._raw, self._decoder = raw, codecs.getincrementaldecoder(encoding)("replace")
        self._ready, self._first = memoryview(b""), True

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._ready:
            piece = self._raw.read(_PIECE)
            text = self._decoder.decode(piece, final=not piece)
            if self._first and text:
                text, self._first = text.removeprefix("\ufeff"), False
            self._ready = memoryview(text.encode("utf-8", "surrogatepass"))
            if not piece:
                break
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def as_utf8(stream: io.BufferedReader, encoding: str) -> io.BufferedReader:
    """`stream` as UTF-8 that can be peeked into; itself where it is UTF-8."""
    if codecs.lookup(encoding).name in ("utf-8", "ascii"):
        return stream
    return io.BufferedReader(AsUtf8(stream, encoding), 4 * _PIECE)
