"""Comprehend's asynchronous jobs, worked off step by step: documents in S3 in, `output.tar.gz` out.

A message asks for a job from a position on. An invocation scores part after part as long as it has time, writes each to
a key that says where it begins, and sends a message for what follows; who comes to the end puts the parts together. A
part's documents depend on where it begins alone, so that whatever is delivered twice overwrites itself.
"""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambda_fn import jobs
from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.documents import Document, Input, documents
from lambda_fn.bulk.outages import Patience, is_credentials, is_outage
from lambda_fn.bulk.scoring import ScorableChunk
from lambda_fn.bulk.work import JobWork, MessageError
from lambda_fn.jobs import Job, JobStore, job_key

if TYPE_CHECKING:
    from lambda_fn.bulk.process import BulkScorer

PART_DOCUMENTS = 2048
PART_BYTES = 512 * 1024
# Comprehend's limit of all input files together is 5 GB; the parts of this one are put together by one invocation.
MAX_JOB_BYTES = 1024**3
MAX_OBJECTS = 100_000
_PADDING = tarfile.BLOCKSIZE


class JobFailed(Exception):
    """Why a job cannot be done, whatever is tried again; for its `Message`."""


@dataclass(frozen=True, slots=True)
class Part:
    """Scored documents, and the position behind them; None at the end."""

    lines: list[dict[str, Any]]
    next: JobWork | None


class JobScorer:
    """Goes on with a job as far as the deadline allows. patience: with outages."""

    def __init__(self, bulk: "BulkScorer", deadline: Deadline, patience: Patience):
        self._bulk, self._deadline, self._patience = bulk, deadline, patience
        self._bucket = bulk.settings.results_bucket or ""
        self._store = JobStore(bulk.s3, self._bucket)

    def go_on(self, work: JobWork) -> JobWork | None:
        """What is left of the job when time is up; None when it is over. Raises MessageError, and botocore's errors."""
        job = self._patience(self._store.get, work.id)
        if job is None:
            raise MessageError("message_invalid", f"there is no job {work.id}")
        if job.is_over:
            return None
        try:
            return self._go_on(job, work)
        except JobFailed as error:
            self._patience(self._store.put, job.with_status(jobs.FAILED, str(error)))
            return None

    def _go_on(self, job: Job, work: JobWork) -> JobWork | None:
        if job.status == jobs.SUBMITTED:
            self._patience(self._store.put, job.with_status(jobs.IN_PROGRESS))
        inputs = self._inputs(job)
        seconds = 0.0
        while True:
            part = self._part(job, inputs, work)
            body = b"".join(json.dumps(line).encode() + b"\n" for line in part.lines)
            key = job_key(job.id, f"parts/{work.object:06}-{work.offset:012}.gz")
            self._patience(self._store.write, key, gzip.compress(body, mtime=0))
            if part.next is None:
                self._finish(job, work.bytes + len(body))
                return None
            work = part.next.after(len(body))
            seconds = max(seconds, self._bulk.seconds_per_byte * PART_BYTES)
            if not self._deadline.allows(seconds):
                return work

    def _inputs(self, job: Job) -> list[Input]:
        """The input objects, listed when the job was begun."""
        key = job_key(job.id, "objects.json")
        known = self._patience(self._store.read, key)
        if known is not None:
            return [Input(*item) for item in json.loads(known)]
        bucket, prefix = jobs.split_url(job.input)
        try:
            found = self._patience(self._list, bucket, prefix)
        except Exception as error:
            raise _failed(error, f"{job.input} cannot be listed") from error
        if not found:
            raise JobFailed(f"there are no objects under {job.input}")
        if len(found) > MAX_OBJECTS or sum(item.size for item in found) > MAX_JOB_BYTES:
            raise JobFailed(f"the input has more than {MAX_OBJECTS:,} objects or {MAX_JOB_BYTES:,} bytes")
        self._patience(self._store.write, key, json.dumps([item.fields() for item in found]).encode())
        return found

    def _list(self, bucket: str, prefix: str) -> list[Input]:
        pages = self._bulk.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        items = (item for page in pages for item in page.get("Contents", []))
        return [
            Input(bucket, item["Key"], item["Size"], item["ETag"].strip('"'))
            for item in items
            if not item["Key"].endswith("/")
        ]

    def _part(self, job: Job, inputs: list[Input], work: JobWork) -> Part:
        taken: list[Document] = []
        size = 0
        following: JobWork | None = None
        try:
            for document in documents(self._bulk.s3, self._patience, inputs, job.format, work):
                if taken and (len(taken) == PART_DOCUMENTS or size >= PART_BYTES):
                    following = document.place
                    break
                taken.append(document)
                size += len(document.text)
        except Exception as error:
            raise _failed(error, "an input object cannot be read, or has been overwritten") from error
        readable = [(index, {"text": document.text}) for index, document in enumerate(taken) if not document.error]
        (lines,) = self._bulk.scorer.score([ScorableChunk("", 0, readable)])
        scored = {index: line for (index, _), line in zip(readable, lines, strict=True)}
        return Part([output_line(document, scored.get(index)) for index, document in enumerate(taken)], following)

    def _finish(self, job: Job, size: int) -> None:
        """Put the parts together. size: bytes of all lines."""
        pages = self._bulk.s3.get_paginator("list_objects_v2")
        prefix = job_key(job.id, "parts/")

        def keys() -> list[str]:
            found = pages.paginate(Bucket=self._bucket, Prefix=prefix)
            return [item["Key"] for page in found for item in page.get("Contents", [])]

        parts = (self._patience(self._store.read, key) or b"" for key in self._patience(keys))
        bucket, key = jobs.split_url(job.output)
        archive = io.BytesIO(b"".join(archived(parts, size)))
        try:
            self._patience(self._bulk.s3.put_object, Bucket=bucket, Key=key, Body=archive.getvalue())
        except Exception as error:
            raise _failed(error, f"{job.output} cannot be written") from error
        self._patience(self._store.put, job.with_status(jobs.COMPLETED))


def archived(parts: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The pieces of a .tar.gz with the one file `output`. parts: its content, each gzipped. size: of the content.

    Gzip files end to end are one (RFC 1952, 2.2), so that nothing is unpacked.
    """
    header = tarfile.TarInfo("output")
    header.size = size
    yield gzip.compress(header.tobuf(tarfile.PAX_FORMAT), mtime=0)
    yield from parts
    yield gzip.compress(bytes(-size % _PADDING + 2 * _PADDING), mtime=0)


def output_line(document: Document, result: dict[str, Any] | None) -> dict[str, Any]:
    """A line of Comprehend's output. result: of bulk scoring; None where the document could not be read."""
    place: dict[str, Any] = {"File": document.file}
    if document.line is not None:
        place["Line"] = document.line
    if result is None or result["error"]:
        code, message = (
            (document.error, document.reason) if result is None else (result["error"], result["error_message"])
        )
        return {**place, "ErrorCode": code.upper(), "ErrorMessage": message}
    scores = {label.capitalize(): result[f"p_{label}"] for label in ("negative", "neutral", "positive")}
    return {**place, "Sentiment": result["mood"].upper(), "SentimentScore": {"Mixed": 0.0, **scores}}


def _failed(error: Exception, what: str) -> Exception:
    """`error` where it may pass or is ours to mend, else JobFailed, which does not quote it: it may name accounts."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError) and not is_outage(error) and not is_credentials(error):
        return JobFailed(f"{what} ({error.response['Error']['Code']})")
    return error
