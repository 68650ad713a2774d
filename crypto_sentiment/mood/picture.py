"""The mood as a picture: a line per coin with its band, gaps where nothing is known, and comments counted below."""

from pathlib import Path
from typing import Any

import numpy as np

from crypto_sentiment.mood.answer import Answer
from crypto_sentiment.mood.errors import WrongUsage
from crypto_sentiment.mood.terminal import left_out_line
from lambda_fn.mood import calendar
from lambda_fn.mood.rollup import EVERY_COIN

SUFFIXES = (".png", ".svg", ".pdf")
# Okabe and Ito's colours, told apart by colour-blind eyes too; grey for what is about no one coin.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8B6F47")
GREY = "#777777"


def check(path: Path) -> None:
    """Raises WrongUsage for a suffix that cannot be drawn; called before any work."""
    if path.suffix.lower() not in SUFFIXES:
        raise WrongUsage(f"--chart draws {', '.join(SUFFIXES)}, not {path.suffix or 'a file without a suffix'}")
    if not path.resolve().parent.is_dir():
        raise WrongUsage(f"there is no folder {path.resolve().parent} for the chart")


def draw(found: Answer, path: Path, title: str = "") -> None:
    """Write the picture of the answer; the suffix of `path` says the format."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    keys = [name for name in found.by if name != "hour"]
    series: dict[str, list[int]] = {}
    for row in np.argsort(found.shares.rollup.hour, kind="stable"):
        series.setdefault(_name(found, keys, int(row)), []).append(int(row))
    series = dict(sorted(series.items(), key=lambda item: -found.shares.rollup.comments[item[1]].sum()))
    figure = _over_time(found, series, pyplot) if found.width else _side_by_side(found, series, pyplot)
    figure.axes[0].set_title(title or "Net mood: positive − negative, points", loc="left")
    figure.text(0.01, 0.005, f"Bands and bars: 95 % intervals. {left_out_line(found)}", fontsize=7, color=GREY)
    figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    pyplot.close(figure)


def _name(found: Answer, keys: list[str], row: int) -> str:
    values = {name: str(getattr(found.shares.rollup, name)[row]) for name in keys}
    if values.get("coin") == EVERY_COIN:
        values["coin"] = "all comments"
    if "subreddit" in values:
        values["subreddit"] = f"r/{values['subreddit']}" if values["subreddit"] else "(no subreddit)"
    return ", ".join(values.values()) or "all comments"


def _colours(series: dict[str, list[int]]) -> dict[str, str]:
    coloured = [name for name in series if not name.startswith("all comments")]
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(coloured)}


def _over_time(found: Answer, series: dict[str, list[int]], pyplot: Any) -> Any:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, (top, bottom) = pyplot.subplots(
        2, sharex=True, figsize=(10, 5.8), gridspec_kw={"height_ratios": [4, 1]}, layout="constrained"
    )
    figure.get_layout_engine().set(rect=(0, 0.03, 1, 0.97))
    colours, shares = _colours(series), found.shares
    for name, rows in series.items():
        colour = colours.get(name, GREY)
        times, values, low, high = _with_gaps(found, rows)
        top.fill_between(times, low, high, color=colour, alpha=0.15, linewidth=0)
        top.plot(times, values, color=colour, linewidth=1.6, label=name)
        # A point with no neighbour on either side is no line: it is drawn by itself, with its interval.
        known = ~np.isnan(values)
        alone = known & ~np.append(known[1:], False) & ~np.append(False, known[:-1])
        if alone.any():
            ends = np.abs(np.stack([values - low, high - values]))[:, alone]
            top.errorbar(times[alone], values[alone], ends, fmt="o", markersize=3.5, color=colour, linewidth=1)
    hours, columns = np.unique(shares.rollup.hour, return_inverse=True)
    first = next((rows for name, rows in series.items() if name.startswith("all comments")), None)
    comments: np.ndarray = np.bincount(columns, shares.rollup.comments)
    if first is not None:
        comments = np.zeros(len(hours))
        comments[columns[first]] = shares.rollup.comments[first]
    width = found.width or "hour"
    widths = [calendar.following(int(hour), width) - int(hour) for hour in hours]
    bottom.bar(
        hours.astype("datetime64[s]"),
        comments,
        np.array(widths).astype("timedelta64[s]"),
        align="edge",
        color="#BBBBBB",
    )
    bottom.set_ylabel(f"comments\na{'n' if width == 'hour' else ''} {width}")
    bottom.yaxis.set_major_formatter(lambda number, _: f"{number:,.0f}")
    locator = AutoDateLocator()
    bottom.xaxis.set_major_locator(locator)
    bottom.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    bottom.set_xlabel("UTC")
    _style(top, series)
    return figure


def _with_gaps(found: Answer, rows: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Middles of all hours (days, …) from the first to the last of `rows`, and value, low, high; NaN where unknown."""
    width, shares = found.width or "hour", found.shares
    hours = shares.rollup.hour[rows]
    begins = calendar.every(int(hours[0]), int(hours[-1]), width)
    place = {begin: number for number, begin in enumerate(begins)}
    numbers = np.full((3, len(begins)), np.nan)
    for hour, row in zip(hours.tolist(), rows, strict=True):
        numbers[:, place[hour]] = [100 * column[row, 3] for column in (shares.value, shares.low, shares.high)]
    middles = np.array([(begin + calendar.following(begin, width)) // 2 for begin in begins])
    return middles.astype("datetime64[s]"), *numbers


def _side_by_side(found: Answer, series: dict[str, list[int]], pyplot: Any) -> Any:
    figure, axis = pyplot.subplots(figsize=(8, 1.6 + 0.4 * len(series)), layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0.06, 1, 0.94))
    colours = _colours(series)
    for place, (name, [row]) in enumerate(series.items()):
        comments = f"{int(found.shares.rollup.comments[row]):,}"
        axis.text(102, place, comments, va="center", fontsize=8, color=GREY)
        if not found.shares.known[row]:
            axis.text(0, place, "too few to say", ha="center", va="center", fontsize=8, color=GREY, style="italic")
            continue
        value, low, high = (100 * n[row, 3] for n in (found.shares.value, found.shares.low, found.shares.high))
        axis.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="o", color=colours.get(name, GREY))
    axis.set_yticks(range(len(series)), list(series))
    axis.set_ylim(len(series) - 0.5, -0.5)
    axis.set_xlim(-100, 100)
    axis.axvline(0, color=GREY, linewidth=0.8, linestyle=":")
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def _style(axis: Any, series: dict[str, list[int]]) -> None:
    axis.axhline(0, color=GREY, linewidth=0.8, linestyle=":")
    axis.yaxis.set_major_formatter(lambda number, _: f"{number:+.0f}" if number else "0")
    axis.grid(axis="y", linewidth=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    if len(series) > 1:
        axis.legend(frameon=False, ncols=min(5, len(series)), fontsize=8, loc="best")
