"""SQS messages in, scored comments in S3 out; what could not be finished is reported, or put back on the queue.

The invariants, and why they hold, are in docs/BULK.md: a message is acknowledged only after its results, and the
messages that carry on its work, are safe; everything is written at keys that a repetition overwrites.
"""

import math
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import chain

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from lambda_fn.bulk.messages import InlineWork, MessageError, ObjectWork, parse_message
from lambda_fn.bulk.objects import PartWriter, SourceObject, find_object
from lambda_fn.bulk.records import CELL_BYTES, Cell
from lambda_fn.bulk.results import Results, S3Results
from lambda_fn.bulk.scoring import ScorableCell, Scorer, Tally
from lambda_fn.bulk.sqs import QueueSender, encode_body
from lambda_fn.bulk.telemetry import emit_metrics, get_logger
from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.settings import Settings, get_settings

# Cells are scored together until they reach either bound: enough for full batches at every length, little memory.
WAVE_BYTES = 1024 * 1024
WAVE_RECORDS = 4096
# With a deadline, an object's cells beyond these are left to other invocations, which work at the same time.
DIRECT_CELLS = 4
# Before anything was measured: what a quarter of a vCPU takes. A whole one needs about 3e-5.
SLOW_SECONDS_PER_BYTE = 1e-4
OUTBOX_MESSAGES = 100
# A PUT takes some 30 ms whatever its size; a wave of single comments has thousands.
WRITES_AT_ONCE = 8


class Deadline:
    """remaining_s: returns the seconds until the process is stopped. margin_s: kept free for the last writes."""

    def __init__(self, remaining_s: Callable[[], float] = lambda: math.inf, margin_s: float = 0.0):
        self._remaining_s, self._margin_s = remaining_s, margin_s

    def allows(self, seconds: float) -> bool:
        return self._remaining_s() - self._margin_s > seconds


@dataclass(eq=False, slots=True)
class Delivery:
    """One received message. failure: why it must be delivered again."""

    message_id: str
    failure: Exception | None = None


@dataclass(slots=True)
class WaitingCell:
    cell: ScorableCell
    partition: datetime
    bytes: int
    deliveries: list[Delivery] = field(default_factory=list)


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
        scorer = Scorer(SentimentClassifier.load(), settings.max_text_chars)
        return cls(scorer, S3Results(s3, settings.results_bucket, settings.results_prefix), s3, queue, settings)

    def run(self, records: list[dict], deadline: Deadline, split: bool) -> dict[str, Exception]:
        """Score the messages of one SQS event. Returns the failed ones: message id -> reason.

        split: whether objects of more than DIRECT_CELLS cells are shared out over the queue.
        """
        self.scorer.tally = Tally()
        invocation = Invocation(self, deadline, split)
        for record in records:
            invocation.take(record)
        failures = invocation.finish()
        counts = {"messages": len(records), "failed": len(failures), "put_back": invocation.put_back}
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


