#!/usr/bin/env bash
# Spark SQL carried to DuckDB by sqlglot, both run: which numbers change.
#
# Guess: what is translated without a warning gives the same number, or an error
# Seen: five functions give another number: timestampdiff(HOUR) of 10:59 and 11:01 is 0 in Spark and 1 in DuckDB (full hours, and
#   borders crossed), percentile(0.5) of 1..4 2.5 and 2, dayofweek of a Sunday 1 and 0, weekday 6 and 0, skewness 0.53
#   and 1.29 (of the population, and of a sample)
# With: sqlglot 30.30.0, pyspark 4.3.0, duckdb 2.0.1 (and Java 17)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
command -v java >/dev/null || { echo "Spark needs Java 17." >&2; exit 1; }
venv/bin/pip install --quiet --disable-pip-version-check sqlglot==30.30.0 pyspark==4.3.0 duckdb==2.0.1
PYSPARK_PYTHON=venv/bin/python venv/bin/python - 2>spark.log <<'PY' || { tail -5 spark.log >&2; exit 1; }
import duckdb
import sqlglot
from pyspark.sql import SparkSession

numbers = "FROM (VALUES (1D), (2D), (3D), (4D)) t(x)"
QUERIES = {
    "timestampdiff(HOUR, timestamp'2026-11-29 10:59:00', timestamp'2026-11-29 11:01:00')": (0, 1),
    f"percentile(x, 0.5) {numbers}": (2.5, 2.0),
    "dayofweek(date'2026-11-29')": (1, 0),
    "weekday(date'2026-11-29')": (6, 0),
    "skewness(x) FROM (VALUES (1D), (2D), (5D)) t(x)": (0.528, 1.293),
}
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
print(f"sqlglot {sqlglot.__version__}, pyspark {spark.version}, duckdb {duckdb.__version__}")
for expression, seen in QUERIES.items():
    query = f"SELECT {expression}"
    here = spark.sql(query).collect()[0][0]
    there = duckdb.sql(sqlglot.transpile(query, "spark", "duckdb")[0]).fetchall()[0][0]
    print(f"{expression[:60]:60} Spark {here:.3f}  DuckDB {there:.3f}")
    assert (round(here, 3), round(there, 3)) == seen, f"{expression} was {seen}"
PY
