"""The command on a real Spark: parts that are not scored twice, executors that die, and files that Spark misreads."""

import datetime
import json
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from crypto_sentiment.cli import app
from crypto_sentiment.spark import SparkJobError
from crypto_sentiment.spark import job as module
from crypto_sentiment.spark.job import Job
from crypto_sentiment.spark.sources import base_path
from tests.comments import REAL, crowd
from tests.conftest import REPOSITORY

TRICKY = [
    'He said "to the moon", twice\nand a second line',
    "ends with a backslash \\",
    '"',
    ',,,"",\r\n\r\n",',
    "plain",
]


def write(folder, count, files=2, **columns):
    folder.mkdir(parents=True, exist_ok=True)
    comments = crowd(count, distinct=True)
    for n in range(files):
        rows = comments[n::files]
        table = pa.table({"id": [r["id"] for r in rows], "body": [r["text"] for r in rows]})
        for name, value in columns.items():
            table = table.append_column(name, pa.array([value] * len(rows)))
        pq.write_table(table, folder / f"c-{n}.parquet")


def rows_of(spark, output):
    return spark.read.parquet(str(output)).collect()


def invoke(*arguments):
    return CliRunner().invoke(app, ["spark", *map(str, arguments)])


def test_the_command_scores_a_folder_and_says_how_many_could_not_be(spark, tmp_path):
    write(tmp_path / "in", 40)
    pq.write_table(pa.table({"id": ["x", "y"], "body": ["", None]}), tmp_path / "in" / "bad.parquet")
    done = invoke(tmp_path / "in", tmp_path / "out")
    assert done.exit_code == 3, done.output
    assert "42 comments" in done.output
    assert "2 of them could not be scored: 2 text_empty" in done.output
    rows = rows_of(spark, tmp_path / "out")
    assert sorted(row["id"] for row in rows) == sorted([f"c{n}" for n in range(40)] + ["x", "y"])
    assert "body" not in rows[0].asDict()


def test_what_is_written_is_not_scored_again_and_new_files_are_added(spark, tmp_path, monkeypatch):
    write(tmp_path / "in", 30, files=3)
    scored = []
    once = Job._score

    def one_then_stop(self, plan, part):
        if scored:
            raise KeyboardInterrupt
        scored.append(part.name)
        return once(self, plan, part)

    def counted(self, plan, part):
        scored.append(part.name)
        return once(self, plan, part)

    monkeypatch.setattr(module, "PARTS_AT_ONCE", 1)
    monkeypatch.setattr(Job, "_score", one_then_stop)
    job = Job(spark, str(tmp_path / "in"), str(tmp_path / "out"), part_bytes=1)
    with pytest.raises(KeyboardInterrupt):
        job.run()
    monkeypatch.setattr(Job, "_score", counted)
    report = job.run()
    assert (report.comments, report.scored_before) == (30, 1)
    assert scored == ["part=00000", "part=00001", "part=00002"]
    assert job.run().scored_before == 3
    write(tmp_path / "in" / "later", 7, files=1)
    assert job.run().comments == 37
    assert scored[3:] == ["part=00003"]
    assert len({row["id"] for row in rows_of(spark, tmp_path / "out")}) == 30


def test_a_part_that_was_cut_short_is_scored_from_its_start(spark, tmp_path):
    write(tmp_path / "in", 20, files=1)
    job = Job(spark, str(tmp_path / "in"), str(tmp_path / "out"))
    job.run()
    (tmp_path / "out" / "part=00000" / "_SUCCESS").unlink()
    assert job.run().comments == 20


def test_a_file_that_changed_or_another_question_is_refused(spark, tmp_path):
    write(tmp_path / "in", 10)
    Job(spark, str(tmp_path / "in"), str(tmp_path / "out")).run()
    with pytest.raises(SparkJobError, match="begun with keep_text False"):
        Job(spark, str(tmp_path / "in"), str(tmp_path / "out"), keep_text=True).run()
    write(tmp_path / "in", 12)
    with pytest.raises(SparkJobError, match="2 files of the source changed"):
        Job(spark, str(tmp_path / "in"), str(tmp_path / "out")).run()


