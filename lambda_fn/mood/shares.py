"""Shares of the moods of each group of a rollup, with 95 % intervals: the one place where counts become percentages."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lambda_fn.mood import grid
from lambda_fn.mood.adding import add_up
from lambda_fn.mood.calendar import DAY
from lambda_fn.mood.calibration import Calibration, calibration_of
from lambda_fn.mood.prevalence import Likelihood, em
from lambda_fn.mood.rollup import NO_HOUR, Rollup

# Without history the prior is worth one comment of each mood: the mode of Dirichlet(2, 2, 2) is level.
FLAT = 2.0
# A coin's last days are worth at most this many comments. A subreddit's day lies 4.2 points (one standard deviation)
# from its week before, which 110 comments would say (`training.evaluate.concentration`); a collapse lies further, and
# must not be smoothed away.
HISTORY_COMMENTS = 30
HISTORY_S = 7 * DAY
# No share whose interval is wider than this: with fewer than about 30 comments a percentage says nothing.
WIDEST = 0.4


@dataclass
class Shares:
    """What is known of g groups.

    rollup: the groups, added up; `model` is "" where there were several. effective: [g] comments drawn one by one that
    would say as much. value, low, high: [g, 4] of negative, neutral, positive (0 to 1) and net mood (-1 to 1); NaN
    where an interval would be wider than WIDEST.
    """

    rollup: Rollup
    effective: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Mask [g] of the groups that have numbers."""
        return ~np.isnan(self.value[:, 0])


def estimate(rollup: Rollup, by: Sequence[str], width: str = "hour", history: Rollup | None = None) -> Shares:
    """The shares of each combination of the columns `by` (hour, coin, subreddit) of `rollup`.

    width: what "hour" in `by` means: hour, day, week or month. history: groups from which the last days before each
    group's time give its prior; default `rollup` itself. Raises calibration.UnknownRevision.
    """
    groups = _Groups.of(rollup, by, width)
    prior = np.full((len(groups.rollup), 3), FLAT)
    if "hour" in by and groups.revisions:
        before = _Groups.of(rollup if history is None else history, by, width, groups.revisions)
        prior = _prior(groups, before, by)
    value, low, high = groups.estimate(prior)
    narrow = (high - low)[:, :3].max(axis=1, initial=0) <= WIDEST
    for column in (value, low, high):
        column[~narrow] = np.nan
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
        return cls(total, revisions, (counts * worth[:, None, None]).reshape(len(total), -1), effective)

    def estimate(self, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value, low and high, [g, 4] each."""
        if not self.revisions:
            return tuple(np.full((len(self.counts), 4), np.nan) for _ in range(3))
        mix, low, high = _likelihood(self.revisions).estimate(self.counts, prior)
        return np.column_stack([mix, mix[:, 2] - mix[:, 0]]), low, high


def design_effect(rollup: Rollup, calibration: Calibration) -> np.ndarray:
    """By how much [g] the variance grows because comments of one thread, or one author, are alike (Kish 1965).

    1 + (m - 1) * intraclass correlation, where m - 1 is how many other comments of its thread a comment has on
    average: pairs / comments. That of authors comes on top, which is at worst too careful: an author is often also in
    one thread.
    """
    comments = np.maximum(rollup.comments, 1)
    return 1 + (calibration.thread * rollup.thread_pairs + calibration.author * rollup.author_pairs) / comments


def _keys(rollup: Rollup, by: Sequence[str]) -> list[tuple]:
    return list(zip(*(getattr(rollup, name) for name in by), strict=True)) if by else [()] * len(rollup)


def _prior(groups: _Groups, before: _Groups, by: Sequence[str]) -> np.ndarray:
    """Dirichlet parameters [g, 3]: level without history, else towards the mix of the last days, as sure as that is."""
    others = [name for name in by if name != "hour"]
    past: dict[tuple, list[int]] = {}
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
    mix = em(counts, _likelihood(before.revisions).table, np.full((len(counts), 3), FLAT))
    worth = 3 * (FLAT - 1) + np.minimum(counts.sum(axis=1), HISTORY_COMMENTS)
    return 1 + worth[:, None] * mix


@lru_cache(maxsize=8)
def _likelihood(revisions: tuple[str, ...]) -> Likelihood:
    """The cells of several revisions side by side; a comment's revision is known, so their likelihoods multiply."""
    return Likelihood(np.concatenate([calibration_of(revision).likelihood for revision in revisions]))
