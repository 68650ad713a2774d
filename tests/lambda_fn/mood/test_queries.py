"""One SQL, two engines: parsed and typed as Trino's, and its meaning under Trino's rules where DuckDB's differ.

No Trino runs here. sqlglot reads the text as Trino's, resolves it against the tables' schema, and writes what Trino
means as SQL of DuckDB: whole-number division stays whole, UNNEST spreads. That, and the text itself, must say the same.
"""

import duckdb
import numpy as np
import pytest
import sqlglot
from sqlglot.expressions import DataType
from sqlglot.optimizer import optimize

from crypto_sentiment.mood.engine import PRELUDE
from lambda_fn.mood import grid, queries
from lambda_fn.mood.calibration import calibration_of
from lambda_fn.mood.rollup import Rollup
from lambda_fn.mood.shares import estimate
from lambda_fn.mood.tables import TABLES
from tests.athena import duckdb_type
from tests.crypto_sentiment.mood.lines import MAY_12, MODEL
from tests.crypto_sentiment.mood.test_engine import made_lines

# `results` stands for any relation of result lines; the others are the tables that cdk makes in Glue.
SCHEMA = {
    name: {
        **{column: DataType.build(hive, dialect="hive").sql("trino") for column, hive in table.columns.items()},
        **dict.fromkeys(table.partitions, "varchar"),
    }
    for name, table in TABLES.items()
}
ROLLUP = ("hour", "coin", "subreddit", "model", "cells", "comments", "thread_pairs", "author_pairs")
GROUPINGS = [("coin",), ("coin", "hour"), ("subreddit", "hour"), ()]
QUERIES = {"rollup": queries.rollup(), "rollup by day": queries.rollup(since=MAY_12, until=MAY_12 + 3600, width="day")}
QUERIES["rollup of hours"] = queries.rollup_of_hours([MAY_12, MAY_12 + 3600, MAY_12 + 30 * 3600])
QUERIES |= {f"shares by {' and '.join(by) or 'nothing'}": queries.shares(by) for by in GROUPINGS}
QUERIES |= {f"named shares: {name}": text for name, text in queries.named().items()}


def as_trino_means_it(query: str) -> str:
    tree = sqlglot.parse_one(query, dialect="trino")
    for subscript in tree.find_all(sqlglot.exp.Bracket):
        # Both engines count from 1. sqlglot takes 1 off where it reads a number only, and adds 1 to what it writes.
        subscript.set("offset", 1)
    return optimize(tree, schema=SCHEMA, dialect="trino").sql("duckdb")


@pytest.fixture(scope="module")
def engine():
    """DuckDB with the rows where the two engines differ, and a few hundred others."""
    connection = duckdb.connect()
    connection.execute(PRELUDE)
    fields = TABLES["results"].columns
    connection.execute(
        f"CREATE TABLE results ({', '.join(f'{name} {duckdb_type(of)}' for name, of in fields.items())})"
    )
    odd = [
        # Whole numbers of probabilities, half tenths, no coins at all, and times in every form.
        {"p_negative": 0.05, "p_positive": 0.95, "coins": None},
        {"p_negative": 0.55, "p_positive": 0.45, "coins": []},
        {"p_negative": 1, "p_positive": 0, "coins": [], "created_utc": "2022-05-12T23:30:00-05:00"},
        {"p_negative": 0, "p_positive": None, "coins": []},
        {"p_negative": 0.35, "p_positive": 0.25, "coins": [], "created_utc": "1652313599.9"},
        {"p_negative": 0.25, "p_positive": 0.35, "coins": [], "created_utc": None},
        {"p_negative": 0.25, "p_positive": 0.35, "coins": [], "created_utc": "nan"},
        {"p_negative": 0.15, "p_positive": 0.15, "coins": [], "error": None, "language": None, "model": None},
    ]
    usual = {"created_utc": str(MAY_12), "model": MODEL, "error": "", "language": "en"}
    rows = [{**usual, "work_id": "odd", "position": n, **row} for n, row in enumerate(odd)]
    rows += [{**row, "created_utc": str(row["created_utc"])} for row in made_lines(400) + made_lines(150)]
    names = list(fields)
    marks = ", ".join("?" for _ in names)
    connection.executemany(f"INSERT INTO results VALUES ({marks})", [[row.get(name) for name in names] for row in rows])
    connection.execute(
        "CREATE TABLE results_by_hour AS SELECT * REPLACE (NULL AS created_utc), written_s, "
        "strftime(make_timestamp(written_s * 1000000), '%Y-%m-%d') AS dt, "
        "strftime(make_timestamp(written_s * 1000000), '%H') AS hour "
        "FROM (SELECT *, TRY_CAST(floor(TRY_CAST(created_utc AS double)) AS bigint) AS written_s FROM results)"
    )
    found = Rollup.of_rows(connection.execute(queries.rollup()).fetchall())
    lines = [line for line in found.lines() if line["model"] == MODEL]
    for name in ("mood", "mood_days"):
        columns = ", ".join(f"{column} {duckdb_type(TABLES[name].columns[column])}" for column in ROLLUP)
        connection.execute(f"CREATE TABLE {name} ({columns})")
        marks = ", ".join("?" for _ in ROLLUP)
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", [[line[n] for n in ROLLUP] for line in lines])
        connection.execute(f"ALTER TABLE {name} ADD COLUMN dt VARCHAR DEFAULT strftime(current_date, '%Y-%m-%d')")
    yield connection
    connection.close()


