#!/usr/bin/env bash
# polars decides on the columns of JSON Lines by the first 100 lines.
#
# Guess: all lines count, since the whole file is read anyway; a field that comes late is a column with nulls before it
# Seen: a field that first appears on line 151 is dropped without a word, by read_ndjson and scan_ndjson; a score that is 1
#   on 150 lines and 1.5 on line 151 raises; with infer_schema_length=None both are read
# With: polars 2.1.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check polars==2.1.0
venv/bin/python - <<'PY'
import json
from pathlib import Path

import polars as pl

print("polars", pl.__version__)
late, number = Path("late.jsonl"), Path("number.jsonl")
late.write_text("".join(json.dumps({"id": str(i)} | ({"coins": "BTC"} if i >= 150 else {})) + "\n" for i in range(200)))
number.write_text("".join(json.dumps({"id": str(i), "score": 1 if i < 150 else 1.5}) + "\n" for i in range(200)))

columns = pl.read_ndjson(late).columns, pl.scan_ndjson(late).collect().columns
print("columns of a file whose field coins begins on line 151:", *columns)
assert columns == (["id"], ["id"]), "polars sees the late field now"

try:
    print("scores:", pl.read_ndjson(number)["score"].max())
    raise SystemExit("polars reads the late 1.5 now")
except pl.exceptions.ComputeError as e:
    print("a late 1.5 among ones:", e)

told = pl.read_ndjson(late, infer_schema_length=None), pl.read_ndjson(number, infer_schema_length=None)
print("told to look at all lines:", told[0].columns, told[1]["score"].max())
assert told[0].columns == ["id", "coins"]
assert told[1]["score"].max() == 1.5
PY
