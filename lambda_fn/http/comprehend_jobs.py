"""Comprehend's asynchronous jobs of sentiment detection: Start…, Describe…, ListSentimentDetectionJobs.

A job is written down in the results bucket, and a message asks bulk scoring to work it off (lambda_fn/bulk/
comprehend.py). Served where QUEUE_URL and RESULTS_BUCKET are set. The role in DataAccessRoleArn is checked for its form
and not assumed: the service reads and writes by its own rights.
https://docs.aws.amazon.com/comprehend/latest/APIReference/API_StartSentimentDetectionJob.html
"""

import json
import logging
import re
import time
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

from lambda_fn import contract, jobs
from lambda_fn.http.errors import ApiError
from lambda_fn.jobs import Job, JobStore
from lambda_fn.settings import Settings

JOB_OPERATIONS = ("StartSentimentDetectionJob", "DescribeSentimentDetectionJob", "ListSentimentDetectionJobs")
_S3_URL = re.compile(r"s3://[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](/.*)?", re.DOTALL)
_ROLE = re.compile(r"arn:aws(-[^:]+)?:iam::([0-9]{12}):role/.+", re.DOTALL)
_NAME = re.compile(r"[\w .:/=+\-%@]{1,256}")
_TOKEN = re.compile(r"[a-zA-Z0-9-]{1,64}")
_ID = re.compile(r"[0-9a-f]{32}")
_REGION = re.compile(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/")
MAX_URL_CHARS = 1024
MAX_RESULTS = 500
USUAL_RESULTS = 100
# Where the service itself writes in the results bucket.
OWN_PREFIXES = tuple(value for name, value in vars(contract).items() if name.endswith("_PREFIX"))
FILTERS = ("JobName", "JobStatus", "SubmitTimeBefore", "SubmitTimeAfter")
# Of a request what would change something here that is not done.
UNSERVED = ("VpcConfig", "VolumeKmsKeyId", "Tags")


_log = logging.getLogger(__name__)


class JobError(ApiError):
    """`code` is Comprehend's name for the error."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(status, code, message)


def invalid(message: str) -> JobError:
    return JobError("InvalidRequestException", message)


def job_call(settings: Settings, operation: str, members: dict[str, Any], authorization: str) -> dict[str, Any]:
    """The answer's members of one of JOB_OPERATIONS. authorization: the header, whose signature has been verified.

    Blocks. Raises JobError.
    """
    if not settings.queue_url or not settings.results_bucket:
        raise JobError(
            "UnknownOperationException", "jobs are off: QUEUE_URL and RESULTS_BUCKET are not set for the API"
        )
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = Jobs(settings)
        if operation == "StartSentimentDetectionJob":
            return found.start(members, authorization)
        return found.describe(members) if operation == "DescribeSentimentDetectionJob" else found.list(members)
    except (BotoCoreError, ClientError) as error:  # whose message names buckets and accounts
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        _log.warning("jobs: the queue or the bucket cannot be used: %s", code)
        raise JobError("InternalServerException", "the queue or the bucket of jobs cannot be used", 500) from None


@cache
def clients() -> tuple[Any, Any]:
    """S3 and SQS, made at the first job: most processes never see one."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})
    return boto3.client("s3", config=config), boto3.client("sqs", config=config)


class Jobs:
    """The three operations. Each takes a request's members and returns the answer's. They block: S3 and SQS are called.

    Raise JobError, and botocore's errors.
    """

    def __init__(self, settings: Settings):
        s3, self._sqs = clients()
        self._store, self._settings = JobStore(s3, settings.results_bucket or ""), settings

    def start(self, members: dict[str, Any], authorization: str) -> dict[str, Any]:
        job = self._asked_for(members, authorization)
        token = members.get("ClientRequestToken")
        if token is not None:
            if not isinstance(token, str) or not _TOKEN.fullmatch(token):
                raise invalid("ClientRequestToken must be 1 to 64 letters, digits and dashes")
            id = self._store.id_of(token, job.id)
            job = self._store.get(id) or _renamed(job, id)
        if job.status == jobs.SUBMITTED:  # a repetition may have been cut off before its message was sent
            self._store.put(job)
            self._sqs.send_message(QueueUrl=self._settings.queue_url, MessageBody=json.dumps(jobs.message(job.id)))
        return {"JobId": job.id, "JobArn": job.arn, "JobStatus": job.status}

    def describe(self, members: dict[str, Any]) -> dict[str, Any]:
        id = members.get("JobId")
        if not isinstance(id, str) or not 1 <= len(id) <= 32:
            raise invalid("JobId must be a string of 1 to 32 characters")
        job = self._store.get(id) if _ID.fullmatch(id) else None
        if job is None:
            raise JobError("JobNotFoundException", f"there is no job {id}")
        return {"SentimentDetectionJobProperties": job.properties()}

    def list(self, members: dict[str, Any]) -> dict[str, Any]:
        wanted = _filter(members.get("Filter") or {})
        most = members.get("MaxResults", USUAL_RESULTS)
        if type(most) is not int or not 1 <= most <= MAX_RESULTS:
            raise invalid(f"MaxResults must be a whole number from 1 to {MAX_RESULTS}")
        after = members.get("NextToken")
        if after is not None and not (isinstance(after, str) and _ID.fullmatch(after)):
            raise invalid("NextToken is none of this service's")
        found = [*islice((job for job in self._store.newest(after) if _fits(job, wanted)), most + 1)]
        answer: dict[str, Any] = {"SentimentDetectionJobPropertiesList": [job.properties() for job in found[:most]]}
        if len(found) > most:
            answer["NextToken"] = found[most - 1].id
        return answer

    def _asked_for(self, members: dict[str, Any], authorization: str) -> Job:
        given, wanted = (_config(members, name) for name in ("InputDataConfig", "OutputDataConfig"))
        format = given.get("InputFormat", jobs.ONE_DOC_PER_LINE)
        if format not in (jobs.ONE_DOC_PER_LINE, jobs.ONE_DOC_PER_FILE):
            raise invalid(f"InputFormat must be {jobs.ONE_DOC_PER_FILE} or {jobs.ONE_DOC_PER_LINE}")
        if "DocumentReaderConfig" in given:
            raise invalid("DocumentReaderConfig: only plain text is read")
        for unserved in UNSERVED:
            if members.get(unserved):
                raise invalid(f"{unserved} is not served here")
        role, name = members.get("DataAccessRoleArn"), members.get("JobName")
        account = _ROLE.fullmatch(role) if isinstance(role, str) else None
        if not account:
            raise invalid("DataAccessRoleArn must be the ARN of a role")
        if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise invalid("JobName must be 1 to 256 letters, digits, spaces and _ . : / = + - % @")
        bucket, prefix = jobs.split_url(wanted["S3Uri"])
        if bucket == self._settings.results_bucket and prefix.startswith(OWN_PREFIXES):
            raise invalid("OutputDataConfig.S3Uri is where the service keeps its own")
        region = _REGION.search(authorization)
        job = Job(
            id=jobs.new_id(),
            arn=f"arn:aws:comprehend:{region[1] if region else 'us-east-1'}:{account[2]}:sentiment-detection-job/",
            name=name,
            input=given["S3Uri"],
            output=f"s3://{bucket}/{prefix.rstrip('/') + '/' if prefix.strip('/') else ''}{account[2]}-SENTIMENT-",
            format=format,
            role=role or "",
            language=members["LanguageCode"],
            submitted=time.time(),
        )
        return _renamed(job, job.id)


def _renamed(job: Job, id: str) -> Job:
    """`job` under an id, by which its ARN and its output are named."""
    arn = f"{job.arn.rpartition('/')[0]}/{id}"
    output = f"{job.output.partition('-SENTIMENT-')[0]}-SENTIMENT-{id}/output/output.tar.gz"
    return replace(job, id=id, arn=arn, output=output)


def _config(members: dict[str, Any], name: str) -> dict[str, Any]:
    found = members.get(name)
    url = found.get("S3Uri") if isinstance(found, dict) else None
    if not isinstance(url, str) or len(url) > MAX_URL_CHARS or not _S3_URL.fullmatch(url):
        raise invalid(f"{name}.S3Uri must be s3://bucket/prefix, of at most {MAX_URL_CHARS} characters")
    if isinstance(found, dict) and found.get("KmsKeyId"):
        raise JobError("KmsKeyValidationException", f"{name}.KmsKeyId: the bucket's own encryption is used")
    return found or {}


def _filter(wanted: object) -> dict[str, Any]:
    if not isinstance(wanted, dict) or len(wanted) > 1 or any(name not in FILTERS for name in wanted):
        raise JobError("InvalidFilterException", f"one of {', '.join(FILTERS)} at a time")
    if "JobStatus" in wanted and wanted["JobStatus"] not in jobs.STATUSES:
        raise JobError("InvalidFilterException", f"JobStatus must be one of {', '.join(jobs.STATUSES)}")
    for name in ("SubmitTimeBefore", "SubmitTimeAfter"):
        if name in wanted and type(wanted[name]) not in (int, float):
            raise JobError("InvalidFilterException", f"{name} must be a time")
    return wanted


def _fits(job: Job, wanted: dict[str, Any]) -> bool:
    return (
        wanted.get("JobName") in (None, job.name)
        and wanted.get("JobStatus") in (None, job.status)
        and job.submitted < wanted.get("SubmitTimeBefore", float("inf"))
        and job.submitted > wanted.get("SubmitTimeAfter", float("-inf"))
    )
