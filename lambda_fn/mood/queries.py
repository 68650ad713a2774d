"""The SQL of the mood, one text for Athena (Trino) and DuckDB; crypto_sentiment and cdk both take it from here."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from string import Template

from lambda_fn.mood import grid
from lambda_fn.mood.calendar import DAY, HOUR
from lambda_fn.mood.calibration import calibrations

_FOLDER = Path(__file__).parent
GROUPS = ("hour", "coin", "subreddit")


def rollup(
    results: str = "results",
    where: str = "TRUE",
    since: float | None = None,
    until: float | None = None,
    width: str = "hour",
) -> str:
    """Result lines to rows of a rollup (Rollup.of_rows).

    results: the relation; it has the fields of a result line, of types: work_id, created_utc, subreddit, author,
    link_id, language, model and error varchar; position bigint; p_negative and p_positive double; coins array of
    row(coin varchar, p_negative double, p_positive double, ...). where: a condition on its lines, such as on their
    partition. since, until: seconds since 1970 of the comments' own time, until not included. width: hour or day.
    """
    ends = [f"seconds {sign} {end:.15e}" for sign, end in ((">=", since), ("<", until)) if end is not None]
    seconds = {"hour": HOUR, "day": DAY}[width]
    return _template("rollup.sql").substitute(
        results=results, where=where, when=" AND ".join(ends) or "TRUE", width=f"{seconds}e0"
    )


# The columns of results_by_hour that `rollup.sql` asks for.
ASKED = ("work_id", "position", "subreddit", "author", "link_id", "p_negative", "p_positive", "coins", "language",
         "model", "error")  # fmt: skip


def rollup_of_hours(begins: Iterable[int], table: str = "results_by_hour") -> str:
    """The rollup of the hours that begin at `begins` (seconds since 1970), from their partitions of `table` alone."""
    chosen = sorted(set(begins))
    written = [f"{datetime.fromtimestamp(begin, UTC):%Y-%m-%d %H}".split() for begin in chosen]
    days = {day: ", ".join(f"'{hour}'" for _, hour in parts) for day, parts in groupby(written, key=itemgetter(0))}
    partitions = " OR ".join(f"(dt = '{day}' AND hour IN ({hours}))" for day, hours in days.items())
    columns = f"{', '.join(ASKED)}, CAST(written_s AS varchar) AS created_utc"
    relation = f"(SELECT {columns} FROM {table} WHERE {partitions})"
    return rollup(relation, since=chosen[0], until=chosen[-1] + HOUR)


def named() -> dict[str, str]:
    """Queries that people begin with in Athena's console: name -> text. Each reads no more than the days it names."""
    # A date less an interval is a date in Trino and a time in DuckDB: its first ten letters are the day in both.
    yesterday, month = (f"dt >= substr(CAST(current_date - INTERVAL '{n}' DAY AS varchar), 1, 10)" for n in (1, 30))
    return {
        "mood by coin since yesterday": shares(("coin",), where=yesterday),
        "mood of BTC by hour since yesterday": shares(("hour",), where=f"coin = 'BTC' AND {yesterday}", of_coin=True),
        "mood by coin and day of the last 30 days": shares(("coin", "hour"), mood="mood_days", where=month),
        "mood by subreddit since yesterday": shares(("subreddit",), where=yesterday),
    }


def shares(by: Sequence[str] = ("coin",), mood: str = "mood", where: str = "TRUE", of_coin: bool = False) -> str:
    """Lines of rollup objects to shares with 95 % intervals, as far as SQL alone can.

    by: of GROUPS. mood: the relation, its columns those of a line: hour, thread_pairs and author_pairs bigint; coin,
    subreddit and model varchar; cells and comments array of bigint. of_coin: `where` names one coin itself. Raises
    ValueError for a `by` that is none.
    """
    if unknown := [name for name in by if name not in GROUPS]:
        raise ValueError(f"{unknown[0]!r} is none of {', '.join(GROUPS)}")
    known = calibrations()
    weights = [
        f"('{revision}', {cell}, {', '.join(f'{weight:.5e}' for weight in row)})"
        for revision, calibration in known.items()
        for cell, row in zip(grid.CELLS.tolist(), calibration.weights().tolist(), strict=True)
    ]
    return _template("shares.sql").substitute(
        weights=",\n        ".join(weights),
        thread=f"{max(calibration.thread for calibration in known.values()):e}",
        author=f"{max(calibration.author for calibration in known.values()):e}",
        known=f"{min(calibration.comments for calibration in known.values()):e}",
        by="".join(f"{name}, " for name in by).rstrip(),
        group=", ".join(by) or "()",
        order=", ".join(by) or "1",
        mood=mood,
        # Coins overlap: without them, only what counts every comment once.
        where=where if "coin" in by or of_coin else f"coin = '' AND ({where})",
    )


def _template(name: str) -> Template:
    return Template((_FOLDER / name).read_text())
