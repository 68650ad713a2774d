"""What a worker asks of the queue, counted, against what the bill assumes."""

import json

import pytest

from lambda_fn.bulk.process import BulkScorer
from lambda_fn.bulk.results import FolderResults
from lambda_fn.bulk.scoring import Scorer
from lambda_fn.bulk.worker import Worker
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import Settings


@pytest.fixture(scope="module")
def bulk(tmp_path_factory) -> BulkScorer:
    results = FolderResults(tmp_path_factory.mktemp("results"))
    return BulkScorer(Scorer(SentimentClassifier.load(), 40_000), results, None, None, Settings())


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
def test_a_worker_asks_once_more_than_it_takes_and_deletes_by_ten(bulk, messages, receives, deletes):
    """What the bill calls a pass: its requests beyond a send and a receive for each message's 64 KB."""
    queue = CountingQueue([json.dumps({"comments": [{"id": str(n), "text": "to the moon"}]}) for n in range(messages)])
    worker = Worker(bulk, queue, "https://queue")
    assert worker.run(until_empty=True, wait_s=0) == 0
    assert (queue.receives - 1, queue.deletes) == (receives, deletes)  # the last receive found nothing: a new pass
