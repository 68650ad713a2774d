"""Shares of the moods of each group of a rollup, with 95 % intervals: the one place where counts become percentages."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lambda_fn.mood import grid
from lambda_fn.mood.adding import add_up
from lambda_fn.mood.calendar import DAY
from lambda_fn.mood.calibration import Calibration, calibration_of
from lambda_fn.mood.prevalence import Likelihood, em
from lambda_fn.mood.rollup import EVERY_COIN, NO_HOUR, Rollup

# Without history the prior is worth one comment of each mood: the mode of Dirichlet(2, 2, 2) is level.
FLAT = 2.0
# A coin's last days are worth at most this many comments. A subreddit's day lies 4.2 points (one standard deviation)
# from its week before, which 110 comments would say (`training.evaluate.concentration`); a collapse lies further, and
# must not be smoothed away.
HISTORY_COMMENTS = 30
HISTORY_S = 7 * DAY
# What is usual for a coin or a subreddit is believed as much as it has comments, against so many of everyone's.
USUAL_COMMENTS = 30
# No share whose interval is wider than this: with fewer than about 30 comments a percentage says nothing.
WIDEST = 0.4
# Nor one that would be the last days' more than its own.
LEAST_COMMENTS = 10


@dataclass
class Shares:
    """What is known of g groups.

    rollup: the groups, added up; `model` is "" where there were several. effective: [g] comments drawn one by one that
    would say as much. value, low, high: [g, 4] of negative, neutral, positive (0 to 1) and net mood (-1 to 1); NaN
    where an interval would be wider than WIDEST, or there are fewer than LEAST_COMMENTS.
    """

    rollup: Rollup
    effective: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Mask [g] of the groups that have numbers."""
        return np.asarray(~np.isnan(self.value[:, 0]))


def estimate(
    rollup: Rollup, by: Sequence[str], width: str = "hour", history: Rollup | None = None, pool: Rollup | None = None
) -> Shares:
    """The shares of each combination of the columns `by` (hour, coin, subreddit) of `rollup`.

    width: what "hour" in `by` means: hour, day, week or month. history: groups from which the last days before each
    group's time give its prior; default `rollup` itself. pool: groups whose comments all together say how far the
    mix is from the calibration's; default `history`. Raises calibration.UnknownRevision.

    EM takes a mix that differs from the calibration's for a change of mood alone. That is wrong for a coin or a
    subreddit: its comments are also written otherwise, and the probabilities have read that already. So EM is done on
    the pool, and each coin or subreddit is measured against itself: where its comments of all times are as usual their
    corrected probabilities are averaged, and EM finds by how much an hour or a day departs from that
    (`training.evaluate.quantification`, natural groups).
    """
    history = rollup if history is None else history
    pool = history if pool is None else pool
    groups = _Groups.of(rollup, by, width)
    before = _Groups.of(history, by, width, groups.revisions)
    groups = _Groups.of(rollup, by, width, before.revisions)
    if not groups.revisions:
        nothing = np.full((len(groups.rollup), 4), np.nan)
        return Shares(groups.rollup, groups.effective, nothing, nothing.copy(), nothing.copy())
    scales = _scales(before, _Groups.of(pool, (), width, before.revisions), by)
    prior = _prior(groups, before, by, scales) if "hour" in by else np.full((len(groups.rollup), 3), FLAT)
    value, low, high = groups.estimate(prior, _scale_of(groups, by, scales))
    borne = ((high - low)[:, :3].max(axis=1, initial=0) <= WIDEST) & (groups.effective >= LEAST_COMMENTS)
    for column in (value, low, high):
        column[~borne] = np.nan
    return Shares(groups.rollup, groups.effective, value, low, high)


