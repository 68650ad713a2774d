"""What lives as long as the process: the clients, the classifier, and how fast it has been."""

import traceback
from functools import cache
from typing import Any

from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.invocation import Invocation, QueueRefused
from lambda_fn.bulk.outages import CredentialsRefused, StillAway, client
from lambda_fn.bulk.parts import PartWriter
from lambda_fn.bulk.redelivery import Redelivery
from lambda_fn.bulk.results import Results, S3Results
from lambda_fn.bulk.scoring import Scorer, Tally
from lambda_fn.bulk.sqs import QueueSender
from lambda_fn.bulk.telemetry import emit_metrics, get_logger
from lambda_fn.bulk.work import MessageError
from lambda_fn.model import cpu
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.model.coins import Coins
from lambda_fn.model.language import language
from lambda_fn.settings import Settings, get_settings

# Before anything was measured: what a quarter of a vCPU takes. A whole one needs about 3e-5.
SLOW_SECONDS_PER_BYTE = 1e-4
LOGGED_PAUSE_S = 2.0


class BulkScorer:
    """What lives as long as the process: clients, the classifier, and how fast it has been.

    queue: where work is requeued. redelivery: makes failed messages visible again; None leaves them to the queue's
    visibility timeout.
    """

    def __init__(
        self,
        scorer: Scorer,
        results: Results,
        s3: Any,
        queue: QueueSender | None,
        settings: Settings,
        redelivery: Redelivery | None = None,
    ) -> None:
        self.scorer, self.results, self.s3, self.queue, self.settings = scorer, results, s3, queue, settings
        self.redelivery = redelivery
        self.parts = PartWriter(s3, settings.results_bucket or "", settings.parts_prefix)
        self.seconds_per_byte = SLOW_SECONDS_PER_BYTE
        self.logger = get_logger()
        self._cold_start = True

    @classmethod
    def from_settings(cls) -> "BulkScorer":
        """Raises ValueError if RESULTS_BUCKET is not set, ModelError if the model cannot be loaded."""
        settings = get_settings()
        if not settings.results_bucket:
            raise ValueError("RESULTS_BUCKET is not set: bulk scoring has nowhere to write")
        s3, queue, redelivery = client("s3"), None, None
        if settings.queue_url:
            sqs = client("sqs")
            queue, redelivery = QueueSender(sqs, settings.queue_url), Redelivery(sqs, settings.queue_url)
        classifier = SentimentClassifier.load()
        read = Coins.load().reader(classifier)
        scorer = Scorer(classifier, settings.max_text_chars, language=language, read=read)
        results = S3Results(s3, settings.results_bucket, settings.results_prefix)
        return cls(scorer, results, s3, queue, settings, redelivery)

    def run(self, records: list[dict[str, Any]], deadline: Deadline, split: bool) -> dict[str, Exception]:
        """Score the messages of one SQS event. Returns the failed ones: message id -> reason.

        split: whether objects of more than DIRECT_CHUNKS chunks are fanned out over the queue.
        """
        self.scorer.tally = Tally()
        invocation = Invocation(self, deadline, split)
        for record in records:
            invocation.take(record)
        failures = invocation.finish()
        if failures and self.redelivery:
            failed = [record for record in records if record["messageId"] in failures]
            if refused := self.redelivery.postpone(failed, failures, deadline):
                self.logger.warning("failed messages wait for the visibility timeout", requests=refused)
        self._report(records, failures, invocation.requeued)
        return failures

    def _report(self, records: list[dict[str, Any]], failures: dict[str, Exception], requeued: int) -> None:
        tally = self.scorer.tally
        counts = {"messages": len(records), "failed": len(failures), "requeued": requeued}
        for record in records:
            if error := failures.get(record["messageId"]):
                received = record.get("attributes", {}).get("ApproximateReceiveCount")
                self.logger.warning(
                    "message failed",
                    extra={"message_id": record["messageId"], "receive_count": received, **describe(error)},
                )
        scored: dict[str, Any] = {"comments": tally.comments, "errors": tally.errors, "cold_start": self._cold_start}
        scored["cpu"] = cpu.int8_kind()
        self.logger.info("scored", extra=scored | counts)
        emit_metrics(tally, **counts, cold_start=self._cold_start)
        self._cold_start = False

    def unreadable(self, error: Exception) -> None:
        """Log a fault that was narrowed down to one comment."""
        self.logger.warning("a comment cannot be scored", extra=describe(error))

    def waiting(self, error: BaseException, pause: float) -> None:
        """Log an outage that is being waited out. The first pauses are everyday throttling."""
        if pause > LOGGED_PAUSE_S:
            self.logger.warning("waiting for AWS", reason=f"{type(error).__name__}: {error}", pause_s=round(pause, 1))


def describe(error: Exception) -> dict[str, str]:
    """Log fields of a fault. The message of an exception of unknown kind may quote a comment, so only its place."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, MessageError):
        return {"code": error.code, "reason": str(error)}
    if isinstance(error, ClientError | BotoCoreError | QueueRefused | StillAway | CredentialsRefused):
        return {"code": "infrastructure", "reason": f"{type(error).__name__}: {error}"}
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return {"code": "unexpected", "reason": f"{type(error).__name__} in {frame.name}, {frame.filename}:{frame.lineno}"}


@cache
def bulk_scorer() -> BulkScorer:
    """The process's scorer, made once."""
    return BulkScorer.from_settings()