class Invocation:
    """The messages of one event: cells gathered into waves, scored, written; the rest put back before the deadline."""

    def __init__(self, bulk: BulkScorer, deadline: Deadline, split: bool):
        self._bulk, self._deadline, self._split = bulk, deadline, split
        self._deliveries: list[Delivery] = []
        self._wave: dict[tuple, WaitingCell] = {}
        self._wave_bytes = self._wave_records = 0
        self._written: set[tuple] = set()
        self._outbox: list[tuple[Delivery, str]] = []
        self._started = False
        self.put_back = 0

    def take(self, record: dict) -> None:
        """Work on one message as far as the deadline allows."""
        delivery = Delivery(record["messageId"])
        self._deliveries.append(delivery)
        try:
            sent_at = datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC)
            for work in parse_message(record["body"], sent_at):
                if isinstance(work, InlineWork):
                    self._take_inline(delivery, work, len(record["body"]))
                else:
                    self._take_object(delivery, work)
        except Exception as error:  # one message's fault is not its neighbours'
            delivery.failure = error

    def finish(self) -> dict[str, Exception]:
        """Score and send what waits. Returns the failed messages: message id -> reason."""
        self._flush_wave()
        self._flush_outbox()
        return {delivery.message_id: delivery.failure for delivery in self._deliveries if delivery.failure}

    def _take_inline(self, delivery: Delivery, work: InlineWork, size: int) -> None:
        if not work.comments:
            self._bulk.logger.info("message without comments", message_id=delivery.message_id)
        elif self._has_time(size):
            cell = ScorableCell(work.work_id, 0, list(enumerate(work.comments)))
            self._add(delivery, cell, work.partition, size)
        else:
            self._hand_on(delivery, work.message())

    def _take_object(self, delivery: Delivery, work: ObjectWork) -> None:
        if not self._has_time(0):
            self._hand_on(delivery, work.message())
            return
        self._refuse_own_output(work)
        source = find_object(self._bulk.s3, work)
        cells = source.cells(self._bulk.s3)
        for number, cell in enumerate(cells):
            if self._split and number == DIRECT_CELLS:
                self._share_out(delivery, source, cell, cells)
                return
            if not self._has_time(cell.bytes):
                self._hand_on(delivery, source.rest_message(cell.start))
                return
            self._add(delivery, ScorableCell(source.work_id, cell.start, cell.records), source.partition, cell.bytes)

    def _refuse_own_output(self, work: ObjectWork) -> None:
        """Notifications on the results bucket would have results scored for ever, and parts twice."""
        settings = self._bulk.settings
        own = (settings.results_prefix, settings.parts_prefix)
        if work.bucket == settings.results_bucket and work.key.startswith(own) and not work.part_of:
            raise MessageError("object_own_output", f"{work.key} is an output of this service")

    def _share_out(self, delivery: Delivery, source: SourceObject, first: Cell, cells: Iterator[Cell]) -> None:
        """Leave `first` and all that follows it to other invocations."""
        late_at: int | None = None
        if source.is_plain:
            for start in range(first.start, source.end, CELL_BYTES):
                if not self._deadline.allows(0):
                    late_at = start
                    break
                self._hand_on(delivery, source.range_message(start))
        else:

            def until_late() -> Iterator[Cell]:
                nonlocal late_at
                for cell in chain([first], cells):
                    if not self._deadline.allows(0):
                        late_at = cell.start
                        return
                    yield cell

            for message in self._bulk.parts.write(source, until_late()):
                self._hand_on(delivery, message)
        if late_at is not None:
            self._hand_on(delivery, source.rest_message(late_at))

    def _has_time(self, size: int) -> bool:
        """Whether `size` bytes more can be scored. The first of an invocation are always tried: else a piece of work
        that is too large for any invocation would go round for ever, and never reach the dead-letter queue."""
        if not self._started:
            return True
        if self._deadline.allows((self._wave_bytes + size) * self._bulk.seconds_per_byte):
            return True
        self._flush_wave()
        return self._deadline.allows(size * self._bulk.seconds_per_byte)

    def _add(self, delivery: Delivery, cell: ScorableCell, partition: datetime, size: int) -> None:
        self._started = True
        identity = (cell.work_id, cell.start, partition)
        if identity in self._written:  # the same work came twice in one event
            return
        if identity not in self._wave:
            self._wave[identity] = WaitingCell(cell, partition, size)
            self._wave_bytes += size
            self._wave_records += len(cell.records)
        self._wave[identity].deliveries.append(delivery)
        if self._wave_bytes >= WAVE_BYTES or self._wave_records >= WAVE_RECORDS:
            self._flush_wave()

    def _flush_wave(self) -> None:
        """Score what was gathered, and write it. A fault fails the deliveries that it concerns."""
        wave, size = self._wave, self._wave_bytes
        self._wave, self._wave_bytes, self._wave_records = {}, 0, 0
        if not wave:
            return
        started = time.perf_counter()
        try:
            lines = self._bulk.scorer.score([waiting.cell for waiting in wave.values()])
        except Exception as error:
            for waiting in wave.values():
                _fail(waiting.deliveries, error)
            return
        with ThreadPoolExecutor(WRITES_AT_ONCE) as pool:
            for (identity, waiting), error in zip(
                wave.items(), pool.map(self._write, wave.values(), lines), strict=True
            ):
                if error:
                    _fail(waiting.deliveries, error)
                else:
                    self._written.add(identity)
        self._measure(size, time.perf_counter() - started)

    def _write(self, waiting: WaitingCell, lines: list[dict]) -> Exception | None:
        try:
            self._bulk.results.write(waiting.cell.work_id, waiting.cell.start, waiting.partition, lines)
        except Exception as error:
            return error
        return None

    def _measure(self, size: int, seconds: float) -> None:
        """Believe a slower pace at once and a faster one by halves: a wave of repeated texts proves little."""
        pace = seconds / max(size, 4096)
        self._bulk.seconds_per_byte = max(pace, (pace + self._bulk.seconds_per_byte) / 2)

    def _hand_on(self, delivery: Delivery, message: dict) -> None:
        """Put work (back) on the queue. The delivery fails if that does not succeed."""
        self.put_back += 1
        self._outbox.append((delivery, encode_body(message)))
        if len(self._outbox) >= OUTBOX_MESSAGES:
            self._flush_outbox()

    def _flush_outbox(self) -> None:
        outbox, self._outbox = self._outbox, []
        if not outbox:
            return
        if self._bulk.queue is None:
            unsent = dict.fromkeys(range(len(outbox)), "QUEUE_URL is not set")
        else:
            unsent = self._bulk.queue.send([body for _, body in outbox])
        for index, reason in unsent.items():
            _fail([outbox[index][0]], QueueRefused(f"work could not be put back on the queue: {reason}"))


class QueueRefused(RuntimeError):
    """SQS did not take a message that carries on the work of another."""


def _fail(deliveries: list[Delivery], error: Exception) -> None:
    for delivery in deliveries:
        delivery.failure = delivery.failure or error


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


def handler(event: dict, context) -> dict:
    """AWS Lambda's entry: an SQS event in, `{"batchItemFailures": [...]}` out."""
    bulk = bulk_scorer()
    bulk.logger.append_keys(request_id=context.aws_request_id)
    deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000, bulk.settings.deadline_margin_s)
    failures = bulk.run(event["Records"], deadline, split=True)

    def settle(record) -> None:
        if error := failures.get(record.message_id):
            raise error

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=settle, processor=processor, context=context)


if get_settings().on_lambda:  # the init phase has the CPU of a whole core, whatever memory was bought
    bulk_scorer()
