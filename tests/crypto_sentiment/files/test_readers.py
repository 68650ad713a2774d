"""The snippets of docs/RESULTS.md run as they are printed there, on results that `score` wrote."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.comments import crowd
from tests.conftest import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "RESULTS.md"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
SNIPPETS = dict(re.findall(r"<!-- snippet: (\S+) -->\n```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder: results/ (45 shards, the only error in the last), scored.parquet, scored.csv, comments.jsonl."""
    folder = tmp_path_factory.mktemp("results")
    rows = crowd(90, subreddit="Bitcoin", created_utc=1651575038, score=12)
    rows[-1]["text"] = "[deleted]"
    (folder / "comments.jsonl").write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    for output in (["results/", "--to", "jsonl", "--shard-comments", "2"], ["scored.parquet"], ["scored.csv"]):
        command = [sys.executable, "-m", "crypto_sentiment", "score", "comments.jsonl", *output, "--workers", "1"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
        assert done.returncode == 3, done.stderr
    assert len(list((folder / "results").iterdir())) == 45
    return folder


@pytest.mark.parametrize("name", sorted(SNIPPETS))
def test_a_snippet_prints_the_one_error_and_what_else_it_says(results, name):
    done = subprocess.run(
        [sys.executable, "-c", SNIPPETS[name]], cwd=results, capture_output=True, text=True, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr
    assert "text_deleted" in done.stdout or name.startswith("column-")


def test_the_document_has_a_snippet_for_every_reader():
    assert {"duckdb", "pandas", "polars", "column-pandas", "column-polars", "column-duckdb"} <= set(SNIPPETS)


def test_the_table_of_athena_has_every_column_of_a_result():
    from lambda_fn.contract import RESULT_FIELDS

    [table] = re.findall(r"```sql\n(CREATE EXTERNAL TABLE.*?)```", DOCUMENT.read_text(), re.DOTALL)
    import sqlglot

    created = sqlglot.parse_one(table, read="athena")
    columns = [column.name for column in created.find(sqlglot.exp.Schema).expressions if column.name]
    assert [name for name in columns if name in RESULT_FIELDS] == list(RESULT_FIELDS)


def test_the_document_lists_the_columns_in_order():
    from lambda_fn.contract import RESULT_FIELDS

    rows = re.findall(r"^\| `(\w+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == list(RESULT_FIELDS)
