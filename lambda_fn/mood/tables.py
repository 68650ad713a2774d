"""The tables that Athena sees: columns, partitions and places of result lines and of rollups. cdk makes them in Glue.

Types are Hive's, as Glue writes them. Partitions are projected, so that nothing has to be told of a new hour:
https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

from dataclasses import dataclass, field

from lambda_fn.contract import BY_HOUR_PREFIX, MOOD_DAYS_PREFIX, MOOD_PREFIX, RESULTS_PREFIX

# No comment about a coin is older than the first block, and no result than this service.
FIRST_COMMENT, FIRST_RESULT = "2009-01-03", "2026-01-01"
HOUR = {"type": "integer", "range": "0,23", "digits": "2"}

RESULT = {
    "work_id": "string",
    "position": "bigint",
    "id": "string",
    "created_utc": "string",
    "subreddit": "string",
    "author": "string",
    "link_id": "string",
    "label": "string",
    "score": "double",
    "mood": "string",
    "p_negative": "double",
    "p_neutral": "double",
    "p_positive": "double",
    "coins": "array<struct<coin:string,mood:string,p_negative:double,p_neutral:double,p_positive:double>>",
    "language": "string",
    "truncated": "boolean",
    "model": "string",
    "error": "string",
    "error_message": "string",
}
ROLLUP = {
    "hour": "bigint",
    "coin": "string",
    "subreddit": "string",
    "model": "string",
    "cells": "array<bigint>",
    "comments": "array<bigint>",
    "thread_pairs": "bigint",
    "author_pairs": "bigint",
    "left_out": "map<string,bigint>",
}


def _days(first: str) -> dict[str, str]:
    return {"type": "date", "format": "yyyy-MM-dd", "range": f"{first},NOW+1DAYS", "interval.unit": "DAYS"}


@dataclass(frozen=True)
class Table:
    """prefix: where its objects lie; path: of a partition below it, with ${its columns}. partitions: each projected."""

    about: str
    prefix: str
    path: str
    columns: dict[str, str]
    partitions: dict[str, dict[str, str]] = field(default_factory=dict)


# By name. A rollup line has an `hour` of its own, so that the partition's is called `hh` there.
TABLES = {
    "results": Table(
        "Result lines by the hour in which they were sent in; folded into results_by_hour, and then deleted",
        RESULTS_PREFIX,
        "dt=${dt}/hour=${hour}/",
        RESULT,
        {"dt": _days(FIRST_RESULT), "hour": HOUR},
    ),
    "results_by_hour": Table(
        "Result lines by the hour in which their comments were written (UTC); doubles have one work_id and position",
        BY_HOUR_PREFIX,
        "dt=${dt}/hour=${hour}/",
        # When it was written in seconds since 1970, whatever its own field is called; null where nothing says so.
        {"written_s": "bigint", **RESULT},
        {"dt": _days(FIRST_COMMENT), "hour": HOUR},
    ),
    "mood": Table(
        "For each hour, coin, subreddit and model revision, how many comments are in each cell of the grid",
        MOOD_PREFIX,
        "dt=${dt}/hour=${hh}/",
        ROLLUP,
        {"dt": _days(FIRST_COMMENT), "hh": HOUR},
    ),
    "mood_days": Table(
        "The same by day, for days that are over",
        MOOD_DAYS_PREFIX,
        "dt=${dt}/",
        ROLLUP,
        {"dt": _days(FIRST_COMMENT)},
    ),
}