@dataclass
class _Groups:
    """Groups whose revisions are side by side: counts [g, r * 66], already worth no more than they bear."""

    rollup: Rollup
    revisions: tuple[str, ...]
    counts: np.ndarray
    effective: np.ndarray

    @classmethod
    def of(cls, rollup: Rollup, by: Sequence[str], width: str, revisions: tuple[str, ...] = ()) -> "_Groups":
        total = add_up(rollup, by, width)
        revisions = tuple(dict.fromkeys([*revisions, *sorted(set(rollup.model[rollup.comments > 0]))]))
        parts = add_up(rollup, [*by, "model"], width)
        place = {key: row for row, key in enumerate(_keys(total, by))}
        counts = np.zeros((len(total), max(1, len(revisions)), len(grid.CELLS)))
        design = np.zeros(len(total))
        known = np.inf
        for row, (key, model) in enumerate(zip(_keys(parts, by), parts.model, strict=True)):
            if model in revisions:
                counts[place[key], revisions.index(model)] = parts.counts[row]
        if revisions:
            used = [calibration_of(revision) for revision in revisions]
            known = min(calibration.comments for calibration in used)
            design = design_effect(total, max(used, key=lambda calibration: calibration.thread))
        comments = counts.sum(axis=(1, 2))
        effective = np.divide(comments, design + comments / known, out=np.zeros(len(total)), where=comments > 0)
        worth = np.divide(effective, comments, out=np.zeros(len(total)), where=comments > 0)
        return cls(
            total,
            revisions,
            (counts * worth[:, None, None]).reshape(len(total), counts.shape[1] * counts.shape[2]),
            effective,
        )

    def estimate(self, prior: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value, low and high, [g, 4] each."""
        mix, low, high = likelihood(self.revisions).estimate(self.counts, prior, scale)
        return np.column_stack([mix, mix[:, 2] - mix[:, 0]]), low, high


def design_effect(rollup: Rollup, calibration: Calibration) -> np.ndarray:
    """By how much [g] the variance grows because comments of one thread, or one author, are alike (Kish 1965).

    1 + (m - 1) * intraclass correlation, where m - 1 is how many other comments of its thread a comment has on
    average: pairs / comments. That of authors comes on top, which is at worst too careful: an author is often also in
    one thread.
    """
    comments = np.maximum(rollup.comments, 1)
    growth: np.ndarray = (
        1 + (calibration.thread * rollup.thread_pairs + calibration.author * rollup.author_pairs) / comments
    )
    return growth


def _keys(rollup: Rollup, by: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(getattr(rollup, name) for name in by), strict=True)) if by else [()] * len(rollup)


def _scales(history: _Groups, pool: _Groups, by: Sequence[str]) -> dict[tuple[Any, ...], np.ndarray]:
    """Factors [3] of the likelihood by coin and subreddit: the pool's mix over the usual one there.

    Where there are few comments the usual mix is drawn towards the pool's, and the factors towards 1.
    """
    names = [name for name in by if name != "hour"]
    usual: dict[tuple[Any, ...], np.ndarray] = {}
    for key, counts in zip(_keys(history.rollup, names), history.counts, strict=True):
        usual[key] = usual.get(key, 0) + counts
    table = likelihood(history.revisions).table
    total = pool.counts.sum(axis=0, keepdims=True)
    mix = em(total, table, np.full((1, 3), FLAT))[0]
    corrected = mix * table / (table @ mix)[:, None]  # P(mood | cell) where the mix is the pool's
    scales = {}
    for key, counts in usual.items():
        whole = "subreddit" not in names and key in ((), (EVERY_COIN,))
        expected = counts @ corrected + USUAL_COMMENTS * mix
        # What everyone writes, everywhere, is the pool, whose change of mix EM is there to find.
        scales[key] = np.ones(3) if whole else np.round(mix / (expected / expected.sum()), 6)
    return scales


def _scale_of(groups: _Groups, by: Sequence[str], scales: dict[tuple[Any, ...], np.ndarray]) -> np.ndarray:
    """The factors [g, 3] of each group; 1 for a coin or subreddit without history."""
    names = [name for name in by if name != "hour"]
    found = [scales.get(key, np.ones(3)) for key in _keys(groups.rollup, names)]
    return np.array(found).reshape(-1, 3)


def _prior(
    groups: _Groups, before: _Groups, by: Sequence[str], scales: dict[tuple[Any, ...], np.ndarray]
) -> np.ndarray:
    """Dirichlet parameters [g, 3]: level without history, else towards the mix of the last days, as sure as that is."""
    others = [name for name in by if name != "hour"]
    past: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(_keys(before.rollup, others)):
        past.setdefault(key, []).append(row)
    counts = np.zeros((len(groups.rollup), before.counts.shape[1]))
    for key, rows in past.items():
        past[key] = sorted(rows, key=before.rollup.hour.__getitem__)
    sums = {key: np.cumsum(before.counts[rows], axis=0) for key, rows in past.items()}
    hours = {key: before.rollup.hour[rows] for key, rows in past.items()}
    for row, key in enumerate(_keys(groups.rollup, others)):
        hour = groups.rollup.hour[row]
        if key in past and hour != NO_HOUR:
            begin, end = np.searchsorted(hours[key], [max(hour - HISTORY_S, 0), hour])
            if end > begin:
                counts[row] = sums[key][end - 1] - (sums[key][begin - 1] if begin else 0)
    flat = np.full((len(counts), 3), FLAT)
    mix = em(counts, likelihood(before.revisions).table, flat, _scale_of(groups, by, scales))
    worth = 3 * (FLAT - 1) + np.minimum(counts.sum(axis=1), HISTORY_COMMENTS)
    return np.asarray(1 + worth[:, None] * mix)


@lru_cache(maxsize=8)
def likelihood(revisions: tuple[str, ...]) -> Likelihood:
    """The cells of several revisions side by side; a comment's revision is known, so their likelihoods multiply."""
    return Likelihood(np.concatenate([calibration_of(revision).likelihood for revision in revisions]))
