"""The mood in the terminal: a table whose last column draws net mood with its interval."""

from itertools import groupby

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crypto_sentiment.mood.answer import Answer
from lambda_fn.mood import calendar
from lambda_fn.mood.rollup import EVERY_COIN

SCALE = 41  # characters from -100 to +100
MOODS = ("negative", "neutral", "positive")
IN_WORDS = {
    "text_deleted": "deleted",
    "text_bot": "by bots",
    "text_spam": "spam",
    "text_empty": "empty",
    "text_missing": "without a text",
    "text_too_long": "too long",
    "language_other": "in another language",
    "not_scored": "without a result",
}
TIME_FORMATS = {"hour": "%Y-%m-%d %H:00", "day": "%Y-%m-%d", "week": "week of %Y-%m-%d", "month": "%Y-%m"}


def table(found: Answer) -> Table:
    """One line a group; where there are no comments for a while, one line says so."""
    drawn = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in found.by:
        drawn.add_column(f"{found.width} (UTC)" if name == "hour" else name, no_wrap=True)
    drawn.add_column("comments", justify="right")
    for mood in MOODS:
        drawn.add_column(f"{mood} %", justify="right", no_wrap=True)
    drawn.add_column("net", justify="right", no_wrap=True)
    drawn.add_column("−100".ljust(SCALE // 2) + "0" + "+100".rjust(SCALE // 2), no_wrap=True)
    keys = [name for name in found.by if name != "hour"]
    order = _order(found, keys)
    for _, group in groupby(order, key=lambda row: _key(found, keys, row)):
        before = None
        for row in group:
            if found.width:
                begin = int(found.shares.rollup.hour[row])
                if before is not None and (empty := len(calendar.every(before, begin, found.width)) - 2):
                    gap = f"no comments for {empty:,} {found.width}{'s' if empty > 1 else ''}"
                    drawn.add_row(*[""] * len(keys), Text(gap, style="dim italic"))
                before = begin
            drawn.add_row(*_cells(found, row))
    return drawn


def _key(found: Answer, keys: list[str], row: int) -> tuple:
    return tuple(getattr(found.shares.rollup, name)[row] for name in keys)


def _order(found: Answer, keys: list[str]) -> list[int]:
    """Groups with most comments first, each in the order of time; every comment before any coin."""
    rollup = found.shares.rollup
    totals: dict[tuple, float] = {}
    for row, comments in enumerate(rollup.comments):
        totals[_key(found, keys, row)] = totals.get(_key(found, keys, row), 0) + comments

    def rank(row: int) -> tuple:
        key = _key(found, keys, row)
        return ("coin" in keys and rollup.coin[row] != EVERY_COIN, -totals[key], key, rollup.hour[row])

    return sorted(range(len(rollup)), key=rank)


def _cells(found: Answer, row: int) -> list:
    shares = found.shares
    cells: list[str | Text] = []
    for name in found.by:
        value = getattr(shares.rollup, name)[row]
        if name == "hour":
            cells.append(np.datetime64(int(value), "s").item().strftime(TIME_FORMATS[found.width or "hour"]))
        else:
            cells.append(Text("all" if name == "coin" and value == EVERY_COIN else str(value) or "(none)"))
    cells.append(f"{int(shares.rollup.comments[row]):,}")
    if not shares.known[row]:
        return [*cells, *[Text("–", style="dim")] * 4, Text("too few to say", style="dim italic")]
    value, low, high = (100 * numbers[row] for numbers in (shares.value, shares.low, shares.high))
    cells += [f"{value[k]:.0f} ({low[k]:.0f}–{high[k]:.0f})" for k in range(3)]
    cells.append(f"{value[3]:+.0f} ({low[3]:+.0f} to {high[3]:+.0f})")
    return [*cells, bar(value[3], low[3], high[3])]


def bar(value: float, low: float, high: float) -> Text:
    """Net mood, -100 to 100, as a point on its interval; a dot marks 0."""
    at = [round((number + 100) / 200 * (SCALE - 1)) for number in (low, value, high)]
    drawn = [" "] * SCALE
    drawn[SCALE // 2] = "·"
    for place in range(at[0], at[2] + 1):
        drawn[place] = "─"
    drawn[at[1]] = "●"
    return Text("".join(drawn), style="green" if low > 0 else "red" if high < 0 else "")


def left_out_line(found: Answer) -> str:
    """What was counted, and what was not, in a sentence."""
    total = found.comments + sum(found.left_out.values())
    parts = [f"{count:,} {IN_WORDS.get(reason, reason)}" for reason, count in found.left_out.items()]
    line = f"{found.comments:,} of {total:,} comments have a mood"
    if parts:
        line += f"; left out: {', '.join(parts)}"
    if found.without_time and found.width:
        line += f"; {found.without_time:,} carry no time and are in none of the lines"
    return line + "."


def show(found: Answer, console: Console) -> None:
    console.print(table(found))
    console.print(left_out_line(found), style="dim", highlight=False)
