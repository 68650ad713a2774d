"""The mood's SQL on Spark, the third engine: the same rows as on DuckDB, whatever the comments hold."""

import datetime
import random

import pytest

from crypto_sentiment.spark import SparkJobError
from crypto_sentiment.spark.mood import rollup, spark_sql
from lambda_fn.mood import queries
from lambda_fn.mood.rollup import Rollup

NOON = 1_621_425_600  # 2021-05-19T12:00:00Z
SCHEMA = (
    "id string, created_utc string, subreddit string, author string, link_id string, language string, model string, "
    "error string, p_negative double, p_positive double, "
    "coins array<struct<coin:string,mood:string,p_negative:double,p_neutral:double,p_positive:double>>"
)


def comment(n, **fields):
    chance = random.Random(n)
    negative = round(chance.random(), 4)
    positive = round(chance.random() * (1 - negative), 4)
    coins = [(coin, "neutral", positive, 0.0, negative) for coin in chance.sample(["BTC", "ETH", "SOL"], n % 4)]
    usual = {
        "id": f"c{n}",
        "created_utc": str(NOON + 60 * n),
        "subreddit": chance.choice(["Bitcoin", "bitcoin", "ethereum", None]),
        "author": f"a{n % 7}",
        "link_id": f"t{n % 5}",
        "language": "other" if n % 17 == 3 else "en",
        "model": "m",
        "error": "text_empty" if n % 11 == 5 else "",
        "p_negative": negative,
        "p_positive": positive,
        "coins": coins,
    }
    return tuple((usual | fields).values())


ODD = [
    comment(1000, coins=None),
    comment(1001, coins=[]),
    comment(1002, created_utc="2021-05-19T23:30:00-05:00"),
    comment(1003, created_utc="2021-05-19T12:00:00Z"),
    comment(1004, created_utc="not a time"),
    comment(1005, created_utc=None),
    comment(1006, created_utc=str(NOON * 1000 + 250)),
    comment(1007, p_negative=0.05, p_positive=0.95),
    comment(1008, p_negative=None, p_positive=None),
    comment(1009, error=None, language=None, model=None),
]
ROWS = [comment(n) for n in range(400)] + ODD


@pytest.fixture(scope="module")
def scored(spark):
    return spark.createDataFrame(ROWS, SCHEMA).repartition(3)


def by_hand(rows):
    """(hour, coin, subreddit, model, left_out, cell) -> comments, as rollup.sql's comments say it."""
    import math
    from collections import Counter

    counts = Counter()
    for _, created, subreddit, _, _, language, model, error, negative, positive, coins in rows:
        left_out = error or ("language_other" if language == "other" else "not_scored" if negative is None else "")
        try:
            seconds = float(created)
            seconds = seconds / 1000 if seconds > 1e11 else seconds
        except (TypeError, ValueError):
            try:
                seconds = datetime.datetime.fromisoformat(created).timestamp()
            except (TypeError, ValueError):
                seconds = None
        hour = None if seconds is None else math.floor(seconds / 3600) * 3600
        moods = [("", negative, positive)]
        if not left_out:
            moods += [(coin[0], coin[2], coin[4]) for coin in coins or []]
        for coin, n, p in moods:
            low = None if left_out else math.floor(10 * n + 0.5)
            cell = -1 if left_out else low * 11 + min(math.floor(10 * p + 0.5), 10 - low)
            counts[hour, coin, (subreddit or "").lower(), model or "", left_out, cell] += 1
    return counts


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns"])
def test_every_comment_falls_into_the_cell_that_counting_by_hand_puts_it_in(spark, scored, zone):
    spark.conf.set("spark.sql.session.timeZone", zone)
    try:
        rows = rollup(scored).collect()
        assert spark.conf.get("spark.sql.session.timeZone") == zone
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    found = {tuple(row)[:6]: row["comments"] for row in rows if row["comments"]}
    assert found == dict(by_hand(ROWS))


def test_the_rows_are_a_rollup_that_the_other_doors_read(scored):
    found = Rollup.of_rows([tuple(row) for row in rollup(scored).collect()])
    assert int(found.comments.sum()) > 0


def test_duckdb_says_the_same(spark, scored):
    duckdb = pytest.importorskip("duckdb")
    from crypto_sentiment.mood.engine import PRELUDE

    connection = duckdb.connect()
    connection.execute(PRELUDE)
    table = spark.createDataFrame(ROWS, SCHEMA).toArrow() if hasattr(scored, "toArrow") else None
    if table is None:
        import pyarrow as pa

        names = [part.strip().split(" ")[0] for part in SCHEMA.split(", ")]
        columns = list(zip(*ROWS, strict=True))
        coin = ("coin", "mood", "p_negative", "p_neutral", "p_positive")
        columns[-1] = [None if c is None else [dict(zip(coin, one, strict=True)) for one in c] for c in columns[-1]]
        table = pa.table(dict(zip(names, columns, strict=True)))
    connection.register("given", table)
    connection.execute(
        "CREATE VIEW results AS SELECT '' AS work_id, row_number() OVER () AS position, * EXCLUDE (id) FROM given"
    )
    expected = sorted(map(repr, connection.execute(queries.rollup()).fetchall()))
    assert sorted(repr(tuple(row)) for row in rollup(scored).collect()) == expected


def test_a_window_of_time_and_days(scored):
    hours = {row["hour"] for row in rollup(scored, since=NOON + 3600, until=NOON + 7200).collect()}
    assert hours == {NOON + 3600}
    assert {row["hour"] for row in rollup(scored, width="day").collect()} - {None} <= {
        NOON // 86400 * 86400 + day * 86400 for day in range(2)
    }


def test_times_of_sparks_own_type_are_read_too(spark):
    frame = spark.createDataFrame(ROWS[:20], SCHEMA)
    typed = frame.withColumn("created_utc", frame.created_utc.cast("double").cast("timestamp"))
    assert sorted(map(tuple, rollup(typed).collect())) == sorted(map(tuple, rollup(frame).collect()))


def test_no_time_is_one_line(spark):
    with pytest.raises(SparkJobError, match="when a comment was written"):
        rollup(spark.createDataFrame(ROWS[:1], SCHEMA).drop("created_utc"))


def test_sparks_text_has_no_unnest():
    assert "UNNEST" not in spark_sql(queries.rollup()).upper()
