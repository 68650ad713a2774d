"""The messages of one event: gathered, scored in batches, written, and what time does not allow requeued.

The invariants, and why they hold, are in docs/BULK.md: a message is acknowledged only after its results, and the
messages that carry on its work, are safe; everything is written at keys that a repetition overwrites.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from lambda_fn.bulk.messages import InlineWork, MessageError, ObjectWork, parse_message
from lambda_fn.bulk.objects import SourceObject, find_object
from lambda_fn.bulk.records import CHUNK_BYTES, Chunk
from lambda_fn.bulk.scoring import ScorableChunk
from lambda_fn.bulk.sqs import encode_body

if TYPE_CHECKING:
    from lambda_fn.bulk.process import BulkScorer

# Chunks are scored together until they reach either bound: enough for full batches at every length, little memory.
BATCH_BYTES = 1024 * 1024
BATCH_RECORDS = 4096
# With a deadline, an object's chunks beyond these are left to other invocations, which work at the same time.
DIRECT_CHUNKS = 4
OUTBOX_MESSAGES = 100
# A PUT takes some 30 ms whatever its size; a batch of single comments has thousands.
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
class WaitingChunk:
    chunk: ScorableChunk
    partition: datetime
    bytes: int
    deliveries: list[Delivery] = field(default_factory=list)


class QueueRefused(RuntimeError):
    """SQS did not take a message that carries on the work of another."""


class Invocation:
    """The messages of one event: gathered into batches, scored, written; the rest requeued before the deadline."""

    def __init__(self, bulk: "BulkScorer", deadline: Deadline, split: bool):
        self._bulk, self._deadline, self._split = bulk, deadline, split
        self._deliveries: list[Delivery] = []
        self._batch: dict[tuple, WaitingChunk] = {}
        self._batch_bytes = self._batch_records = 0
        self._written: set[tuple] = set()
        self._outbox: list[tuple[Delivery, str]] = []
        self._started = False
        self.requeued = 0

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
        self._flush_batch()
        self._flush_outbox()
        return {delivery.message_id: delivery.failure for delivery in self._deliveries if delivery.failure}

    def _take_inline(self, delivery: Delivery, work: InlineWork, size: int) -> None:
        if not work.comments:
            self._bulk.logger.info("message without comments", message_id=delivery.message_id)
        elif self._has_time(size):
            chunk = ScorableChunk(work.work_id, 0, list(enumerate(work.comments)))
            self._add(delivery, chunk, work.partition, size)
        else:
            self._requeue(delivery, work.message())

    def _take_object(self, delivery: Delivery, work: ObjectWork) -> None:
        if not self._has_time(0):
            self._requeue(delivery, work.message())
            return
        self._refuse_own_output(work)
        source = find_object(self._bulk.s3, work)
        chunks = source.chunks(self._bulk.s3)
        for number, chunk in enumerate(chunks):
            if self._split and number == DIRECT_CHUNKS:
                self._fan_out(delivery, source, chunk, chunks)
                return
            if not self._has_time(chunk.bytes):
                self._requeue(delivery, source.rest_message(chunk.start))
                return
            self._add(
                delivery, ScorableChunk(source.work_id, chunk.start, chunk.records), source.partition, chunk.bytes
            )

    def _refuse_own_output(self, work: ObjectWork) -> None:
        """Notifications on the results bucket would have results scored for ever, and parts twice."""
        settings = self._bulk.settings
        own = (settings.results_prefix, settings.parts_prefix)
        if work.bucket == settings.results_bucket and work.key.startswith(own) and not work.part_of:
            raise MessageError("object_own_output", f"{work.key} is an output of this service")

    def _fan_out(self, delivery: Delivery, source: SourceObject, first: Chunk, chunks: Iterator[Chunk]) -> None:
        """Leave `first` and all that follows it to other invocations."""
        late_at: int | None = None
        if source.is_plain:
            for start in range(first.start, source.end, CHUNK_BYTES):
                if not self._deadline.allows(0):
                    late_at = start
                    break
                self._requeue(delivery, source.range_message(start))
        else:

            def until_late() -> Iterator[Chunk]:
                nonlocal late_at
                for chunk in chain([first], chunks):
                    if not self._deadline.allows(0):
                        late_at = chunk.start
                        return
                    yield chunk

            for message in self._bulk.parts.write(source, until_late()):
                self._requeue(delivery, message)
        if late_at is not None:
            self._requeue(delivery, source.rest_message(late_at))

    def _has_time(self, size: int) -> bool:
        """Whether `size` bytes more can be scored. The first of an invocation are always tried: else a piece of work
        that is too large for any invocation would go round for ever, and never reach the dead-letter queue."""
        if not self._started:
            return True
        if self._deadline.allows((self._batch_bytes + size) * self._bulk.seconds_per_byte):
            return True
        self._flush_batch()
        return self._deadline.allows(size * self._bulk.seconds_per_byte)

    def _add(self, delivery: Delivery, chunk: ScorableChunk, partition: datetime, size: int) -> None:
        self._started = True
        identity = (chunk.work_id, chunk.start, partition)
        if identity in self._written:  # the same work came twice in one event
            return
        if identity not in self._batch:
            self._batch[identity] = WaitingChunk(chunk, partition, size)
            self._batch_bytes += size
            self._batch_records += len(chunk.records)
        self._batch[identity].deliveries.append(delivery)
        if self._batch_bytes >= BATCH_BYTES or self._batch_records >= BATCH_RECORDS:
            self._flush_batch()

    def _flush_batch(self) -> None:
        """Score what was gathered, and write it. A fault fails the deliveries that it concerns."""
        batch, size = self._batch, self._batch_bytes
        self._batch, self._batch_bytes, self._batch_records = {}, 0, 0
        if not batch:
            return
        started = time.perf_counter()
        try:
            lines = self._bulk.scorer.score([waiting.chunk for waiting in batch.values()])
        except Exception as error:
            for waiting in batch.values():
                _fail(waiting.deliveries, error)
            return
        with ThreadPoolExecutor(WRITES_AT_ONCE) as pool:
            for (identity, waiting), error in zip(
                batch.items(), pool.map(self._write, batch.values(), lines), strict=True
            ):
                if error:
                    _fail(waiting.deliveries, error)
                else:
                    self._written.add(identity)
        self._measure(size, time.perf_counter() - started)

    def _write(self, waiting: WaitingChunk, lines: list[dict]) -> Exception | None:
        try:
            self._bulk.results.write(waiting.chunk.work_id, waiting.chunk.start, waiting.partition, lines)
        except Exception as error:
            return error
        return None

    def _measure(self, size: int, seconds: float) -> None:
        """Believe a slower pace at once and a faster one by halves: a batch of repeated texts proves little."""
        pace = seconds / max(size, 4096)
        self._bulk.seconds_per_byte = max(pace, (pace + self._bulk.seconds_per_byte) / 2)

    def _requeue(self, delivery: Delivery, message: dict) -> None:
        """Put work (back) on the queue. The delivery fails if that does not succeed."""
        self.requeued += 1
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
            _fail([outbox[index][0]], QueueRefused(f"work could not be requeued: {reason}"))


def _fail(deliveries: list[Delivery], error: Exception) -> None:
    for delivery in deliveries:
        delivery.failure = delivery.failure or error
