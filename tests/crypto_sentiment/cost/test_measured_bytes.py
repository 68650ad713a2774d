"""What the bulk handler writes, measured on the shipped model, against what the bill assumes that it writes."""

import json
import random

import pytest

from crypto_sentiment.cost import measure
from crypto_sentiment.cost.assumptions import SQS_CHUNK_BYTES, Assumptions
from lambda_fn.bulk.invocation import Deadline
from lambda_fn.bulk.process import BulkScorer
from lambda_fn.bulk.results import FolderResults
from lambda_fn.bulk.scoring import Scorer
from lambda_fn.bulk.worker import Worker
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import Settings


def message(inputs, count: int, seed: int) -> str:
    """One message of comments with the lengths of real ones, and the fields that a stream of Reddit brings."""
    rng = random.Random(seed)
    comments = [
        {
            "id": f"l{rng.randrange(36**6):06x}",
            "text": text,
            "subreddit": "CryptoCurrency",
            "created_utc": 1767323045 + n,
        }
        for n, text in enumerate(measure.comments(inputs.lengths, count, seed))
    ]
    return json.dumps({"comments": comments, "submitted_at": "2026-01-02T03:04:05Z"})


@pytest.fixture(scope="module")
def bulk(tmp_path_factory) -> BulkScorer:
    results = FolderResults(tmp_path_factory.mktemp("results"))
    bulk = BulkScorer(Scorer(SentimentClassifier.load(), 40_000), results, None, None, Settings())
    bulk.folder = results._folder
    return bulk


def record(body: str, number: int = 1) -> dict:
    return {"messageId": str(number), "body": body, "attributes": {"SentTimestamp": "1767323045000"}}


def test_an_invocation_logs_and_a_comment_keeps_what_the_bill_says(inputs, bulk, capsys):
    assumptions = Assumptions()
    body = message(inputs, assumptions.message_comments, seed=1)
    assert bulk.run([record(body)], Deadline(), split=True) == {}
    logged = capsys.readouterr().out
    assert len(logged.encode()) == pytest.approx(assumptions.log_bytes, rel=0.1)
    (result,) = bulk.folder.rglob("*.gz")  # one object, so one PUT, for a message
    assert result.stat().st_size / assumptions.message_comments == pytest.approx(assumptions.result_bytes, rel=0.1)
    assert len(body) / assumptions.message_comments == pytest.approx(assumptions.bytes_per_comment, rel=0.1)
    assert len(body) <= 1.1 * SQS_CHUNK_BYTES


class CountingQueue:
    """An SQS client that has some messages, and counts what it is asked for."""

    def __init__(self, bodies: list[str]):
        self.waiting = [
            {
                "MessageId": str(n),
                "Body": body,
                "ReceiptHandle": str(n),
                "Attributes": {"SentTimestamp": "1767323045000"},
            }
            for n, body in enumerate(bodies)
        ]
        self.receives = self.deletes = 0

    def get_queue_attributes(self, **_) -> dict:
        return {"Attributes": {"VisibilityTimeout": "1800"}}

    def receive_message(self, MaxNumberOfMessages: int, **_) -> dict:
        self.receives += 1
        taken, self.waiting = self.waiting[:MaxNumberOfMessages], self.waiting[MaxNumberOfMessages:]
        return {"Messages": taken}

    def delete_message_batch(self, **_) -> None:
        self.deletes += 1


@pytest.mark.parametrize(("messages", "receives", "deletes"), [(1, 2, 1), (12, 3, 2)])
def test_a_worker_asks_once_more_than_it_takes_and_deletes_by_ten(inputs, bulk, messages, receives, deletes):
    """What the bill calls a pass: its requests beyond a send and a receive for each message's 64 KB."""
    queue = CountingQueue([message(inputs, 3, seed) for seed in range(messages)])
    worker = Worker(bulk, queue, "https://queue")
    assert worker.run(until_empty=True, wait_s=0) == 0
    assert (queue.receives - 1, queue.deletes) == (receives, deletes)  # the last receive found nothing: a new pass
