#!/usr/bin/env bash
# A JSON text column whose values all look like dates: a small sample of a subreddit's daily threads, or a field `day`.
#
# Guess: what is quoted in JSON stays text for everyone
# Seen: DuckDB makes it DATE, pyarrow timestamp[s], polars text; two shards of one data set then have two types, and pyarrow does
#   not put them together
# With: duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
venv/bin/python - <<'PY'
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.json

print(f"duckdb {duckdb.__version__}, pyarrow {pa.__version__}, polars {pl.__version__}")
dates, words = Path("dates.jsonl"), Path("words.jsonl")
dates.write_text('{"id":"a","body":"2026-11-29"}\n')
words.write_text('{"id":"b","body":"to the moon"}\n')
for file in (dates, words):
    types = [
        str(duckdb.sql(f"SELECT body FROM read_json('{file}')").types[0]),
        str(pyarrow.json.read_json(file).schema.field("body").type),
        str(pl.read_ndjson(file).schema["body"]),
    ]
    print(f"{file.name:12}", "DuckDB {}, pyarrow {}, polars {}".format(*types))
    assert types == (["DATE", "timestamp[s]", "String"] if file is dates else ["VARCHAR", "string", "String"])
try:
    pa.concat_tables([pyarrow.json.read_json(file) for file in (dates, words)])
    raise SystemExit("pyarrow puts the two together now")
except pa.ArrowInvalid as e:
    print("pyarrow's two shards together:", str(e).splitlines()[0])
PY
