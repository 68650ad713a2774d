"""`score` on a real Spark: the rows that come out, and what Spark would do silently if it were let."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from crypto_sentiment.spark import SparkJobError, score
from tests.comments import NEGATIVE, NEUTRAL, POSITIVE, REAL

OUTCOME = [
    *("label", "score", "mood", "p_negative", "p_neutral", "p_positive", "coins", "language", "truncated", "model"),
    *("error", "error_message"),
]


@pytest.fixture(scope="module")
def crowd(spark):
    rows = [(f"c{n}", text, n, n / 7) for n, text in enumerate(REAL)]
    return spark.createDataFrame(rows, "id string, body string, upvotes bigint, score double").repartition(2)


@pytest.fixture(scope="module")
def scored(crowd):
    return {row["id"]: row for row in score(crowd).collect()}


def test_a_comment_gets_what_the_bare_classifier_gives(scored, classifier):
    for n, sentiment in enumerate(classifier.classify(REAL)):
        row = scored[f"c{n}"]
        assert row["label"] == sentiment.label
        assert row["score"] == pytest.approx(sentiment.score, abs=5e-5)
        for mood, probability in sentiment.probabilities.items():
            assert row[f"p_{mood}"] == pytest.approx(probability, abs=5e-5)
        assert row["mood"] == max(sentiment.probabilities, key=sentiment.probabilities.get)
        assert (row["truncated"], row["model"], row["error"]) == (False, classifier.revision, "")


def test_every_column_is_in_its_declared_place(scored):
    """mapInArrow takes columns by position: swapped ones of the same type would pass without a word."""
    assert list(scored["c0"].asDict()) == ["id", "body", "upvotes", "comment_score", *OUTCOME]
    for n, text in enumerate(REAL):
        row = scored[f"c{n}"]
        assert (row["body"], row["upvotes"], row["comment_score"]) == (text, n, n / 7)
        assert max(row["p_negative"], row["p_neutral"], row["p_positive"]) == row[f"p_{row['mood']}"]
        assert (row["label"] == "positive") == (row["p_positive"] >= row["p_negative"])


def test_the_mood_is_the_one_that_a_person_reads(scored):
    moods = {row["body"]: row["mood"] for row in scored.values()}
    for mood, texts in {"positive": POSITIVE, "negative": NEGATIVE, "neutral": NEUTRAL}.items():
        assert sum(moods[text] == mood for text in texts) >= 0.75 * len(texts)


def test_own_columns_come_back_as_they_were_whatever_their_type_and_name(spark):
    df = spark.sql("""
        SELECT 7 AS id, 'to the moon' AS body, timestamp'2021-05-19 12:00:00' AS created, date'2021-05-19' AS day,
               decimal('12.345') AS price, array('a', 'b') AS tags, map('k', 1) AS votes, struct(1 AS x) AS nested,
               binary('raw') AS raw, timestamp_ntz'2021-05-19 12:00:00' AS local, CAST(null AS string) AS nothing,
               1 AS `a.b`, 2 AS `with ``tick`, 3 AS Label, 4 AS comment_label
    """)
    [row] = score(df).collect()
    [given] = df.collect()
    assert row["id"] == "7"
    for name in ("created", "day", "price", "tags", "votes", "nested", "raw", "local", "nothing", "a.b", "with `tick"):
        assert row[name] == given[name], name
    assert (row["comment_comment_Label"], row["comment_label"], row["label"]) == (3, 4, "positive")


def test_bad_comments_are_rows_with_an_error_and_the_stage_goes_on(spark):
    texts = [None, "", " \n\t", "x" * 50_000, "fine", "\x00", "🚀" * 2_000, "&#" + "9" * 5_000 + "; to the moon"]
    df = spark.createDataFrame([(str(n), text) for n, text in enumerate(texts)], "id string, text string").coalesce(1)
    rows = {int(row["id"]): row for row in score(df).collect()}
    assert len(rows) == len(texts)
    assert [rows[n]["error"] for n in range(4)] == ["text_empty", "text_empty", "text_empty", "text_too_long"]
    assert all(rows[n]["error_message"] and rows[n]["label"] is None for n in range(4))
    assert (rows[4]["error"], rows[4]["error_message"], rows[4]["label"]) == ("", "", rows[4]["label"])
    assert {rows[n]["error"] for n in (4, 6)} == {""}


def test_text_that_is_not_utf8_is_an_error_of_its_own_row(spark):
    """Spark's strings hold any bytes: a Parquet file of another encoding arrives unharmed, and would fail in Python."""
    df = spark.createDataFrame([("a", bytearray(b"to the moon")), ("b", bytearray(b"caf\xe9"))], "id string, b binary")
    rows = {
        row["id"]: row for row in score(df.select("id", F.col("b").cast("string").alias("text"))).drop("text").collect()
    }
    assert (rows["a"]["error"], rows["a"]["mood"]) == ("", "positive")
    assert rows["b"]["error"] == "text_not_utf8"
    assert score(df, text="b").filter("error = ''").count() == 1


