"""What lives as long as the process: the clients, the classifier, and how fast it has been."""

import traceback
from functools import cache

from lambda_fn.bulk.invocation import Deadline, Invocation, QueueRefused
from lambda_fn.bulk.messages import MessageError
from lambda_fn.bulk.objects import PartWriter
from lambda_fn.bulk.results import Results, S3Results
from lambda_fn.bulk.scoring import Scorer, Tally
from lambda_fn.bulk.sqs import QueueSender
from lambda_fn.bulk.telemetry import emit_metrics, get_logger
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.model.coins import Coins
from lambda_fn.model.language import language
from lambda_fn.settings import Settings, get_settings

# Before anything was measured: what a quarter of a vCPU takes. A whole one needs about 3e-5.
SLOW_SECONDS_PER_BYTE = 1e-4


class BulkScorer:
    """What lives as long as the process: clients, the classifier, and how fast it has been."""

    def __init__(self, scorer: Scorer, results: Results, s3, queue: QueueSender | None, settings: Settings):
        self.scorer, self.results, self.s3, self.queue, self.settings = scorer, results, s3, queue, settings
        self.parts = PartWriter(s3, settings.results_bucket, settings.parts_prefix)
        self.seconds_per_byte = SLOW_SECONDS_PER_BYTE
        self.logger = get_logger()
        self._cold_start = True

    @classmethod
    def from_settings(cls) -> "BulkScorer":
        """Raises ValueError if RESULTS_BUCKET is not set, ModelError if the model cannot be loaded."""
        import boto3
        from botocore.config import Config

        settings = get_settings()
        if not settings.results_bucket:
            raise ValueError("RESULTS_BUCKET is not set: bulk scoring has nowhere to write")
        config = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=5, read_timeout=30)
        s3 = boto3.client("s3", config=config)
        queue = QueueSender(boto3.client("sqs", config=config), settings.queue_url) if settings.queue_url else None
        classifier = SentimentClassifier.load()
        coins = Coins.load().fields(classifier)
        scorer = Scorer(classifier, settings.max_text_chars, language=language, coins=coins)
        return cls(scorer, S3Results(s3, settings.results_bucket, settings.results_prefix), s3, queue, settings)

    def run(self, records: list[dict], deadline: Deadline, split: bool) -> dict[str, Exception]:
        """Score the messages of one SQS event. Returns the failed ones: message id -> reason.

        split: whether objects of more than DIRECT_CHUNKS chunks are fanned out over the queue.
        """
        self.scorer.tally = Tally()
        invocation = Invocation(self, deadline, split)
        for record in records:
            invocation.take(record)
        failures = invocation.finish()
        counts = {"messages": len(records), "failed": len(failures), "requeued": invocation.requeued}
        for record in records:
            if error := failures.get(record["messageId"]):
                received = record.get("attributes", {}).get("ApproximateReceiveCount")
                self.logger.warning(
                    "message failed", message_id=record["messageId"], receive_count=received, **describe(error)
                )
        self.logger.info("scored", comments=self.scorer.tally.comments, cold_start=self._cold_start, **counts)
        emit_metrics(self.scorer.tally, **counts, cold_start=self._cold_start)
        self._cold_start = False
        return failures


def describe(error: Exception) -> dict[str, str]:
    """Log fields of a fault. The message of an exception of unknown kind may quote a comment, so only its place."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, MessageError):
        return {"code": error.code, "reason": str(error)}
    if isinstance(error, ClientError | BotoCoreError | QueueRefused):
        return {"code": "infrastructure", "reason": f"{type(error).__name__}: {error}"}
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return {"code": "unexpected", "reason": f"{type(error).__name__} in {frame.name}, {frame.filename}:{frame.lineno}"}


@cache
def bulk_scorer() -> BulkScorer:
    """The process's scorer, made once."""
    return BulkScorer.from_settings()
