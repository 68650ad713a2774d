"""How often a message is received before an outage ends, played with a clock of its own."""

import itertools
import json

import boto3
import pytest
from botocore.config import Config

from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.process import BulkScorer
from lambda_fn.bulk.redelivery import Redelivery, seconds_until_retry
from lambda_fn.bulk.results import S3Results
from lambda_fn.bulk.scoring import Scorer
from lambda_fn.bulk.work import MessageError
from lambda_fn.contract import Default
from lambda_fn.settings import Settings
from tests.aws import RESULTS_BUCKET, LocalAws
from tests.comments import crowd

HOURS = 3600


class PlayedQueue:
    """SQS as one message sees it: received, failed, invisible for as long as it was told, received again."""

    def __init__(self, body: dict):
        self.clock, self.receives, self._body, self._invisible_s = 0.0, 0, json.dumps(body), 0

    def receive(self) -> list[dict]:
        self.clock += self._invisible_s
        self.receives += 1
        attributes = {"SentTimestamp": "1767326645000", "ApproximateReceiveCount": str(self.receives)}
        return [{"messageId": "m", "receiptHandle": "h", "body": self._body, "attributes": attributes}]

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict]) -> dict:
        [entry] = Entries
        self._invisible_s = entry["VisibilityTimeout"]
        return {"Successful": [{"Id": entry["Id"]}], "Failed": []}


@pytest.fixture(scope="module")
def aws():
    with LocalAws() as aws:
        aws.empty()  # moto keeps what other files' tests left in this process
        yield aws


def scorer_of(aws, classifier, queue) -> BulkScorer:
    one_try = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    s3 = boto3.client("s3", endpoint_url=aws.endpoint, config=one_try, **keys)
    settings = Settings(results_bucket=RESULTS_BUCKET)
    results = S3Results(s3, RESULTS_BUCKET, settings.results_prefix)
    return BulkScorer(Scorer(classifier, 1000), results, s3, None, settings, Redelivery(queue, "a-queue"))


def no_time() -> Deadline:
    """Each delivery fails at once: nothing makes an outage cost more receives than that."""
    return Deadline(lambda: 0.0)


def test_an_outage_of_twelve_hours_puts_nothing_into_the_dead_letters(aws, classifier):
    queue = PlayedQueue({"comments": crowd(3)})
    bulk = scorer_of(aws, classifier, queue)
    with aws.refusing(lambda method, path: method == "PUT"):
        while queue.clock < 12 * HOURS:
            assert bulk.run(queue.receive(), no_time(), split=True).keys() == {"m"}
    assert bulk.run(queue.receive(), no_time(), split=True) == {}
    assert queue.receives <= Default.BULK_RECEIVES
    assert len(aws.result_lines()) == 3


def test_a_message_at_fault_itself_is_in_the_dead_letters_within_minutes(aws, classifier):
    queue = PlayedQueue({"tweets": []})
    bulk = scorer_of(aws, classifier, queue)
    for _ in range(Default.BULK_RECEIVES):
        assert bulk.run(queue.receive(), no_time(), split=True).keys() == {"m"}
    assert queue.clock < 5 * 60


def test_the_pauses_are_one_two_four_up_to_thirty_minutes_and_a_tenth():
    minutes = [seconds_until_retry(ConnectionError(), receives) / 60 for receives in range(1, 40)]
    for found, least in zip(minutes, itertools.chain([1, 2, 4, 8, 16], itertools.repeat(30)), strict=False):
        assert least <= found <= least * 1.1
    assert seconds_until_retry(MessageError("message_invalid", "x"), 30) < 60
