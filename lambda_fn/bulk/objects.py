"""S3 objects of comments: looked at, streamed in ranged reads, cut into chunks."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lambda_fn.bulk.formats import FormatError
from lambda_fn.bulk.outages import Patience
from lambda_fn.bulk.packing import LARGE_WINDOW, DamagedError, packing_of, unpacked, zstd_window
from lambda_fn.bulk.ranged import GET_BYTES, RangedObject, Watched
from lambda_fn.bulk.records import CHUNK_BYTES, Chunk, byte_chunks, counted_chunks, jsonl_scan, numbered_records
from lambda_fn.bulk.work import MessageError, ObjectWork, object_work_id

# Most chunks end with a line that goes on into the next; comments are short.
TAIL_BYTES = 16 * 1024
HEAD_BYTES = 64
BUFFER_BYTES = 256 * 1024
PLAIN_JSONL = (".jsonl", ".ndjson")
PACKED = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")
# Content codings that say nothing of the bytes that are stored, and those whose bytes tell by themselves.
NO_CODING = frozenset({"", "aws-chunked", "identity"})
KNOWN_CODINGS = frozenset({"gzip", "x-gzip", "zstd"})
# No text begins with these.
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\x1e") | {127}

Late = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class SourceObject:
    """An S3 object that was found. etag, size (bytes) and partition (LastModified, UTC) are those of its content.

    work: what was asked for. is_plain: JSONL without compression, where a position is a byte offset.
    """

    work: ObjectWork
    etag: str
    size: int
    partition: datetime
    is_csv: bool
    is_packed: bool

    @property
    def is_plain(self) -> bool:
        return not (self.is_csv or self.is_packed)

    @property
    def work_id(self) -> str:
        return self.work.part_of.work_id if self.work.part_of else object_work_id(*self._place, self.etag)

    @property
    def first(self) -> int:
        """Position at which the work on it begins."""
        return self.work.start + (self.work.part_of.start if self.work.part_of else 0)

    @property
    def _place(self) -> tuple[str, str]:
        return self.work.bucket, self.work.key

    def chunks(self, s3: Any, patience: Patience, late: Late) -> Iterator[Chunk]:
        """The object's chunks from `work.start` to `work.end`, read as they are asked for.

        Raises MessageError: object_corrupt (damaged, cut off, a bomb), object_changed (overwritten while it is read),
        object_unknown_format; and OutOfTime where time is up (`late`) while the next comment is looked for.
        """
        if self.is_plain:
            yield from self._byte_chunks(s3, patience)
            return
        base = self.work.part_of.start if self.work.part_of else 0
        with _named_errors(self.work):
            watched = self._unpacked(s3, patience, late)
            stream = io.BufferedReader(watched, BUFFER_BYTES)
            for chunk in counted_chunks(numbered_records(stream, self.is_csv, self.work.start, watched.found)):
                if self.work.end is not None and chunk.start >= self.work.end:
                    return
                chunk.start += base
                chunk.records = [(position + base, line) for position, line in chunk.records]
                yield chunk

    def check(self, s3: Any, patience: Patience, late: Late) -> None:
        """Read a packed object through, so far as time allows. Raises MessageError if it is damaged."""
        with _named_errors(self.work):
            stream, _, _ = unpacked(self._stream(s3, patience))
            while not late() and stream.read(BUFFER_BYTES):
                pass

    def _stream(self, s3: Any, patience: Patience) -> io.BufferedReader:
        return io.BufferedReader(RangedObject(s3, patience, self.work, self.etag, self.size), BUFFER_BYTES)

    def _unpacked(self, s3: Any, patience: Patience, late: Late) -> Watched:
        stream = self._stream(s3, patience)
        return Watched(unpacked(stream)[0] if self.is_packed else stream, late)

    def _byte_chunks(self, s3: Any, patience: Patience) -> Iterator[Chunk]:
        start, end = self.work.start, self.end
        with _named_errors(self.work):
            get_bytes = max(TAIL_BYTES, min(GET_BYTES, end - start + TAIL_BYTES))
            at = max(0, start - 1)
            raw = RangedObject(s3, patience, self.work, self.etag, self.size, at, get_bytes)
            yield from byte_chunks(jsonl_scan(io.BufferedReader(raw, 64 * 1024), start, end))

    @property
    def end(self) -> int:
        """Byte at which the work on a plain JSONL object ends."""
        return min(self.work.end or self.size, self.size)

    def range_message(self, start: int) -> dict[str, Any]:
        """The message that asks for the one chunk of a plain JSONL object at byte `start`."""
        end = min(start + CHUNK_BYTES, self.end)
        return ObjectWork(*self._place, self.work.version_id, self.etag, start, end).message()

    def rest_message(self, start: int) -> dict[str, Any]:
        """The message that asks for this work again, from the chunk at `start` on."""
        base = self.work.part_of.start if self.work.part_of else 0
        return self.work.message(max(start - base, self.work.start), self.etag)


def find_object(s3: Any, work: ObjectWork, patience: Patience) -> SourceObject | None:
    """Look the object up; None if it is empty, as a folder made in the console and a job's marker are.

    Raises MessageError: object_missing, object_changed, object_unknown_format, object_corrupt, message_invalid.
    """
    version = {"VersionId": work.version_id} if work.version_id else {}
    with _named_errors(work):
        head = patience(s3.head_object, Bucket=work.bucket, Key=work.key, **version)
    etag, size = head["ETag"].strip('"'), head["ContentLength"]
    if work.etag and work.etag.strip('"') != etag:
        raise MessageError("object_changed", f"s3://{work.bucket}/{work.key} was overwritten; its rest is gone")
    if not size:
        return None
    name = bare_name(work.key)
    if not name.endswith((*PLAIN_JSONL, ".csv")):
        raise MessageError("object_unknown_format", f"{work.key} is not a .jsonl, .ndjson or .csv, plain or packed")
    with _named_errors(work):
        first = RangedObject(s3, patience, work, etag, size, get_bytes=HEAD_BYTES).read(HEAD_BYTES) or b""
    is_packed = _is_packed(work, first, head.get("ContentEncoding", ""))
    partition = work.part_of.partition if work.part_of else head["LastModified"]
    source = SourceObject(work, etag, size, partition, name.endswith(".csv"), is_packed)
    if source.is_plain and (work.start % CHUNK_BYTES or (source.end % CHUNK_BYTES and source.end != source.size)):
        # Half a chunk would replace the results of the whole one.
        raise MessageError("message_invalid", f"start and end of a range must be multiples of {CHUNK_BYTES}")
    return source


def bare_name(key: str) -> str:
    """The key in lower case, without the suffixes of packings."""
    name = key.lower()
    while name.endswith(PACKED):
        name = name.rpartition(".")[0]
    return name


def _is_packed(work: ObjectWork, first: bytes, content_encoding: str) -> bool:
    """Told by the object's first bytes, whatever its name and its header say; these only tell what cannot be read.

    Content-Encoding is a list of tokens in any case (RFC 9110, 8.4): stores keep `aws-chunked` in it by mistake.
    """
    codings = {token.strip().lower() for token in content_encoding.split(",")} - NO_CODING
    if unknown := codings - KNOWN_CODINGS:
        raise MessageError("object_unknown_format", f"{work.key} has the content coding {', '.join(sorted(unknown))}")
    packing = packing_of(first)
    if packing:
        if zstd_window(first) > LARGE_WINDOW:
            raise MessageError(
                "object_unknown_format", f"{work.key} asks for a zstd window of {zstd_window(first):,} bytes"
            )
        return True
    if _CONTROL & set(first):
        if codings or work.key.lower().endswith(PACKED):
            raise MessageError("object_corrupt", f"{work.key} is called packed, and its first bytes are of no packing")
        raise MessageError("object_unknown_format", f"{work.key} is no text")
    return False


@contextmanager
def _named_errors(work: ObjectWork) -> Any:
    """Faults that no retry cures get a code; all others stay what they are."""
    from botocore.exceptions import ClientError

    place = f"s3://{work.bucket}/{work.key}"
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 404:
            raise MessageError("object_missing", f"{place} does not exist") from error
        if status == 412:
            raise MessageError("object_changed", f"{place} was overwritten while it was read") from error
        raise
    except FormatError as error:
        raise MessageError("object_unknown_format", f"{place}: {error}") from error
    except ModuleNotFoundError as error:
        raise MessageError("object_unknown_format", f"{place} is packed in a way that needs {error.name}") from error
    except (DamagedError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise MessageError("object_corrupt", f"{place}: {error}") from error
