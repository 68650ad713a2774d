"""A question about the mood, put to results: which groups, over which time, and their shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from crypto_sentiment.mood.engine import Question, read_rollup
from crypto_sentiment.mood.errors import MoodError, WrongUsage
from lambda_fn.mood import calendar
from lambda_fn.mood.calibration import UnknownRevision
from lambda_fn.mood.rollup import EVERY_COIN, NO_HOUR, Rollup
from lambda_fn.mood.shares import HISTORY_S, Shares, estimate

AUTOMATIC = "time"
BY = ("coin", "subreddit", *calendar.WIDTHS, AUTOMATIC)
# `time` is the narrowest width that gives at most so many points.
MOST_POINTS = 120


@dataclass(frozen=True)
class Asked:
    """groups: columns of the rollup that are kept apart. width: of time, None without time; `time`: chosen by the data.

    coins, subreddits: only these, all if empty. since, until: seconds since 1970. top: the coins most written about.
    """

    groups: tuple[str, ...] = ()
    width: str | None = None
    coins: tuple[str, ...] = ()
    subreddits: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    top: int = 8
    time_column: str | None = None

    @classmethod
    def of(cls, by: str, **more) -> "Asked":
        """by: names of BY, separated by commas. Raises WrongUsage."""
        names = [name.strip().lower() for name in by.split(",") if name.strip()]
        if unknown := [name for name in names if name not in BY]:
            raise WrongUsage(f"--by takes {', '.join(BY)}, not {unknown[0]}")
        widths = [name for name in names if name not in ("coin", "subreddit")]
        if len(widths) > 1:
            raise WrongUsage(f"--by takes one width of time, not {' and '.join(widths)}")
        groups = tuple(name for name in ("coin", "subreddit") if name in names)
        return cls(groups, widths[0] if widths else None, **more)


@dataclass(frozen=True)
class Answer:
    """shares: by `by`, in order of coin, subreddit and time. width: of `hour` in `by`, None without time.

    left_out: comments without a mood, by reason, of the whole time that was asked about. comments: those with one.
    without_time: comments that carry no time.
    """

    shares: Shares
    by: tuple[str, ...]
    width: str | None
    comments: int
    left_out: dict[str, int]
    without_time: int


def parse_time(value: str | None, name: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 time (UTC where it says nothing else) or of digits. Raises WrongUsage."""
    if value is None:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise WrongUsage(f"{name} takes a time such as 2022-05-12 or 2022-05-12T08:00, not {value}") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def answer(sources: Sequence[str], asked: Asked, threads: int | None = None) -> Answer:
    """Raises MoodError."""
    subreddits = "subreddit" in asked.groups or bool(asked.subreddits)
    narrow = "hour" if asked.width in ("hour", AUTOMATIC) else "day"
    since = None if asked.since is None else asked.since - (HISTORY_S if asked.width else 0)
    return answer_of(
        read_rollup(sources, Question(subreddits, narrow, since, asked.until, asked.time_column), threads), asked
    )


def answer_of(rollup: Rollup, asked: Asked) -> Answer:
    """The answer from a rollup that may begin a week before `asked.since`, for the prior. Raises MoodError."""
    pool = rollup
    if asked.subreddits:
        names = {name.lower().removeprefix("r/") for name in asked.subreddits}
        rollup = rollup.where(np.isin(rollup.subreddit.astype(str), list(names)))
    now = (
        rollup if asked.since is None else rollup.where(rollup.hour >= calendar.floor(np.array([asked.since]), "hour"))
    )
    if not len(now):
        raise MoodError("there are no comments of that time and those subreddits in the results")
    every = now.where(now.coin == EVERY_COIN)
    timed = now.hour[now.hour != NO_HOUR]
    width = asked.width
    if width and not len(timed):
        raise MoodError("no comment carries a time (name its field with --time-column)")
    if width == AUTOMATIC:
        width = calendar.narrowest(int(timed.min()), int(timed.max()), MOST_POINTS)
    if "coin" in asked.groups or asked.coins:
        chosen = _coins(now, asked)
        now, rollup = (part.where(np.isin(part.coin.astype(str), chosen)) for part in (now, rollup))
    by = (
        *(("coin",) if asked.coins and "coin" not in asked.groups else ()),
        *asked.groups,
        *(("hour",) if width else ()),
    )
    if width:
        now, rollup = (part.where(part.hour != NO_HOUR) for part in (now, rollup))
    try:
        shares = estimate(now, by, width or "hour", rollup, pool)
    except UnknownRevision as error:
        raise MoodError(str(error)) from None
    return Answer(
        shares,
        by,
        width,
        int(every.comments.sum()),
        {reason: int(n.sum()) for reason, n in sorted(every.left_out.items()) if n.sum()},
        int(every.comments[every.hour == NO_HOUR].sum()),
    )


def _coins(rollup: Rollup, asked: Asked) -> list[str]:
    """The coins that were asked for, else every comment and the coins most written about. Raises MoodError."""
    names, codes = np.unique(rollup.coin.astype(str), return_inverse=True)
    comments = dict(zip(names.tolist(), np.bincount(codes, rollup.comments).tolist(), strict=True))
    if asked.coins:
        known = {name.lower(): name for name in comments}
        if missing := [coin for coin in asked.coins if coin.lower() not in known]:
            raise MoodError(f"no comment of that time names {', '.join(missing)}")
        return [known[coin.lower()] for coin in asked.coins]
    comments.pop(EVERY_COIN, None)
    return [EVERY_COIN, *sorted(comments, key=lambda coin: (-comments[coin], coin))[: asked.top]]


def rows(found: Answer) -> list[dict]:
    """The answer as flat rows, for --output: one for each group, numbers 0 to 1, None where there is no number."""
    shares = found.shares
    names = ("negative", "neutral", "positive", "net")
    out = []
    for row in range(len(shares.rollup)):
        line: dict = {}
        for name in found.by:
            value = getattr(shares.rollup, name)[row]
            line["time" if name == "hour" else name] = calendar.iso(int(value)) if name == "hour" else str(value)
        line |= {"comments": int(shares.rollup.comments[row]), "worth": round(float(shares.effective[row]), 1)}
        for column, name in enumerate(names):
            for key, numbers in ((name, shares.value), (f"{name}_low", shares.low), (f"{name}_high", shares.high)):
                line[key] = round(float(numbers[row, column]), 4) if shares.known[row] else None
        out.append(line | {f"left_out_{r}": int(n[row]) for r, n in sorted(shares.rollup.left_out.items())})
    return out
