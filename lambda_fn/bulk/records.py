"""Streams of bytes in, records out, in bounded memory; and the grid of chunks that results are written in.

A record is one JSON line, with its position in the stream. A CSV row becomes such a line. A chunk is a run of records
that one result object holds. Its borders depend on the content alone, so that every attempt at a piece of work, whole
or split, first or repeated, cuts it at the same places and overwrites the same result objects.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from lambda_fn.model.text import TextError

# Half a megabyte is about 1,500 comments with their fields: some five seconds of one vCPU.
CHUNK_BYTES = 512 * 1024
CHUNK_RECORDS = 4096
# A longer line is not a comment. It is read no further, so that no input can exhaust the memory.
MAX_RECORD_BYTES = 4 * 1024 * 1024
BOM = b"\xef\xbb\xbf"

Record = tuple[int, bytes]  # position, raw JSON line

csv.field_size_limit(MAX_RECORD_BYTES)  # process-wide, there is no other way; the default is 128 KB


@dataclass(slots=True)
class Chunk:
    """Consecutive records. start: the grid position that names the chunk, at or before its first record."""

    start: int
    records: list[Record] = field(default_factory=list)
    bytes: int = 0


def jsonl_records(stream: BinaryIO, offset: int = 0, end: int | None = None) -> Iterator[Record]:
    """Lines of a plain JSONL stream whose first byte is in [offset, end), each at its byte offset; not the blank ones.

    For offset > 0 the stream must stand at offset - 1: the byte there tells whether a line begins at `offset`.
    A line longer than MAX_RECORD_BYTES comes out cut off, one byte too long.
    """
    if offset:
        offset -= 1
        while chunk := stream.readline(MAX_RECORD_BYTES):
            offset += len(chunk)
            if chunk.endswith(b"\n") or (end is not None and offset >= end):
                break
    while end is None or offset < end:
        line = stream.readline(MAX_RECORD_BYTES + 1)
        if not line:
            return
        position, length, tail = offset, len(line), line
        while not tail.endswith(b"\n") and length > MAX_RECORD_BYTES:
            tail = stream.readline(MAX_RECORD_BYTES)
            if not tail:
                break
            length += len(tail)
        offset += length
        if position == 0:
            line = line.removeprefix(BOM)
        if line.strip():
            yield position, line.rstrip(b"\r\n")


def numbered_records(stream: BinaryIO, is_csv: bool, start: int = 0) -> Iterator[Record]:
    """Records of a CSV stream (with a header), or of a JSONL stream without byte offsets, from index `start` on."""
    lines = _csv_lines(stream) if is_csv else (line for _, line in jsonl_records(stream))
    for index, line in enumerate(lines):
        if index >= start:
            yield index, line


def _csv_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Rows as JSON lines, by the rules of every other reader of files. Raises FormatError."""
    # These modules read what a record is from this one.
    from lambda_fn.bulk.formats import HEAD_BYTES, Wanted, find_format, records
    from lambda_fn.bulk.packing import with_head

    head, stream, whole = with_head(stream, HEAD_BYTES)
    if head:
        yield from records(stream, find_format(head, whole, Wanted(format="csv")))


def byte_chunks(records: Iterable[Record]) -> Iterator[Chunk]:
    """Chunks of a plain JSONL object: the record at byte b is in chunk b // CHUNK_BYTES, wherever reading begins."""
    chunk = None
    for position, line in records:
        start = position - position % CHUNK_BYTES
        if chunk is None or start != chunk.start:
            if chunk:
                yield chunk
            chunk = Chunk(start)
        chunk.records.append((position, line))
        chunk.bytes += len(line)
    if chunk:
        yield chunk


def counted_chunks(records: Iterable[Record]) -> Iterator[Chunk]:
    """Chunks of numbered records: closed at CHUNK_BYTES or CHUNK_RECORDS, whichever comes first."""
    chunk = None
    for position, line in records:
        chunk = chunk or Chunk(position)
        chunk.records.append((position, line))
        chunk.bytes += len(line)
        if chunk.bytes >= CHUNK_BYTES or len(chunk.records) >= CHUNK_RECORDS:
            yield chunk
            chunk = None
    if chunk:
        yield chunk


def parse_record(line: bytes) -> dict:
    """The comment in one line.

    Raises TextError: record_too_long, record_not_utf8, record_not_json, record_not_object.
    """
    if len(line) > MAX_RECORD_BYTES:
        raise TextError("record_too_long", f"the record has more than {MAX_RECORD_BYTES} bytes")
    try:
        comment = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise TextError("record_not_utf8", f"byte {error.start} of the record is not UTF-8") from None
    except (ValueError, RecursionError):
        raise TextError("record_not_json", "the record is not JSON") from None
    return check_object(comment)


def check_object(comment: object) -> dict:
    """`comment` if it is a JSON object, else TextError record_not_object."""
    if isinstance(comment, dict):
        return comment
    unreadable_row = isinstance(comment, str) and ("CSV row" in comment[:20])
    detail = comment if unreadable_row else f"a comment must be an object, not {type(comment).__name__}"
    raise TextError("record_not_object", detail[:200])
