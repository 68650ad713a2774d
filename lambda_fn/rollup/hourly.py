"""One run: fold what is new, ask for the hours that changed, write one whole object for each, and for their days.

Each step may happen twice or be cut off: what is written has a name of its own or replaces the whole, and the state is
written after what it speaks of. docs/MOOD.md, "On AWS".
"""

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from lambda_fn.bulk.outages import Patience
from lambda_fn.mood import queries
from lambda_fn.mood.adding import add_up
from lambda_fn.mood.calendar import DAY, HOUR
from lambda_fn.mood.rollup import KEYS, Rollup
from lambda_fn.mood.store import day_key, hour_key
from lambda_fn.rollup import state as states
from lambda_fn.rollup.athena import QueryFailed
from lambda_fn.rollup.compacting import SETTLED_S, Compacting
from lambda_fn.rollup.folding import Folded, ResultObject, fold, piece_key
from lambda_fn.rollup.looking import REMEMBERED_S, Looking
from lambda_fn.rollup.state import State

# Compressed bytes of result objects that are folded together: some 250 MB of lines.
BATCH_BYTES = 24_000_000
AT_ONCE = 16
# Queries at once: each is of one day's hours. An account may run 20 and more.
QUERIES_AT_ONCE = 4
# Seconds that are kept for asking when folding; and for writing when asking.
FOLD_UNTIL_S, ASK_UNTIL_S = 240.0, 60.0

Ask = Callable[[str], Iterable[Sequence[Any]]]


@dataclass
class Report:
    """What a run did, as fields of its log line. left: hours that wait for the next run. failed: what Athena said."""

    objects: int = 0
    lines: int = 0
    without_time: int = 0
    unreadable: list[str] = field(default_factory=list)
    deleted: int = 0
    compacted: int = 0
    hours: int = 0
    days: int = 0
    left: int = 0
    failed: list[str] = field(default_factory=list)


class HourlyRollup:
    """ask: the rows of a query's answer, as text or as numbers. left_s: seconds until the run must have ended."""

    def __init__(
        self,
        s3: Any,
        bucket: str,
        ask: Ask,
        *,
        patience: Patience,
        loose_days: int,
        left_s: Callable[[], float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._s3, self._bucket, self._ask, self._patience = s3, bucket, ask, patience
        self._left_s, self._clock = left_s, clock
        self._compacting = Compacting(s3, bucket, patience)
        self._looking = Looking(s3, bucket, patience, loose_days, clock)

    def run(self) -> Report:
        """Raises what S3 raised; the next run does what this one has not done."""
        report = Report()
        state = self._read_state()
        self._fold_new(state, report)
        self._put(states.KEY, state.encode())
        try:
            self._count(state, report)
            self._compact(state, report)
        finally:
            state.forget(self._clock() - REMEMBERED_S)
            self._put(states.KEY, state.encode())
        report.deleted, report.left = self._looking.deleted, len(state.pending)
        return report

    def fetch(self, key: str) -> bytes | None:
        """The body at a key, or None where there is none."""
        try:
            body: bytes = self._patience(lambda: self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
            return body
        except self._s3.exceptions.NoSuchKey:
            return None

    def _fold_new(self, state: State, report: Report) -> None:
        for look in (self._looking.recent(state), self._looking.sweep(state)):
            for batch in batches(look):
                if batch:
                    self._fold(batch, state, report)
                    if self._left_s() < FOLD_UNTIL_S:
                        return

    def _fold(self, batch: list[ResultObject], state: State, report: Report) -> None:
        def body(found: ResultObject) -> tuple[ResultObject, bytes] | None:
            content = self.fetch(found.key)
            return None if content is None else (found, content)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            folded: Folded = fold(filter(None, pool.map(body, batch)), self._clock())
            for _ in pool.map(lambda piece: self._put(*piece), folded.pieces()):
                pass
        state.folded |= {found.digest: found.modified for found in batch}
        state.pending |= folded.hours
        state.spread |= folded.hours
        report.objects += len(batch)
        report.lines += sum(map(len, folded.lines.values()))
        report.without_time += folded.without_time
        report.unreadable += folded.unreadable

    def _count(self, state: State, report: Report) -> None:
        """Newest days first: those are looked at."""
        days = [list(hours) for _, hours in groupby(sorted(state.pending, reverse=True), key=lambda hour: hour // DAY)]
        with ThreadPoolExecutor(QUERIES_AT_ONCE) as pool:
            for start in range(0, len(days), QUERIES_AT_ONCE):
                if self._left_s() < ASK_UNTIL_S:
                    return
                some = days[start : start + QUERIES_AT_ONCE]
                for hours, found in zip(some, pool.map(self._rollup_of, some), strict=True):
                    if isinstance(found, QueryFailed):  # of this day; it stays pending, and the others go on
                        report.failed.append(str(found))
                        continue
                    self._write(hours, found, report)
                    state.pending -= set(hours)

    def _compact(self, state: State, report: Report) -> None:
        """Once a day; what there was no time for is done by the next run."""
        today = int(self._clock() - SETTLED_S) // DAY
        if state.compacted == today:
            return
        for begin in sorted(hour for hour in state.spread if hour < today * DAY):
            if self._left_s() < ASK_UNTIL_S:
                return
            try:
                report.compacted += self._compacting.hour(begin)
            except zlib.error:  # of this hour, which stays as it is
                report.unreadable.append(piece_key(begin, "*"))
            state.spread.discard(begin)
        state.compacted = today

    def _rollup_of(self, hours: list[int]) -> Rollup | QueryFailed:
        try:
            return Rollup.of_rows(map(numbers, self._ask(queries.rollup_of_hours(hours))))
        except QueryFailed as error:
            return error

    def _write(self, hours: list[int], rollup: Rollup, report: Report) -> None:
        for begin in hours:
            hour = rollup.where(rollup.hour == begin)
            if len(hour):  # else all of its partition's comments say no time
                self._put(hour_key(begin), hour.encode())
                report.hours += 1
        day = hours[0] - hours[0] % DAY
        if day + DAY <= self._clock():
            with ThreadPoolExecutor(AT_ONCE) as pool:
                bodies = list(pool.map(lambda begin: self.fetch(hour_key(begin)), range(day, day + DAY, HOUR)))
            whole = Rollup.concatenate([Rollup.decode(body) for body in bodies if body])
            if len(whole):
                self._put(day_key(day), add_up(whole, KEYS, "day").encode())
                report.days += 1

    def _read_state(self) -> State:
        body = self.fetch(states.KEY)
        return State.decode(body) if body else State()

    def _put(self, key: str, body: bytes) -> None:
        kind = {"ContentType": "application/gzip"}
        self._patience(self._s3.put_object, Bucket=self._bucket, Key=key, Body=body, **kind)


def batches(pages: Iterable[list[ResultObject]]) -> Iterator[list[ResultObject]]:
    """Pages put together up to BATCH_BYTES, so that an hour gets few objects of a run, and memory has a bound.

    A page is handed on whole: one that is asked for has seen the pages before it folded.
    """
    batch: list[ResultObject] = []
    for page in pages:
        if batch and sum(found.size for found in [*batch, *page]) > BATCH_BYTES:
            yield batch
            batch = []
        batch += page
    yield batch


def numbers(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row of `rollup.sql` whose numbers may be text, as Athena writes them; an hour that is NULL is "" there."""
    hour, coin, subreddit, model, left_out, *counts = row
    return (None if hour in (None, "") else int(hour), coin, subreddit, model, left_out, *map(int, counts))
