"""Jobs over many documents in S3, as Amazon Comprehend has them: what the API writes down and bulk scoring works off.

    jobs/<id>/job.json         the job itself; the API writes it first, bulk scoring from then on
    jobs/<id>/objects.json     the input objects, as they were listed once
    jobs/<id>/parts/…          scored documents that wait to be put together
    jobs/~tokens/<digest>      the id of the job that a caller's ClientRequestToken has begun

Ids begin with the time, counted down, so that S3 lists the newest first.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from lambda_fn.contract import JOBS_PREFIX

SUBMITTED, IN_PROGRESS, COMPLETED, FAILED = "SUBMITTED", "IN_PROGRESS", "COMPLETED", "FAILED"
STATUSES = (SUBMITTED, IN_PROGRESS, COMPLETED, FAILED, "STOP_REQUESTED", "STOPPED")
ONE_DOC_PER_LINE, ONE_DOC_PER_FILE = "ONE_DOC_PER_LINE", "ONE_DOC_PER_FILE"
# The kind of message that asks bulk scoring to go on with a job.
MESSAGE = "comprehend_job"
_LAST_MS = 2**48 - 1


@dataclass(frozen=True, slots=True)
class Job:
    """A sentiment detection job. input, output: s3:// URLs, the latter of the archive. format: one of the two above.
    submitted, ended: seconds since 1970. message: why it failed."""

    id: str
    arn: str
    name: str | None
    input: str
    output: str
    format: str
    role: str
    language: str
    submitted: float
    status: str = SUBMITTED
    message: str | None = None
    ended: float | None = None

    @property
    def is_over(self) -> bool:
        return self.status in (COMPLETED, FAILED)

    def with_status(self, status: str, message: str | None = None) -> "Job":
        ended = time.time() if status in (COMPLETED, FAILED) else None
        return replace(self, status=status, message=message, ended=ended)

    def properties(self) -> dict[str, Any]:
        """Comprehend's SentimentDetectionJobProperties."""
        members = {
            "JobId": self.id,
            "JobArn": self.arn,
            "JobName": self.name,
            "JobStatus": self.status,
            "Message": self.message,
            "SubmitTime": round(self.submitted, 3),
            "EndTime": self.ended and round(self.ended, 3),
            "InputDataConfig": {"S3Uri": self.input, "InputFormat": self.format},
            "OutputDataConfig": {"S3Uri": self.output},
            "LanguageCode": self.language,
            "DataAccessRoleArn": self.role,
        }
        return {name: value for name, value in members.items() if value is not None}


def new_id() -> str:
    """32 hexadecimal digits, smaller than any of a millisecond before."""
    return f"{_LAST_MS - int(time.time() * 1000):012x}{os.urandom(10).hex()}"


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of `s3://bucket/key`."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def job_key(id: str, name: str = "job.json") -> str:
    return f"{JOBS_PREFIX}{id}/{name}"


def message(id: str, **position: int) -> dict[str, Any]:
    """The message that asks for a job to be begun, or gone on with at a position."""
    return {MESSAGE: {"id": id, **position}}


class JobStore:
    """Jobs in the results bucket. Raises botocore's errors."""

    def __init__(self, s3: Any, bucket: str):
        self._s3, self._bucket = s3, bucket

    def get(self, id: str) -> Job | None:
        """None if there is no such job."""
        body = self.read(job_key(id))
        return None if body is None else Job(**json.loads(body))

    def put(self, job: Job) -> None:
        self.write(job_key(job.id), json.dumps(asdict(job)).encode())

    def newest(self, after: str | None = None) -> Iterator[Job]:
        """All jobs, the newest first. after: those that were submitted before the job of this id."""
        start = {"StartAfter": job_key(after, "~")} if after else {}
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=JOBS_PREFIX, Delimiter="/", **start
        )
        for page in pages:
            for found in page.get("CommonPrefixes", []):
                job = self.get(found["Prefix"].removeprefix(JOBS_PREFIX).rstrip("/"))
                if job:
                    yield job

    def id_of(self, token: str, id: str) -> str:
        """The id that a caller's token stands for: `id`, unless it has been used."""
        key = f"{JOBS_PREFIX}~tokens/{hashlib.sha256(token.encode()).hexdigest()}"
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=id.encode(), IfNoneMatch="*")
            return id
        except self._s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                raise
            return (self.read(key) or id.encode()).decode()

    def read(self, key: str) -> bytes | None:
        """The object's bytes; None if there is none."""
        try:
            body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None
        return body

    def write(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
