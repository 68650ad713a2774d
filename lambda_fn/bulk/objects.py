"""S3 objects of comments: looked at, streamed in ranged reads, cut into chunks."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lambda_fn.bulk.deadline import OutOfTime
from lambda_fn.bulk.encodings import UTF8
from lambda_fn.bulk.formats import HEAD_BYTES, JSON_LINES, JSON_LISTED, JSON_VALUES, Format, records
from lambda_fn.bulk.json_shapes import NoListError
from lambda_fn.bulk.outages import Patience
from lambda_fn.bulk.packing import LARGE_WINDOW_LOG, DamagedError, unpacked, with_head
from lambda_fn.bulk.ranged import GET_BYTES, RangedObject, Watched
from lambda_fn.bulk.recognition import called_packed, format_of, is_packed
from lambda_fn.bulk.records import CHUNK_BYTES, Chunk, byte_chunks, counted_chunks, jsonl_scan, numbered_records
from lambda_fn.bulk.work import MessageError, ObjectWork, object_work_id

# Most chunks end with a line that goes on into the next; comments are short.
TAIL_BYTES = 16 * 1024
BUFFER_BYTES = 256 * 1024

Late = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class SourceObject:
    """An S3 object that was found. etag, size (bytes) and partition (LastModified, UTC) are those of its content.

    work: what was asked for. format: of what is not packed; None: told by the content, once it is unpacked. is_plain:
    JSON lines as they are, where a position is a byte offset.
    """

    work: ObjectWork
    etag: str
    size: int
    partition: datetime
    format: Format | None

    @property
    def is_plain(self) -> bool:
        return self.format == Format(JSON_LINES, UTF8)

    @property
    def work_id(self) -> str:
        return self.work.part_of.work_id if self.work.part_of else self._own_work_id

    @property
    def _own_work_id(self) -> str:
        return object_work_id(self.work.bucket, self.work.key, self.etag, self.work.text_column)

    @property
    def first(self) -> int:
        """Position at which the work on it begins."""
        return self.work.start + (self.work.part_of.start if self.work.part_of else 0)

    def chunks(self, s3: Any, patience: Patience, late: Late) -> Iterator[Chunk]:
        """The object's chunks from `work.start` to `work.end`, read as they are asked for.

        Raises MessageError: object_corrupt (damaged, cut off, a bomb), object_changed (overwritten while it is read),
        object_unknown_format, object_parquet, object_no_text; and OutOfTime where time is up (`late`) while the next
        comment is looked for.
        """
        if self.is_plain:
            yield from self._byte_chunks(s3, patience)
            return
        base = self.work.part_of.start if self.work.part_of else 0
        with _named_errors(self.work):
            watched = self._content(s3, patience, late)
            lines, _ = self._records(watched)
            for chunk in counted_chunks(numbered_records(lines, self.work.start, watched.found)):
                if self.work.end is not None and chunk.start >= self.work.end:
                    return
                chunk.start += base
                chunk.records = [(position + base, line) for position, line in chunk.records]
                yield chunk

    def check(self, s3: Any, patience: Patience, late: Late) -> None:
        """Read an object that has no byte offsets through, so far as time allows. Raises MessageError if it is damaged.

        JSON that is not lines may break off anywhere; of all else only the packing can be damaged.
        """
        with _named_errors(self.work):
            watched = self._content(s3, patience, late)
            try:
                lines, format = self._records(watched)
                if format.name in (JSON_VALUES, JSON_LISTED):
                    for _ in lines:
                        watched.found()
                elif self.format is None:
                    stream, _, _ = unpacked(self._stream(s3, patience), LARGE_WINDOW_LOG)
                    while not late() and stream.read(BUFFER_BYTES):
                        pass
            except OutOfTime:
                return

    def _stream(self, s3: Any, patience: Patience) -> io.BufferedReader:
        return io.BufferedReader(RangedObject(s3, patience, self.work, self.etag, self.size), BUFFER_BYTES)

    def _content(self, s3: Any, patience: Patience, late: Late) -> Watched:
        stream = self._stream(s3, patience)
        return Watched(stream if self.format else unpacked(stream, LARGE_WINDOW_LOG)[0], late)

    def _records(self, content: Watched) -> tuple[Iterator[bytes], Format]:
        """The records of a content, and its format."""
        stream: io.BufferedReader[Any] = io.BufferedReader(content, BUFFER_BYTES)
        format = self.format
        if format is None:
            head, stream, whole = with_head(stream, HEAD_BYTES)
            format = format_of(self.work, head, whole)
        return records(stream, format), format

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
        return replace(self.work, etag=self.etag, start=start, end=end).message()

    def rest_message(self, start: int) -> dict[str, Any]:
        """The message that asks for this work again, from the chunk at `start` on."""
        base = self.work.part_of.start if self.work.part_of else 0
        return self.work.message(max(start - base, self.work.start), self.etag)


def find_object(s3: Any, work: ObjectWork, patience: Patience) -> SourceObject | None:
    """Look the object up; None if it is empty, as a folder made in the console and a job's marker are.

    Raises MessageError: object_missing, object_changed, object_unknown_format, object_parquet, object_no_text,
    object_corrupt, message_invalid.
    """
    version = {"VersionId": work.version_id} if work.version_id else {}
    with _named_errors(work):
        found = patience(s3.head_object, Bucket=work.bucket, Key=work.key, **version)
    etag, size = found["ETag"].strip('"'), found["ContentLength"]
    if work.etag and work.etag.strip('"') != etag:
        raise MessageError("object_changed", f"s3://{work.bucket}/{work.key} was overwritten; its rest is gone")
    if not size:
        return None
    coding = found.get("ContentEncoding", "")
    with _named_errors(work):
        raw = RangedObject(s3, patience, work, etag, size, get_bytes=HEAD_BYTES)
        head, _, whole = with_head(io.BufferedReader(raw, BUFFER_BYTES), HEAD_BYTES)
    format = None if is_packed(work, head, coding) else format_of(work, head, whole, called_packed(work, coding))
    partition = work.part_of.partition if work.part_of else found["LastModified"]
    source = SourceObject(work, etag, size, partition, format)
    if source.is_plain and (work.start % CHUNK_BYTES or (source.end % CHUNK_BYTES and source.end != source.size)):
        # Half a chunk would replace the results of the whole one.
        raise MessageError("message_invalid", f"start and end of a range must be multiples of {CHUNK_BYTES}")
    return source


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
    except NoListError as error:
        # its words may hold names of fields, and these belong to no log
        raise MessageError("object_unknown_format", f"{place} is one object, not around just one list") from error
    except ModuleNotFoundError as error:
        raise MessageError("object_unknown_format", f"{place} is packed in a way that needs {error.name}") from error
    except (DamagedError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise MessageError("object_corrupt", f"{place}: {error}") from error
