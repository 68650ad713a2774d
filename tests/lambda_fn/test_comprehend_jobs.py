"""Comprehend's jobs with boto3 as its users have it: the API in its own process, bulk scoring over moto's S3, SQS."""

import io
import json
import tarfile
import time
import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from lambda_fn.bulk import comprehend
from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.process import BulkScorer
from lambda_fn.bulk.results import S3Results
from lambda_fn.bulk.scoring import Scorer
from lambda_fn.bulk.sqs import QueueSender
from lambda_fn.settings import Settings
from tests.aws import RESULTS_BUCKET, LocalAws
from tests.conftest import API_KEY, served

BUCKET = "documents"
ROLE = "arn:aws:iam::111122223333:role/comprehend"


@pytest.fixture(scope="module")
def aws():
    with LocalAws() as local:
        local.s3.create_bucket(Bucket=BUCKET)
        yield local


@pytest.fixture(scope="module")
def queue(aws):
    return aws.create_queue()


@pytest.fixture(scope="module")
def api(aws, queue):
    environment = {**aws.environment(queue), "API_AUTH": "api-key", "API_KEY": API_KEY}
    with served(**environment) as url:
        yield client_of(url)


def client_of(url: str):
    return boto3.client(
        "comprehend",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="crypto-sentiment",
        aws_secret_access_key=API_KEY,
    )


@pytest.fixture(scope="module")
def bulk(aws, queue, classifier):
    settings = Settings(results_bucket=RESULTS_BUCKET, queue_url=queue.url)
    sender = QueueSender(aws.sqs, queue.url)
    results = S3Results(aws.s3, RESULTS_BUCKET, settings.results_prefix)
    return BulkScorer(Scorer(classifier, settings.max_text_chars), results, aws.s3, sender, settings)


def put(aws, **objects: str | bytes) -> str:
    """Put objects under a prefix of their own; its URL."""
    prefix = f"in-{uuid.uuid4().hex[:8]}/"
    for name, content in objects.items():
        body = content.encode() if isinstance(content, str) else content
        aws.s3.put_object(Bucket=BUCKET, Key=f"{prefix}{name}.txt", Body=body)
    return f"s3://{BUCKET}/{prefix}"


def start(api, url: str, format: str = "ONE_DOC_PER_LINE", **more) -> str:
    given = {
        "InputDataConfig": {"S3Uri": url, "InputFormat": format},
        "OutputDataConfig": {"S3Uri": f"s3://{BUCKET}/out"},
        "DataAccessRoleArn": ROLE,
        "LanguageCode": "en",
    }
    answer = api.start_sentiment_detection_job(**{**given, **more})
    assert answer["JobStatus"] == "SUBMITTED"
    assert answer["JobArn"] == f"arn:aws:comprehend:eu-west-1:111122223333:sentiment-detection-job/{answer['JobId']}"
    return answer["JobId"]


def described(api, id: str) -> dict:
    return api.describe_sentiment_detection_job(JobId=id)["SentimentDetectionJobProperties"]


def work_off(aws, queue, bulk, steps: int = 1000, seconds: float = float("inf"), twice: bool = False) -> int:
    """Deliver what is in the queue until it is empty; the number of deliveries. twice: each is delivered again."""
    deliveries = 0
    for body in iter(lambda: aws.take_all(queue.url), []):
        for message in body * (2 if twice else 1):
            record = {"messageId": str(uuid.uuid4()), "body": message, "attributes": {"SentTimestamp": "1767326645000"}}
            assert bulk.run([record], Deadline(lambda: seconds), split=True) == {}
            deliveries += 1
            assert deliveries < steps
    return deliveries


def output(aws, job: dict) -> list[dict]:
    bucket, _, key = job["OutputDataConfig"]["S3Uri"].removeprefix("s3://").partition("/")
    archive = aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as found:
        assert found.getnames() == ["output"]
        return [json.loads(line) for line in found.extractfile("output").read().decode().splitlines()]


