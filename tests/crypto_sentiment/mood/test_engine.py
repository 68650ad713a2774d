"""The SQL on DuckDB against counting by hand, on every kind of result file."""

import csv
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crypto_sentiment.mood.engine import Question, read_rollup
from crypto_sentiment.mood.errors import MoodError, WrongUsage
from crypto_sentiment.mood.tally import Tally
from lambda_fn.bulk.times import as_utc
from tests.aws import CREDENTIALS, RESULTS_BUCKET, LocalAws
from tests.crypto_sentiment.mood.lines import MAY_12, MODEL, by_hand, line, of_rollup, write_gzip


def made_lines(count: int, seed: int = 1) -> list[dict]:
    draw = random.Random(seed)
    return [line(draw, work, position) for work in range(-(-count // 100)) for position in range(100)][:count]


def test_a_hundred_thousand_lines_with_doubles_are_counted_as_by_hand(tmp_path):
    lines = made_lines(100_000)
    first, second = lines[:60_000], lines[60_000:]
    # The same work under two partitions, a whole object twice, and single lines again.
    write_gzip(tmp_path / "results" / "dt=2022-05-12" / "hour=08" / "a.jsonl.gz", first)
    write_gzip(tmp_path / "results" / "dt=2022-05-12" / "hour=09" / "a.jsonl.gz", first[20_000:45_000])
    write_gzip(tmp_path / "results" / "dt=2022-05-13" / "hour=00" / "b.jsonl.gz", second + second[:3000])
    assert of_rollup(read_rollup([str(tmp_path / "results")], threads=2)) == by_hand(lines)


def test_counting_as_lines_come_is_the_same_as_the_query():
    lines = made_lines(2000)
    tally = Tally()
    for made in lines:
        tally.add(made, as_utc(made["created_utc"]))
    assert of_rollup(tally.rollup()) == by_hand(lines)


def without_work(made: dict) -> dict:
    return {name: value for name, value in made.items() if name not in ("work_id", "position")}


def write_csv(path, lines):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows({**made, "coins": json.dumps(made["coins"])} for made in lines)


def write_parquet(path, lines):
    pq.write_table(pa.Table.from_pylist(lines), path)


def write_jsonl(path, lines):
    path.write_text("".join(json.dumps(made) + "\n" for made in lines))


WRITERS = {"a.csv": write_csv, "a.parquet": write_parquet, "a.jsonl": write_jsonl, "a.jsonl.gz": write_gzip}


@pytest.mark.parametrize("name", WRITERS)
def test_files_of_score_have_no_work_id_and_each_of_their_lines_counts(name, tmp_path):
    lines = made_lines(1500)
    WRITERS[name](tmp_path / name, [{**without_work(made), "text": 'he said "no",\nand left'} for made in lines])
    assert of_rollup(read_rollup([str(tmp_path / name)])) == by_hand(lines)


def test_several_kinds_of_files_and_a_pattern_are_one_answer(tmp_path):
    lines = made_lines(1200)
    for number, name in enumerate(WRITERS):
        part = [without_work(made) for made in lines[300 * number : 300 * number + 300]]
        WRITERS[name](tmp_path / f"{number}-{name}", part)
    assert of_rollup(read_rollup([str(tmp_path / "*")])) == by_hand(lines)


def test_a_bucket_is_read_as_a_folder_is(tmp_path, monkeypatch):
    lines = made_lines(400)
    write_gzip(tmp_path / "a.jsonl.gz", lines)
    with LocalAws() as aws:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.endpoint}.items():
            monkeypatch.setenv(name, value)
        for hour in ("08", "09"):
            key = f"results/dt=2022-05-12/hour={hour}/work.jsonl.gz"
            aws.s3.put_object(Bucket=RESULTS_BUCKET, Key=key, Body=(tmp_path / "a.jsonl.gz").read_bytes())
        assert of_rollup(read_rollup([f"s3://{RESULTS_BUCKET}/results/"])) == by_hand(lines)
        with pytest.raises(MoodError, match="no results in s3://"):
            read_rollup([f"s3://{RESULTS_BUCKET}/elsewhere/"])


def test_a_rollup_is_a_source_too_and_adds_up_with_results(tmp_path):
    lines = made_lines(800)
    write_jsonl(tmp_path / "results.jsonl", lines[500:])
    write_jsonl(tmp_path / "early.jsonl", lines[:500])
    (tmp_path / "early.rollup.jsonl.gz").write_bytes(read_rollup([str(tmp_path / "early.jsonl")]).encode())
    both = read_rollup([str(tmp_path / "early.rollup.jsonl.gz"), str(tmp_path / "results.jsonl")])
    assert both.comments[both.coin == ""].sum() == sum(
        made["error"] == "" and made["language"] == "en" for made in lines
    )


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        (MAY_12 + 3599, 0),
        (MAY_12 + 3600.25, 1),
        (str(MAY_12), 0),
        ((MAY_12 + 3600) * 1000, 1),
        ((MAY_12 + 3600) * 1_000_000, 1),
        ("2022-05-12T01:30:00Z", 1),
        ("2022-05-12 01:30:00", 1),
        ("2022-05-12T01:30:00.250+00:00", 1),
        ("2022-05-12T03:30:00+02:00", 1),
        ("2022-05-11T20:00:00-05:30", 1),
        ("2022-05-12", 0),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_a_time_falls_into_its_utc_hour_however_it_is_written(written, hour, zone, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    made = {"created_utc": written, "p_negative": 0.1, "p_positive": 0.7, "model": MODEL}
    write_jsonl(tmp_path / "a.jsonl", [made])
    assert read_rollup([str(tmp_path / "a.jsonl")]).hour.tolist() == [MAY_12 + 3600 * hour]


@pytest.mark.parametrize("written", [None, "", "nan", "soon", 17, -5, True])
def test_a_comment_without_a_usable_time_is_counted_apart(written, tmp_path):
    made = {"created_utc": written, "p_negative": 0.1, "p_positive": 0.7, "model": MODEL}
    write_jsonl(tmp_path / "a.jsonl", [made])
    rollup = read_rollup([str(tmp_path / "a.jsonl")])
    assert (rollup.hour.tolist(), rollup.comments.tolist()) == ([-1], [1])


def test_results_of_earlier_versions_are_read_too(tmp_path):
    old = {"probabilities": {"negative": 0.1, "neutral": 0.2, "positive": 0.7}, "model": MODEL, "created_utc": MAY_12}
    error = {"error": {"code": "text_empty", "message": "no text"}, "model": MODEL, "created_utc": MAY_12}
    write_jsonl(tmp_path / "a.jsonl", [old, error])
    rollup = read_rollup([str(tmp_path / "a.jsonl")])
    assert (rollup.comments.tolist(), rollup.left_out["text_empty"].tolist()) == ([1], [1])


def test_a_span_of_time_ends_before_its_end(tmp_path):
    lines = [line(random.Random(n), 1, n) | {"created_utc": MAY_12 + 3600 * n} for n in range(5)]
    write_jsonl(tmp_path / "a.jsonl", lines)
    rollup = read_rollup([str(tmp_path / "a.jsonl")], Question(since=MAY_12 + 3600, until=MAY_12 + 3 * 3600))
    assert sorted(set(rollup.hour.tolist())) == [MAY_12 + 3600, MAY_12 + 7200]


def test_what_was_never_scored_is_refused_by_its_columns(tmp_path):
    write_csv(tmp_path / "a.csv", [{"body": "buy", "coins": []}])
    with pytest.raises(MoodError, match=r"holds no results: it has body, coins\. Score it first"):
        read_rollup([str(tmp_path / "a.csv")])
    with pytest.raises(MoodError, match="there is no"):
        read_rollup([str(tmp_path / "nothing")])
    (tmp_path / "b.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(MoodError, match="cannot be read"):
        read_rollup([str(tmp_path / "b.parquet")])


def test_a_time_column_that_is_not_there_is_named(tmp_path):
    write_parquet(tmp_path / "a.parquet", [{"p_negative": 0.1, "p_positive": 0.2, "when": MAY_12, "model": MODEL}])
    assert read_rollup([str(tmp_path / "a.parquet")], Question(time_column="when")).hour.tolist() == [MAY_12]
    with pytest.raises(WrongUsage, match="there is no whem; the results have p_negative, p_positive, when"):
        read_rollup([str(tmp_path / "a.parquet")], Question(time_column="whem"))
