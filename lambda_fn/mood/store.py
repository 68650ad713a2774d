"""Rollup objects by the hour and by the day, read when they are asked for and kept while they are fresh.

    mood/dt=2022-05-12/hour=08/rollup.jsonl.gz     the comments written in that hour (UTC)
    mood-days/dt=2022-05-12/rollup.jsonl.gz        its hours, added up once the day is over

A missing object is an hour without comments. A late result changes an hour that is over: objects are read again.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from lambda_fn.contract import MOOD_DAYS_PREFIX, MOOD_PREFIX
from lambda_fn.mood import calendar
from lambda_fn.mood.adding import add_up
from lambda_fn.mood.rollup import Rollup

NAME = "rollup.jsonl.gz"
# How long an object is believed: the hours that results still come in for, and those before.
FRESH_S, SETTLED_S = 60, 3600
SETTLED_AFTER_S = 2 * calendar.DAY
# Three weeks of hours, most of them only a few hundred groups.
KEPT = 1200
FETCHES_AT_ONCE = 16


def hour_key(begin: int) -> str:
    """Key of the object of the hour that begins at `begin`, in seconds since 1970."""
    return f"{MOOD_PREFIX}{datetime.fromtimestamp(begin, UTC):dt=%Y-%m-%d/hour=%H}/{NAME}"


def day_key(begin: int) -> str:
    """Key of the object of the day that begins at `begin`."""
    return f"{MOOD_DAYS_PREFIX}{datetime.fromtimestamp(begin, UTC):dt=%Y-%m-%d}/{NAME}"


class MoodStore:
    """fetch: the body at a key, or None where there is none. clock: seconds since 1970.

    Two threads that miss an object at once both read it, and keep the same.
    """

    def __init__(self, fetch: Callable[[str], bytes | None], clock: Callable[[], float] = time.time):
        self._fetch, self.clock = fetch, clock
        self._kept: dict[tuple[str, bool], tuple[float, Rollup]] = {}

    def hours(self, since: int, until: int, subreddits: bool = False) -> Rollup:
        """The groups of all hours from `since` on that begin before `until`; subreddits: kept apart."""
        begins = range(since - since % calendar.HOUR, until, calendar.HOUR)
        return self._all([(hour_key(begin), begin) for begin in begins], subreddits)

    def days(self, since: int, until: int, subreddits: bool = False) -> Rollup:
        """The groups of all whole days from `since` on that end by `until`."""
        begins = range(-(-since // calendar.DAY) * calendar.DAY, until - calendar.DAY + 1, calendar.DAY)
        return self._all([(day_key(begin), begin) for begin in begins], subreddits)

    def _all(self, places: list[tuple[str, int]], subreddits: bool) -> Rollup:
        """The groups of several objects; what has to be fetched is fetched at once."""
        now = self.clock()
        stale = [place for place in places if self._kept.get((place[0], subreddits), (0.0,))[0] <= now]
        if len(stale) > 1:
            with ThreadPoolExecutor(FETCHES_AT_ONCE) as pool:
                for _ in pool.map(lambda place: self._read(place[0], place[1], subreddits), stale):
                    pass
        return Rollup.concatenate([self._read(key, begin, subreddits) for key, begin in places])

    def _read(self, key: str, begin: int, subreddits: bool) -> Rollup:
        now = self.clock()
        kept = self._kept.get((key, subreddits))
        if kept and now < kept[0]:
            return kept[1]
        body = self._fetch(key)
        whole = Rollup.decode(body) if body else Rollup.of_lines([])
        until = now + (SETTLED_S if now - begin > SETTLED_AFTER_S else FRESH_S)
        self._kept[key, True] = until, whole
        self._kept[key, False] = until, add_up(whole, ("hour", "coin", "model"))
        while len(self._kept) > KEPT:  # the oldest first
            self._kept.pop(next(iter(self._kept)), None)
        return whole if subreddits else self._kept[key, False][1]
