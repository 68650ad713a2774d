"""Streams of bytes in, records out, in bounded memory; and the grid of chunks that results are written in.

A record is one JSON line, with its position in the stream. A CSV row becomes such a line. A chunk is a run of records
that one result object holds. Its borders depend on the content alone, so that every attempt at a piece of work, whole
or split, first or repeated, cuts it at the same places and overwrites the same result objects.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from lambda_fn.bulk.decoding import decode
from lambda_fn.bulk.packing import DamagedError
from lambda_fn.model.text import TextError

# Half a megabyte is about 1,500 comments with their fields: some five seconds of one vCPU.
CHUNK_BYTES = 512 * 1024
CHUNK_RECORDS = 4096
# A longer line is not a comment. It is read no further, so that no input can exhaust the memory.
MAX_RECORD_BYTES = 4 * 1024 * 1024
BOM = b"\xef\xbb\xbf"

Record = tuple[int, bytes]  # position, raw JSON line

_decoder = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,\x1e]*")  # RFC 7464 puts a record separator before each value

csv.field_size_limit(MAX_RECORD_BYTES)  # process-wide, there is no other way; the default is 128 KB


@dataclass(slots=True)
class Chunk:
    """Consecutive records; none where a stretch of a stream holds none.

    start: the grid position that names the chunk, at or before its first record.
    """

    start: int
    records: list[Record] = field(default_factory=list)
    bytes: int = 0

    @property
    def end(self) -> int:
        """The position after its last record; where it has none, that up to which there is none."""
        return self.records[-1][0] + 1 if self.records else self.start


class UnreadableRecord(TextError):
    """A record in whose place an error stands: whatever reads it fails. id: its comment's, if that is known."""

    def __init__(self, id: str | None, error: Exception):
        super().__init__("text_unreadable", f"the comment cannot be scored: {type(error).__name__}")
        self.id = id


def jsonl_records(stream: BinaryIO, offset: int = 0, end: int | None = None) -> Iterator[Record]:
    """Lines of a plain JSONL stream whose first byte is in [offset, end), each at its byte offset; not the blank ones.

    For offset > 0 the stream must stand at offset - 1: the byte there tells whether a line begins at `offset`.
    A line longer than MAX_RECORD_BYTES comes out cut off, one byte too long, before the rest of it is passed over.
    """
    return ((position, line) for position, line in jsonl_scan(stream, offset, end) if line)


def jsonl_scan(stream: BinaryIO, offset: int = 0, end: int | None = None) -> Iterator[Record]:
    """`jsonl_records`, and an empty line after each CHUNK_BYTES or so without a record: who waits for the next one is
    told in time how far the search for it has come."""
    border = offset + CHUNK_BYTES
    at_start = not offset
    if offset:
        offset -= 1
        while chunk := stream.readline(MAX_RECORD_BYTES):
            offset += len(chunk)
            if chunk.endswith(b"\n") or (end is not None and offset >= end):
                break
            yield offset, b""
    while end is None or offset < end:
        line = stream.readline(MAX_RECORD_BYTES + 1)
        if not line:
            return
        position, offset = offset, offset + len(line)
        if at_start:
            line, at_start = line.removeprefix(BOM), False
        if line.strip():
            yield position, line.rstrip(b"\r\n")
            border = offset + CHUNK_BYTES
        else:
            offset += _skip_blank_lines(stream)
            if offset >= border:
                yield offset, b""
                border = offset + CHUNK_BYTES
        while len(line) > MAX_RECORD_BYTES and not line.endswith(b"\n"):
            line = stream.readline(MAX_RECORD_BYTES + 1)
            offset += len(line)
            if not line or (end is not None and offset >= end):
                break
            yield offset, b""