def test_spark_submit_runs_the_command(spark, tmp_path):
    write(tmp_path / "in", 6, files=1)
    command = [str(Path(sys.executable).with_name("spark-submit")), "--master", "local[1]"]
    command += ["--conf", "spark.ui.enabled=false", str(REPOSITORY / "crypto_sentiment" / "__main__.py")]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    environment = {name: value for name, value in environment.items() if not name.startswith("PYSPARK_GATEWAY")}
    done = subprocess.run(
        [*command, "spark", str(tmp_path / "in"), str(tmp_path / "out")],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(rows_of(spark, tmp_path / "out")) == 6


def executors():
    for process in psutil.Process().children(recursive=True):
        try:
            if any("CoarseGrainedExecutorBackend" in word for word in process.cmdline()):
                yield process
        except psutil.NoSuchProcess:
            continue


def test_each_comment_once_with_executors_killed_and_tasks_run_twice(spark, tmp_path):
    write(tmp_path / "in", 6_000, files=12)
    before = {process.pid for process in executors()}
    killed = []

    def kill():
        victim = random.Random(1).choice(list(executors()))
        killed.append(victim.pid)
        victim.kill()

    timers = [threading.Timer(seconds, kill) for seconds in (4, 9)]
    spark.conf.set("spark.sql.files.maxPartitionBytes", "64k")
    try:
        for timer in timers:
            timer.start()
        report = Job(spark, str(tmp_path / "in"), str(tmp_path / "out"), part_bytes=60_000).run()
    finally:
        spark.conf.set("spark.sql.files.maxPartitionBytes", "16m")
        for timer in timers:
            timer.join()
    assert len(killed) == 2
    assert killed[0] in before
    assert report.comments == 6_000
    rows = rows_of(spark, tmp_path / "out")
    assert sorted(row["id"] for row in rows) == sorted(f"c{n}" for n in range(6_000))
    assert not report.errors


@pytest.mark.parametrize("pattern", ["", "dt=*/hour=*", "dt=2021-05-1[0-9]"])
def test_the_keys_of_a_path_stay_columns_as_they_are_written(spark, tmp_path, pattern):
    """A glob over dt=*/hour=* drops dt and hour, and `03` is read as the number 3."""
    write(tmp_path / "in" / "dt=2021-05-19" / "hour=03", 5, files=1)
    write(tmp_path / "in" / "dt=2021-05-19" / "hour=14", 5, files=1)
    Job(spark, str(tmp_path / "in" / pattern), str(tmp_path / "out")).run()
    rows = rows_of(spark, tmp_path / "out")
    assert {(str(row["dt"]), row["hour"]) for row in rows} == {("2021-05-19", "03"), ("2021-05-19", "14")}
    assert len(rows) == 10
    assert list((tmp_path / "out" / "part=00000").glob("dt=2021-05-19/hour=03/*.parquet"))


def test_times_are_written_so_that_others_keep_their_zone(spark, tmp_path):
    """Spark's default is INT96, which loses it."""
    noon = datetime.datetime(2021, 5, 19, 12, tzinfo=datetime.UTC)
    write(tmp_path / "in", 3, files=1, created=noon)
    Job(spark, str(tmp_path / "in"), str(tmp_path / "out")).run()
    [file] = (tmp_path / "out").glob("part=*/*.parquet")
    table = pq.read_table(file, columns=["created"], partitioning=None)
    assert str(table.schema.field("created").type) == "timestamp[us, tz=UTC]"
    assert set(table["created"].to_pylist()) == {noon}


def test_nanoseconds_are_refused_in_a_line(spark, tmp_path):
    (tmp_path / "in").mkdir()
    times = pa.array([1], pa.timestamp("ns"))
    pq.write_table(pa.table({"id": ["a"], "body": ["x"], "created": times}), tmp_path / "in" / "a.parquet")
    with pytest.raises(SparkJobError, match=r"nanoseconds.*crypto-sentiment convert"):
        Job(spark, str(tmp_path / "in"), str(tmp_path / "out")).run()


def test_csv_comes_in_row_for_row(spark, tmp_path):
    """By default Spark breaks a comment at its newlines, and takes a quote doubled inside quotes for the end."""
    import csv

    (tmp_path / "in").mkdir()
    with (tmp_path / "in" / "a.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "body"])
        writer.writerows([f"{n:04d}", text] for n, text in enumerate(TRICKY * 20))
    Job(spark, str(tmp_path / "in"), str(tmp_path / "out"), keep_text=True).run()
    found = {row["id"]: row["body"] for row in rows_of(spark, tmp_path / "out")}
    assert found.keys() == {f"{n:04d}" for n in range(100)}
    for n, text in enumerate(TRICKY * 20):
        assert found[f"{n:04d}"].replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_csv_files_whose_columns_stand_in_another_order_are_not_mixed_up(spark, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("id,body\n1,to the moon\n")
    (tmp_path / "in" / "b.csv").write_text("body,id\nsold it all,2\n")
    done = invoke(tmp_path / "in", tmp_path / "out")
    if done.exit_code == 0:
        assert {row["id"] for row in rows_of(spark, tmp_path / "out")} == {"1", "2"}
    else:
        assert (done.exit_code, "Error: " in done.output) == (1, True)


def test_a_line_that_is_no_json_is_an_error_row(spark, tmp_path):
    (tmp_path / "in").mkdir()
    good = [json.dumps({"id": f"{n:03d}", "body": text}) for n, text in enumerate(REAL)]
    (tmp_path / "in" / "a.jsonl").write_text("\n".join([*good, '{"id": "broken", "bo', *good[:2]]) + "\n")
    report = Job(spark, str(tmp_path / "in"), str(tmp_path / "out")).run()
    assert (report.comments, dict(report.errors)) == (len(REAL) + 3, {"record_not_json": 1})
    assert "000" in {row["id"] for row in rows_of(spark, tmp_path / "out")}


def test_a_column_that_only_later_files_have_is_there(spark, tmp_path):
    write(tmp_path / "in", 4, files=1)
    write(tmp_path / "in" / "later", 4, files=1, flair="moon")
    Job(spark, str(tmp_path / "in"), str(tmp_path / "out")).run()
    assert sorted(str(row["flair"]) for row in rows_of(spark, tmp_path / "out")) == ["None"] * 4 + ["moon"] * 4


@pytest.mark.parametrize(
    ("name", "says"),
    [("RC_2024-01.zst", "crypto-sentiment convert"), ("notes.txt", "Spark's readers do not know")],
)
def test_what_spark_cannot_read_is_one_line(spark, tmp_path, name, says):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(b"anything")
    done = invoke(tmp_path / "in", tmp_path / "out")
    assert (done.exit_code, says in done.output) == (1, True), done.output
    assert not (tmp_path / "out").exists()


def test_nothing_there_and_no_text_are_one_line(spark, tmp_path):
    done = invoke(tmp_path / "nowhere", tmp_path / "out")
    assert (done.exit_code, done.output.count("\n")) == (1, 1), done.output
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table({"id": ["a"], "words": ["x"]}), tmp_path / "in" / "a.parquet")
    done = invoke(tmp_path / "in", tmp_path / "out")
    assert (done.exit_code, "there are id, words" in done.output) == (1, True), done.output


def test_the_folder_above_the_keys_is_found():
    assert base_path("s3://bucket/comments") == "s3://bucket/comments"
    assert base_path("s3://bucket/comments/dt=*/hour=*") == "s3://bucket/comments"
    assert base_path("/data/dt=2021-05-19") == "/data"
    assert base_path("/data/a.parquet") is None
