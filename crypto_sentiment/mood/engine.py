"""The mood's SQL on DuckDB: result files in, a rollup out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crypto_sentiment.mood.errors import MoodError, WrongUsage
from crypto_sentiment.mood.sources import local_files
from lambda_fn.mood import queries
from lambda_fn.mood.rollup import Rollup

# What Trino has and DuckDB lacks. Trino's sequence runs downwards where its end lies below its start.
PRELUDE = """
SET TimeZone = 'UTC';
SET preserve_insertion_order = false;
CREATE MACRO sequence(a, b) AS CASE WHEN b < a THEN generate_series(a, b, -1) ELSE generate_series(a, b) END;
"""
COIN = "STRUCT(coin VARCHAR, mood VARCHAR, p_negative DOUBLE, p_neutral DOUBLE, p_positive DOUBLE)[]"
FIELDS = {
    "work_id": "VARCHAR",
    "position": "BIGINT",
    "subreddit": "VARCHAR",
    "author": "VARCHAR",
    "link_id": "VARCHAR",
    "p_negative": "DOUBLE",
    "p_positive": "DOUBLE",
    "coins": COIN,
    "language": "VARCHAR",
    "model": "VARCHAR",
    "error": "VARCHAR",
}
# Of results scored before 2026-12, which lie in buckets for a year.
OLD_FIELDS = {"probabilities": "STRUCT(negative DOUBLE, neutral DOUBLE, positive DOUBLE)"}
# Fields that say when a comment was written: results keep the comment's own name.
TIMES = ("created_utc", "created_at", "createdat", "created", "timestamp", "datetime", "date", "time", "published_at")
READERS = {
    "json": "read_json({files}, columns = {columns}, hive_partitioning = false, maximum_object_size = 67108864)",
    "csv": "read_csv({files}, delim = ',', {csv})",
    "tsv": "read_csv({files}, delim = '\t', {csv})",
    "parquet": "read_parquet({files}, union_by_name = true, hive_partitioning = false)",
}
CSV = (
    "header = true, quote = '\"', escape = '\"', all_varchar = true, union_by_name = true, hive_partitioning = false, "
    "max_line_size = 67108864"
)


@dataclass(frozen=True)
class Question:
    """What is asked of results. since, until: seconds since 1970, until not included; None: all.

    subreddits: kept apart; else they are taken together. width: hour or day, the narrowest that is asked for.
    """

    subreddits: bool = True
    width: str = "hour"
    since: float | None = None
    until: float | None = None
    time_column: str | None = None


def read_rollup(sources: Sequence[str], question: Question = Question(), threads: int | None = None) -> Rollup:
    """The rollup of result files, folders, patterns and s3:// prefixes, or of rollup objects that lie there.

    threads: of DuckDB; default: the cores there are. Raises MoodError.
    """
    with local_files(sources) as found:
        parts = [_within(_decoded(path), question) for path in found.pop("rollup", [])]
        if found:
            parts.append(_counted(found, question, threads))
    return Rollup.concatenate(parts)


def _decoded(path: Path) -> Rollup:
    try:
        return Rollup.decode(path.read_bytes())
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise MoodError(f"{path} is no rollup: {error}") from None


def _within(rollup: Rollup, question: Question) -> Rollup:
    since, until = question.since, question.until
    if since is None and until is None:
        return rollup
    return rollup.where((rollup.hour >= (since or 0)) & (rollup.hour < (np.inf if until is None else until)))


def _counted(found: dict[str, list[Path]], question: Question, threads: int | None) -> Rollup:
    import duckdb

    connection = duckdb.connect()
    try:
        connection.execute(PRELUDE)
        if threads:
            connection.execute(f"SET threads = {threads}")
        relations = [_relation(connection, kind, paths, question) for kind, paths in found.items()]
        connection.execute(f"CREATE VIEW results AS {' UNION ALL '.join(relations)}")
        query = queries.rollup(since=question.since, until=question.until, width=question.width)
        return Rollup.of_rows(connection.execute(query).fetchall())
    except duckdb.Error as error:
        raise MoodError(f"the results cannot be read: {str(error).splitlines()[0]}") from None
    finally:
        connection.close()


def _relation(connection: Any, kind: str, paths: list[Path], question: Question) -> str:
    """A SELECT that gives the files' lines the columns that `rollup.sql` asks for."""
    times = list(dict.fromkeys([*([question.time_column] if question.time_column else []), *TIMES]))
    declared = {**FIELDS, **OLD_FIELDS, **dict.fromkeys(times, "VARCHAR")}
    columns = "{" + ", ".join(f"{_name(name)}: {_text(of)}" for name, of in declared.items()) + "}"
    files = "[" + ", ".join(_text(str(path)) for path in paths) + "]"
    source = READERS[kind].format(files=files, columns=columns, csv=CSV)
    found = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    there = {name.lower(): name for name in found}
    if question.time_column and question.time_column.lower() not in there:
        raise WrongUsage(f"there is no {question.time_column}; the results have {', '.join(found)}")
    if not {"p_negative", "probabilities"} & there.keys():
        raise MoodError(f"{paths[0]} holds no results: it has {', '.join(found[:12])}. Score it first.")
    chosen = {name: _field(name, kind, there) for name in FIELDS}
    old = {name: _field(name, kind, there, of) for name, of in OLD_FIELDS.items()}
    for mood in ("negative", "positive"):
        chosen[f"p_{mood}"] = f"coalesce({chosen[f'p_{mood}']}, ({old['probabilities']}).{mood})"
    chosen["error"] = f"coalesce(json_extract_string(TRY_CAST({chosen['error']} AS JSON), '$.code'), {chosen['error']})"
    if not question.subreddits:
        chosen["subreddit"] = "''"
    # What was not scored for a shared bucket has no work id, and each of its lines is a comment.
    chosen["position"] = (
        f"CASE WHEN {chosen['work_id']} IS NULL THEN row_number() OVER () ELSE {chosen['position']} END"
    )
    chosen["work_id"] = f"coalesce({chosen['work_id']}, {_text(kind)})"
    stamps = [f"CAST({_name(there[time.lower()])} AS VARCHAR)" for time in times if time.lower() in there]
    chosen["created_utc"] = f"coalesce({', '.join([*stamps, 'NULL'])})"
    return "SELECT " + ", ".join(f"{value} AS {name}" for name, value in chosen.items()) + f" FROM {source}"


def _field(name: str, kind: str, there: dict[str, str], of: str | None = None) -> str:
    """The column of this name in its type; NULL where there is none."""
    of = of or FIELDS[name]
    if name not in there:
        return f"CAST(NULL AS {of})"
    column = _name(there[name])
    if of.endswith(("[]", ")")) and kind in ("csv", "tsv"):
        return f"CAST(CAST(nullif({column}, '') AS JSON) AS {of})"
    return f"CAST(nullif({column}, '') AS {of})" if kind in ("csv", "tsv") else f"CAST({column} AS {of})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