def test_a_job_over_lines_is_submitted_worked_off_and_read_as_from_comprehend(aws, queue, api, bulk):
    lines = "\ufeffto the moon\r\n\ntotal scam, lost all\n" + "a" * 5001 + "\nlast without a newline"
    id = start(api, put(aws, comments=lines), JobName="first job")
    assert described(api, id)["JobStatus"] == "SUBMITTED"
    work_off(aws, queue, bulk)
    job = described(api, id)
    assert (job["JobStatus"], job["JobName"], job["LanguageCode"]) == ("COMPLETED", "first job", "en")
    assert job["SubmitTime"] <= job["EndTime"]
    assert job["OutputDataConfig"]["S3Uri"] == f"s3://{BUCKET}/out/111122223333-SENTIMENT-{id}/output/output.tar.gz"
    found = output(aws, job)
    assert [(line["File"], line["Line"]) for line in found] == [("comments.txt", number) for number in range(5)]
    assert found[0]["Sentiment"] == "POSITIVE"
    assert found[0]["SentimentScore"].keys() == {"Positive", "Negative", "Neutral", "Mixed"}
    assert found[1]["ErrorCode"] == "TEXT_EMPTY"
    assert found[2]["Sentiment"] == "NEGATIVE"
    assert found[3]["ErrorCode"] == "DOCUMENT_SIZE_EXCEEDED"
    assert "Sentiment" in found[4]


def test_a_job_over_files_has_a_result_for_each(aws, queue, api, bulk):
    url = put(aws, a="to the moon\nand back", b="total scam", c=b"\xff\xfe\xff")
    id = start(api, url, "ONE_DOC_PER_FILE")
    work_off(aws, queue, bulk)
    found = output(aws, described(api, id))
    assert [line["File"] for line in found] == ["a.txt", "b.txt", "c.txt"]
    assert [line.get("Sentiment") for line in found] == ["POSITIVE", "NEGATIVE", None]
    assert found[2]["ErrorCode"] == "RECORD_NOT_UTF8"
    assert not [line for line in found if "Line" in line]


@pytest.mark.parametrize("twice", [False, True], ids=["once", "each message twice"])
def test_a_job_of_many_parts_goes_over_many_messages_and_comes_out_once_and_in_order(
    aws, queue, api, bulk, monkeypatch, twice
):
    monkeypatch.setattr(comprehend, "PART_DOCUMENTS", 10)
    texts = {f"file{n}": "".join(f"comment {line} of file {n}\n" for line in range(17)) for n in range(4)}
    id = start(api, put(aws, **texts))
    deliveries = work_off(aws, queue, bulk, seconds=0.0, twice=twice)  # no time but for the first part of each
    assert deliveries >= 7
    job = described(api, id)
    assert job["JobStatus"] == "COMPLETED"
    places = [(line["File"], line["Line"]) for line in output(aws, job)]
    assert places == [(f"{name}.txt", line) for name in texts for line in range(17)]


def test_a_token_that_comes_again_is_the_same_job(aws, queue, api, bulk):
    url, token = put(aws, a="to the moon"), uuid.uuid4().hex
    first = start(api, url, ClientRequestToken=token)
    assert start(api, url, ClientRequestToken=token) == first
    assert start(api, url) != first
    work_off(aws, queue, bulk)
    assert described(api, first)["JobStatus"] == "COMPLETED"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": f"s3://{BUCKET}/nothing-here/"}, "there are no objects"),
        ({"url": "s3://no-such-bucket/"}, "NoSuchBucket"),
        ({"OutputDataConfig": {"S3Uri": "s3://no-such-bucket/"}}, "cannot be written (NoSuchBucket)"),
    ],
)
def test_a_job_that_cannot_be_done_fails_with_a_message(aws, queue, api, bulk, given, said):
    more = dict(given)
    id = start(api, more.pop("url", None) or put(aws, a="to the moon"), **more)
    work_off(aws, queue, bulk)
    job = described(api, id)
    assert job["JobStatus"] == "FAILED"
    assert said in job["Message"]


def test_an_object_that_is_overwritten_meanwhile_fails_the_job(aws, queue, api, bulk, monkeypatch):
    monkeypatch.setattr(comprehend, "PART_DOCUMENTS", 1)
    url = put(aws, a="one\ntwo\nthree\n")
    id = start(api, url)
    (message,) = aws.take_all(queue.url)
    record = {"messageId": "1", "body": message, "attributes": {"SentTimestamp": "1767326645000"}}
    assert bulk.run([record], Deadline(lambda: 0.0), split=True) == {}
    aws.s3.put_object(Bucket=BUCKET, Key=url.partition(f"{BUCKET}/")[2] + "a.txt", Body=b"other\ntexts\n")
    assert described(api, id)["JobStatus"] == "IN_PROGRESS"
    work_off(aws, queue, bulk)
    assert "has been overwritten (PreconditionFailed)" in described(api, id)["Message"]