def answer(engine, query: str) -> list[tuple]:
    """Rows in the order of what is no fraction."""
    return sorted(engine.execute(query).fetchall(), key=lambda row: repr([x for x in row if not isinstance(x, float)]))


def same(engine, one: str, other: str) -> bool:
    """Whether two queries say the same; fractions nearly, as two plans add in another order."""
    left, right = answer(engine, one), answer(engine, other)
    return len(left) == len(right) and all(
        x == (pytest.approx(y, abs=1e-9) if isinstance(y, float) else y)
        for row, another in zip(left, right, strict=True)
        for x, y in zip(row, another, strict=True)
    )


@pytest.mark.parametrize("name", QUERIES)
def test_the_query_is_trinos_and_every_column_has_a_type(name):
    tree = optimize(sqlglot.parse_one(QUERIES[name], dialect="trino"), schema=SCHEMA, dialect="trino")
    types = {column.alias_or_name: column.type.sql() for column in tree.selects}
    expected = {"comments": "BIGINT", "hour": "BIGINT", "cell": "BIGINT", "thread_pairs": "BIGINT"}
    expected |= dict.fromkeys(("coin", "subreddit", "model", "left_out"), "VARCHAR")
    assert types == {column: expected.get(column, "DOUBLE" if "shares" in name else "BIGINT") for column in types}


@pytest.mark.parametrize("name", QUERIES)
def test_the_text_means_in_duckdb_what_it_means_in_trino(name, engine):
    assert engine.execute(QUERIES[name]).fetchall()
    assert same(engine, QUERIES[name], as_trino_means_it(QUERIES[name]))


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/St_Johns"])
def test_no_group_depends_on_the_machines_zone(zone, engine):
    expected = [[row[:3] for row in answer(engine, query)] for query in QUERIES.values()]
    engine.execute(f"SET TimeZone = '{zone}'")
    try:
        assert [[row[:3] for row in answer(engine, query)] for query in QUERIES.values()] == expected
    finally:
        engine.execute("SET TimeZone = 'UTC'")


def test_whole_number_division_would_be_noticed(engine):
    """The same comparison on a query that forgets that 7 / 2 is 3 in Trino."""
    careless = "SELECT coin, sum(cardinality(cells)) / count(*) AS share FROM mood GROUP BY coin"
    assert not same(engine, careless, as_trino_means_it(careless))


@pytest.mark.parametrize("query", QUERIES.values())
def test_no_relation_is_read_twice(query):
    """Athena reads, and bills, a relation as often as it is named."""
    tree = sqlglot.parse_one(query, dialect="trino")
    tables = [table.name for table in tree.find_all(sqlglot.exp.Table)]
    assert len([table for table in tables if table in SCHEMA]) == 1


def test_every_sequence_begins_at_the_place_of_the_whole(engine):
    """Trino's sequence(1, 0) is [1, 0], not empty: without coins, coins[1] would be read, which is an error there."""
    assert engine.execute("SELECT sequence(1, 0)").fetchone()[0] == [1, 0]
    for query in QUERIES.values():
        calls = list(sqlglot.parse_one(query, dialect="trino").find_all(sqlglot.exp.GenerateSeries))
        assert [call.args["start"].sql() for call in calls] == ["0"]


def test_the_shares_of_the_sql_are_those_of_em_within_their_margin(engine):
    chances = calibration_of(MODEL).likelihood @ [0.5, 0.3, 0.2]
    counts = np.random.default_rng(1).multinomial(3000, chances / chances.sum())
    line = {"hour": MAY_12, "coin": "", "subreddit": "btc", "model": MODEL, "cells": grid.CELLS.tolist(),
            "comments": counts.tolist(), "thread_pairs": 30_000, "author_pairs": 3000}  # fmt: skip
    marks = ", ".join("?" for _ in line)
    engine.execute(f"CREATE OR REPLACE TABLE one AS SELECT {', '.join(ROLLUP)} FROM mood LIMIT 0")
    engine.execute(f"INSERT INTO one VALUES ({marks})", list(line.values()))
    cursor = engine.execute(queries.shares((), mood="one"))
    row = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    shares = estimate(Rollup.of_lines([{**line, "left_out": {}}]), ())
    assert row["comments"] == shares.rollup.comments[0] == 3000
    for place, mood in enumerate(("negative", "neutral", "positive", "net")):
        assert abs(row[mood] - shares.value[0, place]) < row[f"{mood}_margin"] / 2
        half = (shares.high - shares.low)[0, place] / 2
        assert row[f"{mood}_margin"] == pytest.approx(half, rel=0.35)


def test_the_rollup_of_hours_reads_their_partitions_alone(engine):
    hours = [MAY_12 + 3600, MAY_12 + 7200, MAY_12 + 30 * 3600]  # not those of the odd lines, whose times are texts
    found = engine.execute(queries.rollup_of_hours(hours)).fetchall()
    whole = engine.execute(queries.rollup()).fetchall()
    assert sorted(found) == sorted(row for row in whole if row[0] in hours)
    tree = sqlglot.parse_one(queries.rollup_of_hours(hours), dialect="trino")
    conditions = tree.find(sqlglot.exp.Subquery).find(sqlglot.exp.Where)
    assert {column.name for column in conditions.find_all(sqlglot.exp.Column)} == {"dt", "hour"}
