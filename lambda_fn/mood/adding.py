"""Adding groups of a rollup up: hours to days, subreddits to all of Reddit."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lambda_fn.mood import calendar
from lambda_fn.mood.rollup import EVERY_COIN, KEYS, NO_HOUR, Rollup

PAIRS = ("thread_pairs", "author_pairs")


def add_up(rollup: Rollup, by: Sequence[str], width: str = "hour") -> Rollup:
    """One group for each combination of the columns `by`, of KEYS, with hours taken together by `width`.

    The other columns become NO_HOUR or "". Coins overlap, as a comment may name several: where `coin` is not in `by`,
    only the groups of EVERY_COIN count.

    Threads and authors live through many hours, and a rollup does not say which of one hour's comments are of a thread
    of another hour. Within a day they are taken to be the same threads as far as that is possible, which is the most
    pairs there can be (Minkowski's inequality); from one day to another they are taken to be others.
    """
    chosen = rollup if "coin" in by else rollup.where(rollup.coin == EVERY_COIN)
    others = [name for name in by if name != "hour"]
    hours = _sum(chosen, ["hour", *others])
    if width == "hour" and "hour" in by:
        return hours
    roots = replace(hours, hour=calendar.floor(hours.hour, "day"), **_pairs(hours, 0.5))
    days = _sum(roots, ["hour", *others])
    begins = calendar.floor(days.hour, width) if "hour" in by else np.full(len(days), NO_HOUR)
    total = _sum(replace(days, hour=begins, **_pairs(days, 2.0)), ["hour", *others])
    return replace(total, **{name: np.rint(pairs).astype(np.int64) for name, pairs in _pairs(total, 1.0).items()})


def _pairs(rollup: Rollup, power: float) -> dict[str, Any]:
    """Both kinds of pairs, raised to `power`. The root of a day's pairs is the sum of its hours' roots, at most."""
    return {name: np.asarray(getattr(rollup, name), dtype=np.float64) ** power for name in PAIRS}


def _sum(rollup: Rollup, by: Sequence[str]) -> Rollup:
    """One group for each combination of the columns `by`; counts are sums."""
    if not len(rollup):
        return rollup
    codes = np.zeros(len(rollup), dtype=np.int64)
    for name in by:
        values, column = np.unique(getattr(rollup, name), return_inverse=True)
        codes = codes * len(values) + column
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(first)))

    def total(column: np.ndarray) -> np.ndarray:
        return np.add.reduceat(column[order], starts, axis=0)

    none = {"hour": np.full(len(first), NO_HOUR)}
    keys = [
        getattr(rollup, name)[first] if name in by else none.get(name, np.full(len(first), "", dtype=object))
        for name in KEYS
    ]
    sums = [total(column) for column in (rollup.counts, rollup.thread_pairs, rollup.author_pairs)]
    return Rollup(*keys, *sums, left_out={reason: total(n) for reason, n in rollup.left_out.items()})
