"""What results look like in each format, and that every reader reads them."""

import csv
import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pandas
import polars
import pyarrow.parquet as pq
import pytest

from crypto_sentiment.files.output import FORMATS
from lambda_fn.contract import RESULT_FIELDS
from tests.comments import REAL, crowd

OURS = [name for name in RESULT_FIELDS if name not in ("work_id", "position")]


def write(path, rows) -> object:
    path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    return path


@pytest.fixture
def source(tmp_path):
    """Comments with fields of every kind; the last one cannot be scored."""
    good = [
        {**comment, "created_utc": 1_767_000_000 + n, "score": n, "wei": 10**20 + n, "flags": ["a"], "ok": n % 2 == 0}
        for n, comment in enumerate(crowd(20))
    ]
    return write(tmp_path / "comments.jsonl", [*good, {"id": "bad", "text": "", "score": 5}])


def test_a_line_has_its_fields_in_the_documented_order(verb, source):
    rows = verb.rows(source, status=3)
    assert {tuple(row) for row in rows} == {
        ("id", "text", "created_utc", "comment_score", "wei", "flags", "ok", *OURS[1:])
    }
    first, bad = rows[0], rows[-1]
    assert first["text"] == REAL[0]
    assert first["error"] == first["error_message"] == ""
    assert first["p_negative"] + first["p_neutral"] + first["p_positive"] == pytest.approx(1, abs=2e-4)
    assert first["mood"] == max(("negative", "neutral", "positive"), key=lambda mood: first[f"p_{mood}"])
    assert first["wei"] == 10**20
    assert bad["error"] == "text_empty"
    assert {bad[name] for name in ("label", "score", "mood", "p_negative", "p_neutral", "p_positive")} == {None}
    assert bad["comment_score"] == 5


def test_every_format_holds_the_same_table(tmp_path, verb, source):
    rows = verb.rows(source, status=3)
    for suffix in FORMATS:
        verb(source, tmp_path / f"out{suffix}", status=3)
    parquet = pq.read_table(tmp_path / "out.parquet")
    assert parquet.column_names == list(rows[0])
    table = parquet.to_pylist()
    assert [row["id"] for row in table] == [row["id"] for row in rows]
    assert table[3]["wei"] == Decimal(10**20 + 3)
    assert table[3]["comment_score"] == 3
    assert table[3]["created_utc"] == datetime.fromtimestamp(1_767_000_003, UTC)
    assert table[3]["ok"] is False
    assert [row["p_positive"] for row in table] == [row["p_positive"] for row in rows]
    with (tmp_path / "out.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert list(cells[0]) == list(rows[0])
    assert cells[3]["wei"] == str(10**20 + 3)
    assert cells[3]["flags"] == '["a"]'
    assert [row["error"] for row in cells] == [row["error"] for row in rows]
    jsonl = (tmp_path / "results.jsonl").read_bytes()
    assert gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()) == jsonl


def test_the_same_command_gives_the_same_bytes_with_any_number_of_processes(tmp_path, source):
    import subprocess
    import sys

    many = write(tmp_path / "many.jsonl", crowd(3000, note="x"))
    for name, workers in (("one", 1), ("two", 2)):
        for suffix in (".jsonl.gz", ".csv", ".parquet", ".jsonl.zst"):
            command = [sys.executable, "-m", "crypto_sentiment", "score", many, tmp_path / f"{name}{suffix}"]
            subprocess.run([*command, "--workers", str(workers)], check=True, capture_output=True)
    for suffix in (".jsonl.gz", ".csv", ".parquet", ".jsonl.zst"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes(), suffix


def test_cells_that_a_spreadsheet_would_run_are_defused(tmp_path, verb):
    source = write(
        tmp_path / "a.jsonl", [{"id": "=cmd|x", "text": "=1+1 buy now", "likes": -3, "by": "@me", "n": "-5"}]
    )
    verb(source, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["id"], row["text"], row["by"]) == ("'=cmd|x", "'=1+1 buy now", "'@me")
    assert (row["likes"], row["n"]) == ("-3", "-5")


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([2**70, 1], [Decimal(2**70), Decimal(1)]),
        ([10**50, 1], [str(10**50), "1"]),
        ([2**60, 0.5], [str(2**60), "0.5"]),
        ([1, 0.5], [1.0, 0.5]),
        ([1, "x"], ["1", "x"]),
        ([True, None], [True, None]),
        ([{"a": 1}, [2]], ['{"a":1}', "[2]"]),
        ([None, None], [None, None]),
    ],
)
def test_a_column_of_ones_own_gets_the_type_that_loses_nothing(tmp_path, verb, values, read):
    source = write(tmp_path / "a.jsonl", [{"text": "gm", "own": value} for value in values])
    verb(source, tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["own"].to_pylist() == read


def test_shards_fit_together_whatever_each_holds(tmp_path, verb):
    """45 shards, the only error in the last: every reader finds it."""
    rows = [{**comment, "text": REAL[n % 5]} for n, comment in enumerate(crowd(89))]
    source = write(tmp_path / "a.jsonl", [*rows, {"id": "late", "text": "[deleted]", "edited": True}])
    for to in ("jsonl", "parquet", "csv"):
        verb(source, tmp_path / to, "--to", to, "--shard-comments", 2, status=3)
        assert len(list((tmp_path / to).iterdir())) == 45
    query = "SELECT count(*), max(id) FILTER (error <> '') FROM "
    assert duckdb.sql(f"{query} read_json('{tmp_path}/jsonl/*.jsonl')").fetchall() == [(90, "late")]
    assert duckdb.sql(f"{query} '{tmp_path}/parquet/*.parquet' WHERE edited").fetchall() == [(1, "late")]
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/csv/*.csv' WHERE error = 'text_deleted'").fetchall() == [(1,)]
    frame = pandas.concat(
        pandas.read_json(path, lines=True, dtype=False) for path in sorted((tmp_path / "jsonl").iterdir())
    )
    assert list(frame[frame.error != ""].id) == ["late"]
    lazy = polars.scan_parquet(tmp_path / "parquet" / "*.parquet")
    assert lazy.filter(polars.col("error") != "").select("id").collect().to_series().to_list() == ["late"]


def test_an_empty_input_gives_an_empty_result_with_the_full_schema(tmp_path, verb):
    source = tmp_path / "a.csv"
    source.write_text("id,text,likes\n")
    verb(source, tmp_path / "out.parquet")
    assert set(OURS) <= set(pq.read_schema(tmp_path / "out.parquet").names)
    verb(source, tmp_path / "folder/", "--to", "csv")
    [shard] = (tmp_path / "folder").iterdir()
    assert shard.read_text().startswith("id,label,score,mood")


def test_where_no_comment_could_be_scored_the_exit_code_says_so_and_the_lines_why(tmp_path, verb):
    source = write(tmp_path / "a.jsonl", [{"id": "1", "text": "[removed]"}])
    [row] = verb.rows(source, status=1)
    assert row["error"] == "text_deleted"
    assert "1 of 1 comments could not be scored: 1 deleted" in verb.said


def test_without_text_it_is_nowhere_in_the_results(tmp_path, verb):
    rows = [{"id": "1", "data": {"note": "secret words", "n": 1}}]
    source = write(tmp_path / "a.jsonl", rows)
    [row] = verb.rows("--no-text", "--text-column", "data.note", source)
    assert row["data"] == {"n": 1}
    assert "secret" not in (tmp_path / "results.jsonl").read_text()
