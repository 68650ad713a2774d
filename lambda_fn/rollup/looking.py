"""Which result objects are new: a look at the last hours' partitions every time, and now and then at everything.

Listing costs $5 a million requests, a thousand keys each. A look at everything goes on over several runs where it must,
and lets go of result objects that have long been folded.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from lambda_fn.bulk.outages import Patience
from lambda_fn.contract import RESULTS_PREFIX
from lambda_fn.mood.calendar import DAY, HOUR
from lambda_fn.rollup.folding import RESULT_KEY, ResultObject
from lambda_fn.rollup.state import State

# The hour that is now, those before it, and the next, for senders whose clocks go fast.
LAST_HOURS = range(-2, 2)
# Results that came late, to another partition than these, are found within six hours.
SWEEP_S = 6 * HOUR
# S3 says when an object was sent, and it is there a little later; so much earlier than a look began is looked at again.
OVERLAP_S = 600
# What a look may come upon again: since the last sweep began, and one that takes its time.
REMEMBERED_S = 2 * SWEEP_S + OVERLAP_S


class Looking:
    """loose_days: after which a result object that has been folded is deleted."""

    def __init__(
        self, s3: Any, bucket: str, patience: Patience, loose_days: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._s3, self._bucket, self._patience, self._clock = s3, bucket, patience, clock
        self._loose_s = loose_days * DAY
        self.deleted = 0

    def recent(self, state: State) -> Iterator[list[ResultObject]]:
        """New objects of the last hours' partitions, a page at a time."""
        for hours in LAST_HOURS:
            hour = datetime.fromtimestamp(self._clock() + hours * HOUR, UTC)
            for page in self._pages(f"{RESULTS_PREFIX}{hour:dt=%Y-%m-%d/hour=%H/}"):
                yield [found for found in page if found.digest not in state.folded]

    def sweep(self, state: State) -> Iterator[list[ResultObject]]:
        """New objects of all partitions, a page at a time, if it is time to look, or that look is not yet done.

        When the next page is asked for, the one before has been folded.
        """
        if not state.sweeping:
            if self._clock() - state.swept < SWEEP_S:
                return
            state.sweeping, state.cursor = self._clock(), ""
        known = state.swept - OVERLAP_S
        for page in self._pages(RESULTS_PREFIX, state.cursor):
            yield [found for found in page if found.modified >= known and found.digest not in state.folded]
            self._let_go(page, min(known, self._clock() - self._loose_s))
            state.cursor = page[-1].key if page else state.cursor
        state.swept, state.sweeping, state.cursor = state.sweeping, 0.0, ""

    def _let_go(self, page: list[ResultObject], before: float) -> None:
        """Delete what was modified before: an earlier look has folded it."""
        keys = [{"Key": found.key} for found in page if found.modified < before]
        if keys:
            self._patience(self._s3.delete_objects, Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})
            self.deleted += len(keys)

    def _pages(self, prefix: str, after: str = "") -> Iterator[list[ResultObject]]:
        """Result objects under `prefix` whose keys come after `after`."""
        more: dict[str, Any] = {"StartAfter": after} if after else {}
        while True:
            answer = self._patience(self._s3.list_objects_v2, Bucket=self._bucket, Prefix=prefix, **more)
            yield [
                ResultObject(item["Key"], item["ETag"], item["LastModified"].timestamp(), item["Size"])
                for item in answer.get("Contents", [])
                if RESULT_KEY.search(item["Key"])
            ]
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}