def test_what_nobody_felt_is_an_error_as_in_a_file(spark):
    rows = [("a", "[deleted]", "x"), ("b", "to the moon", "AutoModerator"), ("c", "to the moon", "satoshi")]
    scored = score(spark.createDataFrame(rows, "id string, body string, author string")).collect()
    assert {row["id"]: row["error"] for row in scored} == {"a": "text_deleted", "b": "text_bot", "c": ""}


def test_equal_texts_get_equal_rows_and_each_its_own(spark):
    df = spark.range(20_500).selectExpr("id", "concat('to the moon ', id % 3) AS text").coalesce(1)
    counted = score(df).groupBy("text", "mood", "p_positive", "error").count().collect()
    assert sorted(row["count"] for row in counted) == [6833, 6833, 6834]


def test_the_text_is_found_in_a_struct_and_can_be_left_out(spark):
    df = spark.sql("SELECT 'a' AS id, struct(struct('to the moon' AS words) AS note) AS data")
    [row] = score(df, text="data.note.words").collect()
    assert (row["mood"], row["data"]["note"]["words"]) == ("positive", "to the moon")
    df = spark.sql("SELECT 'a' AS id, 'to the moon' AS Body")
    assert "Body" in score(df).columns
    assert "Body" not in score(df, keep_text=False).columns


@pytest.mark.parametrize(
    ("query", "text", "says"),
    [
        ("SELECT 1 AS id, 'a' AS words", None, "there are id, words"),
        ("SELECT 1 AS id, 'a' AS words", "body", "no column body: there are id, words"),
        ("SELECT 1 AS id, 2 AS body", None, "the column body is int, not text"),
        ("SELECT 1 AS id, 'a' AS text, 2 AS x, 3 AS X", None, "x are there twice"),
    ],
)
def test_a_wrong_question_is_one_line_before_anything_runs(spark, query, text, says):
    with pytest.raises(SparkJobError, match=says):
        score(spark.sql(query), text=text)


def test_a_worker_loads_the_model_once_whatever_number_of_tasks_it_gets(spark):
    """A model in a global of a job's own script would load once per task."""
    score(spark.range(8).selectExpr("id", "'to the moon' AS text").repartition(8)).count()

    def loads(batches):
        import os

        from crypto_sentiment.spark.worker import worker_scorer
        from lambda_fn.settings import get_settings

        list(batches)
        info = worker_scorer.cache_info()
        threads = worker_scorer.cache_info().currsize and get_settings().threads
        yield pa.RecordBatch.from_pydict(
            {"pid": [os.getpid()], "misses": [info.misses], "hits": [info.hits], "threads": [threads]}
        )

    frame = spark.range(8).selectExpr("id", "'sold' AS text").repartition(8)
    score(frame).count()
    seen = frame.mapInArrow(loads, "pid long, misses long, hits long, threads long").collect()
    assert {row["misses"] for row in seen} == {1}
    assert max(row["hits"] for row in seen) >= 1
    assert {row["threads"] for row in seen} == {1}


def test_workers_of_another_environment_are_named_instead_of_used(spark, monkeypatch):
    """Spark takes the PATH's python3 for its workers where nobody tells it which, and another pyarrow runs silently."""
    from crypto_sentiment.spark import dataframe

    other = dataframe._versions() | {"pyarrow": "1.2.3"}
    monkeypatch.setattr(dataframe, "_versions", lambda: other)
    with pytest.raises(Exception, match=r"the workers' Python \(.*\) has pyarrow .*, the driver's \(.*\) 1\.2\.3"):
        score(spark.sql("SELECT 1 AS id, 'a' AS text")).collect()


def test_the_workers_run_the_drivers_interpreter(spark):
    import sys

    def interpreter(batches):
        import sys

        list(batches)
        yield pa.RecordBatch.from_pydict({"python": [sys.executable]})

    assert {row["python"] for row in spark.range(2).mapInArrow(interpreter, "python string").collect()} == {
        sys.executable
    }


def test_long_strings_and_many_batches_come_through(spark, tmp_path):
    """Batches end at 10,000 rows or 64 MiB, whichever is first; large Arrow types are a setting of the session."""
    pq.write_table(pa.table({"id": range(64), "text": ["so good " * 4_000] * 64}), tmp_path / "long.parquet")
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
    spark.conf.set("spark.sql.execution.arrow.useLargeVarTypes", "true")
    try:
        rows = score(spark.read.parquet(str(tmp_path))).select("id", "truncated", "mood").collect()
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
        spark.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")
    assert sorted(int(row["id"]) for row in rows) == list(range(64))
    assert {(row["truncated"], row["mood"]) for row in rows} == {(True, "positive")}


def test_an_empty_frame_gives_an_empty_result_of_the_whole_schema(spark):
    df = spark.createDataFrame([], StructType([StructField("text", StringType())]))
    result = score(df)
    assert result.count() == 0
    assert result.columns == ["id", "text", *OUTCOME]
