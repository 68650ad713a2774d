"""The mood of scored comments on Spark: the same SQL that Athena and DuckDB run, as Spark writes it.

    rollup(spark.read.parquet("scored/")).write.parquet("mood/")

sqlglot reads the text as Trino's and writes Spark's: `CROSS JOIN UNNEST`, which Spark rejects, becomes LATERAL VIEW.
What it does not know of is done here, and crypto_sentiment/spark's tests hold the result against counting by hand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import sqlglot
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, TimestampType
from sqlglot import exp

from crypto_sentiment.spark.errors import SparkJobError
from crypto_sentiment.spark.schema import COIN
from lambda_fn.bulk.columns import usual
from lambda_fn.bulk.times import TIME_NAMES
from lambda_fn.mood import queries

ZONE = "spark.sql.session.timeZone"


def rollup(scored: DataFrame, since: float | None = None, until: float | None = None, width: str = "hour") -> DataFrame:
    """Scored comments to rows of a rollup (Rollup.of_rows takes them): hour, coin, subreddit, model, left_out, cell,
    comments, thread_pairs, author_pairs.

    since, until: seconds since 1970 of the comments' own time, until not included. width: hour or day. Raises
    SparkJobError if no column says when a comment was written.
    """
    query = queries.rollup("{results}", since=since, until=until, width=width)
    return _run(scored.sparkSession, query, _lines(scored))


def spark_sql(trino: str) -> str:
    """A query of Trino's as one of Spark's (3.5 and 4) that means the same."""
    tree = sqlglot.parse_one(trino, dialect="trino")
    for subscript in list(tree.find_all(exp.Bracket)):  # Trino counts an array from 1, Spark from 0: element_at from 1
        [index] = subscript.expressions
        subscript.replace(exp.Anonymous(this="element_at", expressions=[subscript.this.copy(), index.copy()]))
    for size in list(tree.find_all(exp.ArraySize)):  # Spark's size of NULL is -1
        size.replace(exp.Anonymous(this="array_size", expressions=[size.this.copy()]))
    for grouping in list(
        tree.find_all(exp.Grouping)
    ):  # Spark's takes one column: a bit for each, the first the highest
        columns = grouping.expressions
        bits = [f"grouping({c.sql('spark')}) * {2 ** (len(columns) - 1 - n)}" for n, c in enumerate(columns)]
        grouping.replace(sqlglot.parse_one(f"({' + '.join(bits)})", dialect="spark"))
    return tree.sql("spark", comments=False)


def _run(spark: SparkSession, query: str, results: DataFrame) -> DataFrame:
    view = f"results_{uuid4().hex}"
    results.createOrReplaceTempView(view)
    try:
        with _utc(spark):
            return spark.sql(spark_sql(query.replace("{results}", view)))
    finally:
        spark.catalog.dropTempView(view)


@contextmanager
def _utc(spark: SparkSession) -> Iterator[None]:
    """A query takes the session's zone when it is analysed, for the times in it that have none."""
    before = spark.conf.get(ZONE)
    spark.conf.set(ZONE, "UTC")
    try:
        yield
    finally:
        spark.conf.set(ZONE, before)


def _lines(scored: DataFrame) -> DataFrame:
    """The columns that rollup.sql asks for, by its types; null where the comments have none."""
    names = {name.lower(): name for name in scored.columns}

    def text(name: str) -> Column:
        column = F.col(f"`{names[name]}`") if name in names else F.lit(None)
        return column.cast("string").alias(name)

    times = usual(scored.columns, TIME_NAMES)
    if not times:
        raise SparkJobError(f"no column says when a comment was written: there are {', '.join(scored.columns)}")
    created = F.col(f"`{times[0]}`")
    if isinstance(scored.schema[times[0]].dataType, TimestampType):
        created = created.cast("double").cast("decimal(20, 6)")
    no_coins = F.lit(None).cast(ArrayType(COIN))
    return scored.select(
        # A row is there once: a key of its own keeps the query from taking it for another's double.
        (text("work_id") if "work_id" in names else F.lit("").alias("work_id")),
        (F.col("position") if "position" in names else F.monotonically_increasing_id()).alias("position"),
        created.cast("string").alias("created_utc"),
        *(text(name) for name in ("subreddit", "author", "link_id", "language", "model", "error")),
        F.col("p_negative").cast("double").alias("p_negative"),
        F.col("p_positive").cast("double").alias("p_positive"),
        (F.col("coins") if "coins" in names else no_coins).alias("coins"),
    )
