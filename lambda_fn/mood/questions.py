"""What is asked of the mood over HTTP, as functions of a MoodStore: plain dicts, ready to be JSON."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lambda_fn.mood import calendar
from lambda_fn.mood.calendar import DAY, HOUR
from lambda_fn.mood.rollup import EVERY_COIN, NO_HOUR, Rollup
from lambda_fn.mood.shares import HISTORY_S, Shares, estimate
from lambda_fn.mood.store import MoodStore

QUANTITIES = ("negative", "neutral", "positive", "net")
WIDTHS = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 28 * DAY}
# Objects that one question may have to read; and points of what is at hand.
MOST_HOURS, MOST_DAYS = 7 * 24, 366
MOST_POINTS = 2000
BEFORE_DAYS = 3  # trending: the days that a day is compared with
BASELINE_DAYS = 20
# A coin is not trending by going from one mention to ten.
LEAST_MENTIONS = 20


class QuestionError(ValueError):
    """A question that cannot be asked."""


def mood(
    store: MoodStore,
    *,
    coins: Sequence[str] = (),
    subreddits: Sequence[str] = (),
    by: Sequence[str] = ("coin",),
    since: int | None = None,
    until: int | None = None,
    top: int = 20,
) -> dict[str, Any]:
    """Comments, shares, net mood and their intervals by coin, subreddit, hour or day.

    by: of coin, subreddit, and one of WIDTHS. since, until: seconds since 1970; default: the last 24 hours.
    coins: default: every comment, and the `top` most written about. Raises QuestionError.
    """
    width = _width(by)
    until = _hour(store) if until is None else until
    since = until - DAY if since is None else since
    narrow = width or ("hour" if until - since <= MOST_HOURS * HOUR else "day")
    seconds, most = (HOUR, MOST_HOURS) if narrow == "hour" else (DAY, MOST_DAYS)
    if not 0 <= since < until or (until - since) // seconds > most:
        raise QuestionError(f"from must lie before to, by at most {MOST_HOURS} hours, or {MOST_DAYS} days by day")
    apart = "subreddit" in by or bool(subreddits)
    now = _span(store, since, until, narrow, apart)
    before = [_span(store, max(since - HISTORY_S, 0), since, "day", apart)] if width else []
    history = Rollup.concatenate([*before, now])
    return _answer(now, history, since, until, coins, subreddits, by, width, top)


def mood_of(
    rollup: Rollup,
    *,
    coins: Sequence[str] = (),
    subreddits: Sequence[str] = (),
    by: Sequence[str] = ("coin",),
    since: int | None = None,
    until: int | None = None,
    top: int = 20,
) -> dict[str, Any]:
    """`mood` of a rollup that is at hand: what `crypto-sentiment mood` says of it. Raises QuestionError.

    since, until: default: all of it, comments without a time too where `by` has no width.
    """
    width = _width(by)
    timed = rollup.hour[rollup.hour != NO_HOUR]
    now = history = rollup
    if width or since is not None or until is not None:
        if not len(timed):
            raise QuestionError("no comment carries a time")
        since = int(timed.min()) if since is None else since
        until = int(timed.max()) + HOUR if until is None else until
        if not 0 <= since < until or (width and (until - since) // WIDTHS[width] > MOST_POINTS):
            raise QuestionError(f"from must lie before to, and at most {MOST_POINTS} points apart")
        begins = since - since % HOUR  # the hour that `since` is in counts
        now = rollup.where((rollup.hour >= begins) & (rollup.hour < until))
        before = HISTORY_S if width else 0
        history = rollup.where((rollup.hour >= max(begins - before, 0)) & (rollup.hour < until))
    return _answer(now, history, since, until, coins, subreddits, by, width, top)


def _width(by: Sequence[str]) -> str | None:
    """Of time in `by`. Raises QuestionError."""
    widths = [name for name in by if name in WIDTHS]
    if len(widths) > 1 or any(name not in ("coin", "subreddit", *WIDTHS) for name in by):
        raise QuestionError(f"by takes coin, subreddit, and one of {', '.join(WIDTHS)}")
    return widths[0] if widths else None


def _answer(
    now: Rollup,
    history: Rollup,
    since: int | None,
    until: int | None,
    coins: Sequence[str],
    subreddits: Sequence[str],
    by: Sequence[str],
    width: str | None,
    top: int,
) -> dict[str, Any]:
    """history: `now` and the week before it, for the prior and the usual mood."""
    pool = history
    if subreddits:
        names = [name.lower().removeprefix("r/") for name in subreddits]
        now, history = (part.where(_among(part.subreddit, names)) for part in (now, history))
    groups = [name for name in ("coin", "subreddit") if name in by or (name == "coin" and coins)]
    if "coin" in groups:
        chosen = [*coins] or [EVERY_COIN, *_most(now)[:top]]
        now, history = (part.where(_among(part.coin, chosen)) for part in (now, history))
    if width:
        now, history = (part.where(part.hour != NO_HOUR) for part in (now, history))
    columns = [*groups, *(["hour"] if width else [])]
    shares = estimate(now, columns, width or "hour", history, pool)
    return {
        "from": None if since is None else calendar.iso(since),
        "to": None if until is None else calendar.iso(until),
        "by": list(by),
        "groups": [group(shares, row, columns) for row in range(len(shares.rollup))],
    }


def trending(store: MoodStore, top: int = 20) -> dict[str, Any]:
    """The coins of the last 24 hours by mentions, with the change against the three days before, and their mood."""
    until = _hour(store)
    since = until - DAY
    now = store.hours(since, until)
    before = store.hours(since - BEFORE_DAYS * DAY, since)
    mentions, earlier = _mentions(now), _mentions(before)
    order = _most(now)[:top]
    shares = _by_coin(now, Rollup.concatenate([before, now]), order)
    place = {coin: row for row, coin in enumerate(shares.rollup.coin)}
    found = []
    for coin in order:
        daily = earlier.get(coin, 0) / BEFORE_DAYS
        known = mentions[coin] >= LEAST_MENTIONS and daily > 0
        change = round(mentions[coin] / daily - 1, 4) if known else None
        line = {"coin": coin, "mentions": mentions[coin], "mentions_a_day_before": round(daily, 1), "change": change}
        found.append(line | group(shares, place[coin], []))
    return {"from": calendar.iso(since), "to": calendar.iso(until), "days_before": BEFORE_DAYS, "coins": found}


def coin(store: MoodStore, symbol: str) -> dict[str, Any] | None:
    """One coin: the last 24 hours against its 20 days before, and its hours. None if nobody wrote of it."""
    until = _hour(store)
    since = until - DAY
    now = store.hours(since, until)
    days = store.days(since - BASELINE_DAYS * DAY, since)
    history = Rollup.concatenate([days, now])
    name = next((known for known in set(history.coin) if known and known.lower() == symbol.lower()), None)
    if name is None:
        return None
    mine, before = (part.where(part.coin == name) for part in (now, days))
    found: dict[str, Any] = {
        "coin": name,
        "from": calendar.iso(since),
        "to": calendar.iso(until),
        "baseline_days": BASELINE_DAYS,
    }
    last, usual = (_one(part, history, name) for part in (mine, before))
    hours = estimate(mine, ("coin", "hour"), "hour", history.where(history.coin == name), history)
    found |= {"last_24_hours": last, "baseline": usual and usual | {"comments_a_day": _daily(before)}}
    if last and usual and last["net"]["value"] is not None and usual["net"]["value"] is not None:
        # Apart by more than chance: the two intervals, put together as independent ones are.
        gap = last["net"]["value"] - usual["net"]["value"]
        margin = float(np.hypot(_margin(last["net"]), _margin(usual["net"])))
        found["change"] = {"net": round(gap, 4), "margin": round(margin, 4), "beyond_chance": abs(gap) > margin}
    return found | {"hours": [group(hours, row, ["hour"]) for row in range(len(hours.rollup))]}


def group(shares: Shares, row: int, columns: Sequence[str]) -> dict[str, Any]:
    """One group as JSON: what it is, how many comments, and each share with its interval, null where unknown."""
    rollup = shares.rollup
    line: dict[str, Any] = {}
    for name in columns:
        value = getattr(rollup, name)[row]
        line["time" if name == "hour" else name] = calendar.iso(int(value)) if name == "hour" else str(value)
    line["comments"] = int(rollup.comments[row])
    for column, name in enumerate(QUANTITIES):
        ends = (shares.value, shares.low, shares.high)
        numbers = [round(float(end[row, column]), 4) if shares.known[row] else None for end in ends]
        line[name] = dict(zip(("value", "low", "high"), numbers, strict=True))
    line["left_out"] = {reason: int(n[row]) for reason, n in sorted(rollup.left_out.items()) if n[row]}
    return line


def _margin(quantity: dict[str, float]) -> float:
    return max(quantity["high"] - quantity["value"], quantity["value"] - quantity["low"])


def _hour(store: MoodStore) -> int:
    """The end of the hour that is now."""
    return int(store.clock() // HOUR + 1) * HOUR


def _span(store: MoodStore, since: int, until: int, width: str, apart: bool) -> Rollup:
    """Hours; or whole days with the hours at both ends that are in none."""
    if width == "hour":
        return store.hours(since, until, apart)
    first, last = -(-since // DAY) * DAY, until // DAY * DAY
    if first >= last:
        return store.hours(since, until, apart)
    over = min(last, int(store.clock() // DAY) * DAY)  # today has no object of its own yet
    parts = [store.hours(since, first, apart), store.days(first, over, apart), store.hours(over, until, apart)]
    return Rollup.concatenate(parts)


def _among(column: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Mask of the entries of a column of text that are among `names`."""
    wanted = set(names)
    return np.fromiter((name in wanted for name in column.tolist()), dtype=bool, count=len(column))


def _mentions(rollup: Rollup) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, comments in zip(rollup.coin.tolist(), rollup.comments.tolist(), strict=True):
        if name != EVERY_COIN and comments:
            found[name] = found.get(name, 0) + int(comments)
    return found


def _most(rollup: Rollup) -> list[str]:
    mentions = _mentions(rollup)
    return sorted(mentions, key=lambda name: (-mentions[name], name))


def _by_coin(now: Rollup, history: Rollup, coins: Sequence[str]) -> Shares:
    mine, before = (part.where(_among(part.coin, coins)) for part in (now, history))
    return estimate(mine, ("coin",), "hour", before, history)


def _one(part: Rollup, history: Rollup, name: str) -> dict[str, Any] | None:
    if not len(part):
        return None
    return group(_by_coin(part, history, [name]), 0, [])


def _daily(days: Rollup) -> float:
    return round(float(days.comments.sum()) / BASELINE_DAYS, 1)
