#!/usr/bin/env bash
# Reddit's dumps give created_utc as a number in some years and as text in others. Both in one glob, read by DuckDB.
#
# Guess: a column of text, in which a text can be looked for
# Seen: the column is JSON and keeps the quotes: = '1700000001' finds nothing, max and ORDER BY sort by characters, the quote
#   first; ::BIGINT is right
# With: duckdb 2.0.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1
venv/bin/python - <<'PY'
from pathlib import Path

import duckdb

print("duckdb", duckdb.__version__)
Path("old.jsonl").write_text('{"id":"a","created_utc":"999999999"}\n{"id":"b","created_utc":"1700000001"}\n')
Path("new.jsonl").write_text('{"id":"c","created_utc":1800000000}\n')


def query(sql):
    rows = duckdb.sql(sql.replace("comments", "read_json('*.jsonl')")).fetchall()
    print(f"{sql:66}", rows)
    return rows


kind = duckdb.sql("SELECT created_utc FROM read_json('*.jsonl')").types[0]
print("type of created_utc:", kind)
assert str(kind) == "JSON", "created_utc has another type now"
assert query("SELECT id FROM comments WHERE created_utc = '1700000001'") == [], "the text is found now"
assert query("SELECT id FROM comments WHERE created_utc::BIGINT = 1700000001") == [("b",)]
assert query("SELECT id FROM comments ORDER BY created_utc") == [("b",), ("a",), ("c",)], "the order is another one now"
assert query("SELECT id FROM comments ORDER BY created_utc::BIGINT") == [("a",), ("b",), ("c",)]
PY
