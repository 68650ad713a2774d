"""S3 objects of comments: streamed in ranged reads, cut into chunks, and cut into part objects for others to score."""

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from lambda_fn.bulk.formats import FormatError
from lambda_fn.bulk.messages import MessageError, ObjectWork, PartOf, object_work_id
from lambda_fn.bulk.records import CHUNK_BYTES, Chunk, byte_chunks, counted_chunks, jsonl_records, numbered_records

# A GET of this size holds a connection for well under a second: none idles while its comments are scored.
GET_BYTES = 4 * 1024 * 1024
# Most chunks end with a line that goes on into the next; comments are short.
TAIL_BYTES = 16 * 1024
PLAIN_JSONL = (".jsonl", ".ndjson")
UPLOADS_AT_ONCE = 8


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
    is_gzip: bool

    @property
    def is_plain(self) -> bool:
        return not (self.is_csv or self.is_gzip)

    @property
    def work_id(self) -> str:
        return self.work.part_of.work_id if self.work.part_of else object_work_id(*self._place, self.etag)

    @property
    def _place(self) -> tuple[str, str]:
        return self.work.bucket, self.work.key

    def chunks(self, s3) -> Iterator[Chunk]:
        """The object's chunks from `work.start` to `work.end`, read as they are asked for.

        Raises MessageError: object_corrupt (not gzip, or cut off), object_changed (overwritten while it is read).
        """
        work = self.work
        if self.is_plain:
            yield from self._byte_chunks(s3)
            return
        base = work.part_of.start if work.part_of else 0
        with _named_errors(work):
            stream: BinaryIO = io.BufferedReader(_RangedObject(s3, work, self.etag, self.size), 256 * 1024)
            if self.is_gzip:
                stream = io.BufferedReader(gzip.GzipFile(fileobj=stream), 256 * 1024)
            for chunk in counted_chunks(numbered_records(stream, self.is_csv, work.start)):
                if work.end is not None and chunk.start >= work.end:
                    return
                chunk.start += base
                chunk.records = [(position + base, line) for position, line in chunk.records]
                yield chunk

    def _byte_chunks(self, s3) -> Iterator[Chunk]:
        start, end = self.work.start, self.end
        with _named_errors(self.work):
            get_bytes = min(GET_BYTES, end - start + TAIL_BYTES)
            raw = _RangedObject(s3, self.work, self.etag, self.size, at=max(0, start - 1), get_bytes=get_bytes)
            yield from byte_chunks(jsonl_records(io.BufferedReader(raw, 64 * 1024), start, end))

    @property
    def end(self) -> int:
        """Byte at which the work on a plain JSONL object ends."""
        return min(self.work.end or self.size, self.size)

    def range_message(self, start: int) -> dict:
        """The message that asks for the one chunk of a plain JSONL object at byte `start`."""
        end = min(start + CHUNK_BYTES, self.end)
        return ObjectWork(*self._place, self.work.version_id, self.etag, start, end).message()

    def rest_message(self, start: int) -> dict:
        """The message that asks for this work again, from the chunk at `start` on."""
        base = self.work.part_of.start if self.work.part_of else 0
        return self.work.message(max(start - base, self.work.start), self.etag)


def find_object(s3, work: ObjectWork) -> SourceObject:
    """Look the object up. Raises MessageError: object_missing, object_changed, object_unknown_format."""
    version = {"VersionId": work.version_id} if work.version_id else {}
    with _named_errors(work):
        head = s3.head_object(Bucket=work.bucket, Key=work.key, **version)
    etag = head["ETag"].strip('"')
    if work.etag and work.etag != etag:
        raise MessageError("object_changed", f"s3://{work.bucket}/{work.key} was overwritten; its rest is gone")
    name = work.key.lower()
    is_gzip = name.endswith(".gz") or head.get("ContentEncoding") == "gzip"
    name = name.removesuffix(".gz")
    if not name.endswith((*PLAIN_JSONL, ".csv")):
        raise MessageError("object_unknown_format", f"{work.key} is not a .jsonl, .ndjson or .csv, plain or .gz")
    partition = work.part_of.partition if work.part_of else head["LastModified"]
    source = SourceObject(work, etag, head["ContentLength"], partition, name.endswith(".csv"), is_gzip)
    if source.is_plain and (work.start % CHUNK_BYTES or (source.end % CHUNK_BYTES and source.end != source.size)):
        # Half a chunk would replace the results of the whole one.
        raise MessageError("message_invalid", f"start and end of a range must be multiples of {CHUNK_BYTES}")
    return source


class PartWriter:
    """Cuts chunks of a gzip or CSV object into part objects, each a chunk, that other invocations score.

    A part's key comes from the work and the chunk's start, so a splitter that starts over overwrites its parts.
    """

    def __init__(self, s3, bucket: str, prefix: str):
        self._s3, self._bucket, self._prefix = s3, bucket, prefix

    def write(self, source: SourceObject, chunks: Iterable[Chunk]) -> Iterator[dict]:
        """Upload each chunk, and yield the message that asks for it once its part is in place."""
        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            waiting: list[tuple[Chunk, Future]] = []
            for chunk in chunks:
                waiting.append((chunk, pool.submit(self._put, source, chunk)))
                if len(waiting) >= 2 * UPLOADS_AT_ONCE:
                    yield self._finish(source, *waiting.pop(0))
            for chunk, upload in waiting:
                yield self._finish(source, chunk, upload)

    def _finish(self, source: SourceObject, chunk: Chunk, upload: Future) -> dict:
        key = upload.result()
        part = PartOf(source.work_id, chunk.start, source.partition)
        return ObjectWork(self._bucket, key, part_of=part).message()

    def _put(self, source: SourceObject, chunk: Chunk) -> str:
        key = f"{self._prefix}{source.work_id}-{chunk.start}.jsonl.gz"
        body = gzip.compress(b"".join(line + b"\n" for _, line in chunk.records), compresslevel=1, mtime=0)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/gzip")
        return key


class _RangedObject(io.RawIOBase):
    """An object's bytes from `at` on, by ranged GETs that insist on one ETag."""

    def __init__(self, s3, work: ObjectWork, etag: str, size: int, at: int = 0, get_bytes: int = GET_BYTES):
        self._s3, self._size, self._at, self._get_bytes = s3, size, at, get_bytes
        self._get = {"Bucket": work.bucket, "Key": work.key, "IfMatch": f'"{etag}"'}
        if work.version_id:
            self._get["VersionId"] = work.version_id
        self._buffer = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:
        if not self._buffer and self._at < self._size:
            last = min(self._at + self._get_bytes, self._size) - 1
            answer = self._s3.get_object(**self._get, Range=f"bytes={self._at}-{last}")
            self._buffer = memoryview(answer["Body"].read())
            self._at += len(self._buffer)
        count = min(len(target), len(self._buffer))
        target[:count] = self._buffer[:count]
        self._buffer = self._buffer[count:]
        return count


@contextmanager
def _named_errors(work: ObjectWork):
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
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise MessageError("object_corrupt", f"{place} is not whole gzip: {error}") from error
