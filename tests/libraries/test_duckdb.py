"""DuckDB over a folder of results: which fields and which types it sees."""

import json
from pathlib import Path

import pytest

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")


@pytest.mark.library(
    "duckdb 2.0.1",
    guess="the columns of all files, or an error",
    seen="read_json samples the first 32 files of a glob: a field that first appears in a later one is missing without "
    "a word; maximum_sample_files=-1 reads them all",
    so="every result line has every field, of one type, in every object; our SQL names the columns",
)
def test_a_field_that_first_appears_in_the_fortieth_file_is_missing(tmp_path):
    for i in range(40):
        line = {"id": str(i)} | ({"error": "text_empty"} if i == 39 else {})
        (tmp_path / f"{i:03}.jsonl").write_text(json.dumps(line) + "\n")
    glob = f"{tmp_path}/*.jsonl"
    assert duckdb.sql(f"SELECT * FROM read_json('{glob}')").columns == ["id"]
    assert duckdb.sql(f"SELECT * FROM read_json('{glob}', maximum_sample_files=-1)").columns == ["id", "error"]


def results_of(folder: Path, hours: list[str]) -> str:
    for hour in hours:
        partition = folder / "dt=2026-11-29" / f"hour={hour}"
        partition.mkdir(parents=True)
        (partition / "a.jsonl").write_text('{"id": "a"}\n')
    return f"read_json('{folder}/*/*/*.jsonl', hive_partitioning=true"


@pytest.mark.library(
    "duckdb 2.0.1",
    guess="one type for the hive key `hour`, whatever its values",
    seen="`hour` is a number where no value has a leading zero, else text: `hour >= 10` runs on an afternoon's objects "
    "and is a binder error on a day's",
    so="a query of ours over hours has to give hive_types, so that `hour` is text everywhere, as in Glue",
)
def test_the_hive_key_hour_changes_its_type_with_its_values(tmp_path):
    afternoon = results_of(tmp_path / "afternoon", ["13", "14"])
    day = results_of(tmp_path / "day", ["09", "13", "14"])
    query = "SELECT count(*) FROM {} WHERE hour >= 10"
    assert duckdb.sql(query.format(afternoon + ")")).fetchall() == [(2,)]
    with pytest.raises(duckdb.BinderException, match="VARCHAR"):
        duckdb.sql(query.format(day + ")"))
    for source in (afternoon, day):
        typed = source + ", hive_types={'dt': DATE, 'hour': VARCHAR})"
        assert duckdb.sql(f"SELECT count(*) FROM {typed} WHERE hour >= '10'").fetchall() == [(2,)]