def _skip_blank_lines(stream: BinaryIO) -> int:
    """Pass over the blank lines in what a buffered stream has read ahead: line by line, a gigabyte takes minutes."""
    ahead: bytes = stream.peek() if hasattr(stream, "peek") else b""
    blank = len(ahead) - len(ahead.lstrip())
    return len(stream.read(ahead.rfind(b"\n", 0, blank) + 1))


def after_blanks(text: str, at: int) -> int:
    """Where the next value begins: behind blanks and commas."""
    between = _BETWEEN.match(text, at)
    return between.end() if between else at


def split_line(line: bytes) -> list[bytes]:
    """A line of several objects end to end, as its objects; any other line as it is."""
    if b"}{" not in line and b"} {" not in line:
        return [line]
    try:
        text = line.decode()
        at, found = 0, []
        while at < len(text):
            value, end = _decoder.raw_decode(text, at)
            if not isinstance(value, dict):
                return [line]
            found.append(text[at:end].encode())
            at = after_blanks(text, end)
        return found
    except (ValueError, RecursionError):
        return [line]


def split_record(record: Record) -> list[Record]:
    """A line's objects, each at the byte offset at which it begins."""
    position, line = record
    pieces = split_line(line)
    if pieces[0] is line:
        return [record]
    found, at = [], 0
    for piece in pieces:
        at = line.index(piece, at)
        found.append((position + at, piece))
        at += len(piece)
    return found


def numbered_records(
    lines: Iterable[bytes], start: int = 0, found: Callable[[], object] = lambda: None
) -> Iterator[Record]:
    """Records of a stream that has no byte offsets, each at its index, from index `start` on.

    found: is told of each record, also of those before `start`.
    """
    for index, line in enumerate(lines):
        found()
        if index >= start:
            yield index, line


def byte_chunks(records: Iterable[Record]) -> Iterator[Chunk]:
    """Chunks of a plain JSONL object: the line at byte b is in chunk b // CHUNK_BYTES, wherever reading begins; and
    the objects of a line are all where it is.

    An empty chunk, of which `jsonl_scan` is the cause, says that all before its start has been read.
    """
    chunk = None
    for position, line in records:
        start = position - position % CHUNK_BYTES
        if chunk is None or start != chunk.start:
            if chunk:
                yield chunk
            chunk = Chunk(start)
        if line:
            chunk.records += split_record((position, line))
            chunk.bytes += len(line)
    if chunk and chunk.records:
        yield chunk


def counted_chunks(records: Iterable[Record]) -> Iterator[Chunk]:
    """Chunks of numbered records: closed at CHUNK_BYTES or CHUNK_RECORDS, whichever comes first, and before damage."""
    chunk = None
    try:
        for position, line in records:
            chunk = chunk or Chunk(position)
            chunk.records.append((position, line))
            chunk.bytes += len(line)
            if chunk.bytes >= CHUNK_BYTES or len(chunk.records) >= CHUNK_RECORDS:
                yield chunk
                chunk = None
    except DamagedError:  # always at the same place, so what comes before it is always the same chunk
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def parse_record(line: bytes) -> dict[str, Any]:
    """The comment in one line.

    Raises TextError: record_too_long, record_not_utf8, record_not_json, record_not_object.
    """
    if len(line) > MAX_RECORD_BYTES:
        raise TextError("record_too_long", f"the record has more than {MAX_RECORD_BYTES} bytes")
    try:
        comment = decode(line.decode())
    except UnicodeDecodeError as error:
        raise TextError("record_not_utf8", f"byte {error.start} of the record is not UTF-8") from None
    except ValueError:
        raise TextError("record_not_json", "the record is not JSON") from None
    return check_object(comment)


def check_object(comment: object) -> dict[str, Any]:
    """`comment` if it is a JSON object, else TextError record_not_object."""
    if isinstance(comment, dict):
        return comment
    detail = f"a comment must be an object, not {type(comment).__name__}"
    if isinstance(comment, str) and "CSV row" in comment[:20]:
        detail = comment
    raise TextError("record_not_object", detail[:200])
