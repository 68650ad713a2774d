"""Pieces of objects that cannot be entered in the middle, cut for other invocations to score."""

import gzip
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from lambda_fn.bulk.objects import SourceObject
from lambda_fn.bulk.outages import Patience
from lambda_fn.bulk.records import Chunk
from lambda_fn.bulk.work import ObjectWork, PartOf

UPLOADS_AT_ONCE = 8


def part_key(prefix: str, work_id: str, start: int) -> str:
    """Key of the part that holds the chunk of `work_id` that begins at `start`."""
    return f"{prefix}{work_id}-{start}.jsonl.gz"


class PartWriter:
    """Cuts chunks of a packed or CSV object into part objects, each a chunk, that other invocations score.

    A part's key comes from the work and the chunk's start, so a splitter that starts over overwrites its parts.
    """

    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix

    def wrote(self, work: ObjectWork) -> bool:
        """Whether a pointer with `part_of` is to a part of that work. Nothing but this service writes under the
        prefix, so that another sender can have no other work's results replaced."""
        part = work.part_of
        return part is not None and (work.bucket, work.key, work.start, work.end) == (
            self._bucket,
            part_key(self._prefix, part.work_id, part.start),
            0,
            None,
        )

    def write(self, source: SourceObject, chunks: Iterable[Chunk], patience: Patience) -> Iterator[dict[str, Any]]:
        """Upload each chunk, and yield the message that asks for it once its part is in place."""
        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            waiting: list[tuple[Chunk, Future[Any]]] = []
            for chunk in chunks:
                waiting.append((chunk, pool.submit(self._put, source, chunk, patience)))
                if len(waiting) >= 2 * UPLOADS_AT_ONCE:
                    yield self._finish(source, *waiting.pop(0))
            for chunk, upload in waiting:
                yield self._finish(source, chunk, upload)

    def _finish(self, source: SourceObject, chunk: Chunk, upload: Future[Any]) -> dict[str, Any]:
        key = upload.result()
        part = PartOf(source.work_id, chunk.start, source.partition)
        return ObjectWork(self._bucket, key, part_of=part, text_column=source.work.text_column).message()

    def _put(self, source: SourceObject, chunk: Chunk, patience: Patience) -> str:
        key = part_key(self._prefix, source.work_id, chunk.start)
        body = gzip.compress(b"".join(line + b"\n" for _, line in chunk.records), compresslevel=1, mtime=0)
        patience(self._s3.put_object, Bucket=self._bucket, Key=key, Body=body, ContentType="application/gzip")
        return key