def test_jobs_are_listed_the_newest_first_by_page_and_by_filter(aws, queue, api, bulk):
    url, name = put(aws, a="to the moon"), f"job-{uuid.uuid4().hex[:8]}"
    ids = []
    for _ in range(3):
        ids.append(start(api, url, JobName=name))
        time.sleep(0.01)
    pages = api.get_paginator("list_sentiment_detection_jobs").paginate(
        Filter={"JobName": name}, PaginationConfig={"PageSize": 2}
    )
    found = [[job["JobId"] for job in page["SentimentDetectionJobPropertiesList"]] for page in pages]
    assert found == [[ids[2], ids[1]], [ids[0]]]
    hour = timedelta(hours=1)
    around = {"SubmitTimeAfter": datetime.now(UTC) - hour}, {"SubmitTimeBefore": datetime.now(UTC) - hour}
    later, earlier = (api.list_sentiment_detection_jobs(Filter=times) for times in around)
    assert set(ids) <= {job["JobId"] for job in later["SentimentDetectionJobPropertiesList"]}
    assert earlier["SentimentDetectionJobPropertiesList"] == []
    work_off(aws, queue, bulk)
    done = api.list_sentiment_detection_jobs(Filter={"JobStatus": "COMPLETED"})["SentimentDetectionJobPropertiesList"]
    assert set(ids) <= {job["JobId"] for job in done}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c: c.describe_sentiment_detection_job(JobId="0" * 32), "JobNotFoundException"),
        (lambda c: c.describe_sentiment_detection_job(JobId="../../results"), "JobNotFoundException"),
        (lambda c: start(c, "http://example.com/"), "InvalidRequestException"),
        (lambda c: start(c, f"s3://{BUCKET}/", LanguageCode="es"), "UnsupportedLanguageException"),
        (lambda c: start(c, f"s3://{BUCKET}/", DataAccessRoleArn="a" * 20), "InvalidRequestException"),
        (lambda c: start(c, f"s3://{BUCKET}/", "TWO_DOCS"), "InvalidRequestException"),
        (
            lambda c: start(c, f"s3://{BUCKET}/", OutputDataConfig={"S3Uri": f"s3://{RESULTS_BUCKET}/results/x"}),
            "InvalidRequestException",
        ),
        (
            lambda c: start(c, f"s3://{BUCKET}/", OutputDataConfig={"S3Uri": f"s3://{BUCKET}/", "KmsKeyId": "key"}),
            "KmsKeyValidationException",
        ),
        (lambda c: c.list_sentiment_detection_jobs(Filter={"JobStatus": "DONE"}), "InvalidFilterException"),
        (
            lambda c: c.list_sentiment_detection_jobs(Filter={"JobName": "a", "JobStatus": "FAILED"}),
            "InvalidFilterException",
        ),
        (lambda c: c.list_sentiment_detection_jobs(NextToken="elsewhere"), "InvalidRequestException"),
    ],
)
def test_what_is_wrong_is_refused_as_comprehend_does(api, call, error):
    with pytest.raises(ClientError) as caught:
        call(api)
    assert caught.value.response["Error"]["Code"] == error


def test_without_a_queue_jobs_are_off(keyed_server):
    with pytest.raises(ClientError, match="jobs are off"):
        client_of(keyed_server).list_sentiment_detection_jobs()


def test_a_bucket_that_is_away_is_an_internal_error(aws, api):
    with aws.expired(), pytest.raises(ClientError) as caught:
        api.describe_sentiment_detection_job(JobId="0" * 32)
    assert caught.value.response["Error"]["Code"] == "InternalServerException"


def check_shape(value: object, shape) -> None:
    """botocore itself drops members that it does not know, and checks no types."""
    if shape.type_name == "structure":
        assert value.keys() <= shape.members.keys()
        for name, member in value.items():
            check_shape(member, shape.members[name])
    elif shape.type_name == "list":
        for item in value:
            check_shape(item, shape.member)
    elif shape.type_name == "timestamp":
        assert isinstance(value, int | float)
    else:
        assert shape.type_name == "string"
        assert isinstance(value, str)
        assert not shape.enum or value in shape.enum
        assert len(value) <= shape.metadata.get("max", 10**6)


def test_answers_have_the_service_models_shapes(aws, queue, api, bulk):
    bodies: dict[str, bytes] = {}

    def keep(response_dict, operation_model, **_):
        bodies[operation_model.name] = response_dict["body"]

    api.meta.events.register("before-parse.comprehend", keep)
    id = start(api, put(aws, a="to the moon"), JobName="a job")
    work_off(aws, queue, bulk)
    described(api, id)
    api.list_sentiment_detection_jobs()
    assert len(bodies) == 3
    for operation, body in bodies.items():
        check_shape(json.loads(body), api.meta.service_model.operation_model(operation).output_shape)
