"""The messages of one event: gathered, scored in batches, written, and what time does not allow requeued.

The invariants, and why they hold, are in docs/BULK.md: a message is acknowledged only after its results, and the
messages that carry on its work, are safe; everything is written at keys that a repetition overwrites.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from lambda_fn.bulk.columns import Columns
from lambda_fn.bulk.comprehend import JobScorer
from lambda_fn.bulk.deadline import Deadline, OutOfTime
from lambda_fn.bulk.messages import parse_message
from lambda_fn.bulk.narrowing import score_narrowly
from lambda_fn.bulk.objects import SourceObject, find_object
from lambda_fn.bulk.outages import CredentialsRefused, Patience
from lambda_fn.bulk.records import CHUNK_BYTES, Chunk
from lambda_fn.bulk.scoring import ScorableChunk
from lambda_fn.bulk.sqs import encode_body
from lambda_fn.bulk.work import InlineWork, JobWork, MessageError, ObjectWork

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


@dataclass(eq=False, slots=True)
class Delivery:
    """One received message. receives: how often it was. failure: why it must be delivered again."""

    message_id: str
    receives: int = 1
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
        self._objects: list[tuple[Delivery, ObjectWork]] = []
        self._jobs: list[tuple[Delivery, JobWork]] = []
        self._batch: dict[tuple[Any, ...], WaitingChunk] = {}
        self._batch_bytes = self._batch_records = 0
        self._written: set[tuple[Any, ...]] = set()
        self._outbox: list[tuple[Delivery, str]] = []
        self._columns: dict[str, Columns] = {}
        self._started = False
        self._reading = Patience(self._left_for_reading, deadline.sleep, bulk.waiting)
        self._writing = Patience(deadline.for_writing, deadline.sleep, self._waiting)
        self._waits = 0
        self.requeued = 0

    def take(self, record: dict[str, Any]) -> None:
        """Work on one message as far as the deadline allows. Its objects are left for `finish`: nobody knows how long
        they take, and the comments in other messages should not wait for that."""
        attributes = record.get("attributes", {})
        delivery = Delivery(record["messageId"], int(attributes.get("ApproximateReceiveCount", 1)))
        self._deliveries.append(delivery)
        with _blamed_on(delivery):
            sent_at = datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC)
            for work in parse_message(record["body"], sent_at):
                if isinstance(work, InlineWork):
                    self._take_inline(delivery, work, len(record["body"]))
                elif isinstance(work, JobWork):
                    self._jobs.append((delivery, work))
                else:
                    self._objects.append((delivery, work))

    def finish(self) -> dict[str, Exception]:
        """Read the objects, score and send what waits. Returns the failed messages: message id -> reason."""
        if self._objects:
            self._flush_batch()
        for delivery, work in self._objects:
            if not delivery.failure:  # another object of the same message
                with _blamed_on(delivery):
                    self._take_object(delivery, work)
        self._flush_batch()
        for delivery, job in self._jobs:
            with _blamed_on(delivery):
                self._take_job(delivery, job)
        self._flush_outbox()
        return {delivery.message_id: delivery.failure for delivery in self._deliveries if delivery.failure}

    def _take_inline(self, delivery: Delivery, work: InlineWork, size: int) -> None:
        if not work.comments:
            self._bulk.logger.info("message without comments", message_id=delivery.message_id)
        elif self._has_time(size):
            columns = self._columns_of(work.text_column)
            chunk = ScorableChunk(work.work_id, 0, list(enumerate(work.comments)), columns)
            self._add(delivery, chunk, work.partition, size)
        else:
            self._requeue(delivery, work.message())

    def _take_object(self, delivery: Delivery, work: ObjectWork) -> None:
        if not self._has_time(0):
            self._requeue(delivery, work.message())
            return
        self._refuse_what_is_ours(work)
        source = find_object(self._bulk.s3, work, self._reading)
        if source is None:
            self._bulk.logger.info("empty object", message_id=delivery.message_id)
            return
        if delivery.receives > 1 and self._split and not source.is_plain:
            # Damage behind the chunks that are scored here would have all before it fanned out again, each time.
            enough = self._left_for_reading() * 2 / 3
            source.check(self._bulk.s3, self._reading, lambda: self._left_for_reading() < enough)
        scan = _Scan(source, source.chunks(self._bulk.s3, self._reading, self._late))
        try:
            self._take_chunks(delivery, source, scan)
        except OutOfTime:
            self._go_on_later(delivery, source, scan)

    def _take_job(self, delivery: Delivery, job: JobWork) -> None:
        """The first of an invocation is always begun, as with objects."""
        rest: JobWork | None = job
        if not self._started or self._deadline.allows(0):
            self._started = True
            rest = JobScorer(self._bulk, self._deadline, self._writing).go_on(job)
        if rest:
            self._requeue(delivery, rest.message())

    def _take_chunks(self, delivery: Delivery, source: SourceObject, scan: "_Scan") -> None:
        taken = 0
        for chunk in scan:
            if not chunk.records:
                if self._late():
                    raise OutOfTime
                continue
            if self._split and taken == DIRECT_CHUNKS:
                self._fan_out(delivery, source, chunk, scan)
                return
            if not self._has_time(chunk.bytes):
                self._requeue(delivery, source.rest_message(chunk.start))
                return
            columns = self._columns_of(source.work.text_column)
            scorable = ScorableChunk(source.work_id, chunk.start, chunk.records, columns)
            self._add(delivery, scorable, source.partition, chunk.bytes)
            taken += 1

    def _columns_of(self, text_column: str | None) -> Columns | None:
        """How comments are read whose text's field a message names."""
        if text_column is None:
            return None
        return self._columns.setdefault(text_column, Columns(text=text_column))

    def _go_on_later(self, delivery: Delivery, source: SourceObject, scan: "_Scan") -> None:
        """Requeue what is left of an object in which no comment was found for so long that time is up."""
        if scan.next > source.first or self._started:
            self._requeue(delivery, source.rest_message(scan.next))
        else:  # a whole invocation was not enough, and no other has more time
            raise MessageError("object_too_slow", "no comment was found in the time that an invocation has")

    def _late(self) -> bool:
        """Whether time is up but for scoring what waits."""
        return self._left_for_reading() - self._batch_bytes * self._bulk.seconds_per_byte <= 0

    def _left_for_reading(self) -> float:
        """Seconds. As long as nothing waits to be scored, none have to be kept free for it."""
        return self._deadline.for_reading() if self._started else self._deadline.for_writing()

    def _refuse_what_is_ours(self, work: ObjectWork) -> None:
        """Notifications on the results bucket would have results scored for ever, and parts twice; and only parts that
        this service cut may speak for another work."""
        settings = self._bulk.settings
        own = (settings.results_prefix, settings.parts_prefix)
        if work.part_of:
            if not self._bulk.parts.wrote(work):
                raise MessageError("message_invalid", f"{work.key} is no part of the work that it claims to be of")
        elif work.bucket == settings.results_bucket and work.key.startswith(own):
            raise MessageError("object_own_output", f"{work.key} is an output of this service")

    def _fan_out(self, delivery: Delivery, source: SourceObject, first: Chunk, scan: "_Scan") -> None:
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
                try:
                    for chunk in chain([first], scan):
                        if not self._deadline.allows(0):
                            late_at = chunk.start
                            return
                        yield chunk
                except OutOfTime:
                    late_at = scan.next

            for message in self._bulk.parts.write(source, until_late(), self._writing):
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
        started, waits = time.perf_counter(), self._waits
        try:
            lines = score_narrowly(self._bulk.scorer, [w.chunk for w in batch.values()], self._bulk.unreadable)
        except Exception as error:
            for waiting in batch.values():
                _fail(waiting.deliveries, error)
            return
        scored = time.perf_counter()
        with ThreadPoolExecutor(WRITES_AT_ONCE) as pool:
            for (identity, waiting), fault in zip(
                batch.items(), pool.map(self._write, batch.values(), lines), strict=True
            ):
                if fault:
                    _fail(waiting.deliveries, fault)
                else:
                    self._written.add(identity)
        # an outage says nothing of how long the next batch will take
        self._measure(size, (scored if self._waits > waits else time.perf_counter()) - started)

    def _waiting(self, error: BaseException, pause: float) -> None:
        self._waits += 1
        self._bulk.waiting(error, pause)

    def _write(self, waiting: WaitingChunk, lines: list[dict[str, Any]]) -> Exception | None:
        try:
            chunk = waiting.chunk
            self._writing(self._bulk.results.write, chunk.work_id, chunk.start, waiting.partition, lines)
        except Exception as error:
            return error
        return None

    def _measure(self, size: int, seconds: float) -> None:
        """Believe a slower pace at once and a faster one by halves: a batch of repeated texts proves little."""
        pace = seconds / max(size, 4096)
        self._bulk.seconds_per_byte = max(pace, (pace + self._bulk.seconds_per_byte) / 2)

    def _requeue(self, delivery: Delivery, message: dict[str, Any]) -> None:
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
            try:
                unsent = self._bulk.queue.send([body for _, body in outbox], self._writing)
            except CredentialsRefused as error:
                for delivery, _ in outbox:
                    _fail([delivery], error)
                return
        for index, reason in unsent.items():
            _fail([outbox[index][0]], QueueRefused(f"work could not be requeued: {reason}"))


class _Scan:
    """The chunks of an object, and where the one after those that came begins. Empty ones come where a scan goes on."""

    def __init__(self, source: SourceObject, chunks: Iterator[Chunk]):
        self._chunks, self.next = chunks, source.first

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        chunk = next(self._chunks)
        self.next = max(self.next, chunk.end) if chunk.records else chunk.start
        return chunk


@contextmanager
def _blamed_on(delivery: Delivery) -> Iterator[None]:
    """One message's fault is not its neighbours'."""
    try:
        yield
    except Exception as error:
        _fail([delivery], error)


def _fail(deliveries: list[Delivery], error: Exception) -> None:
    for delivery in deliveries:
        delivery.failure = delivery.failure or error
