"""Athena as far as a test can have it: boto3 and moto's API, and behind it DuckDB, which runs the same SQL on the same
objects and leaves its answer where Athena would, written as Athena writes it.

moto's own Athena says SUCCEEDED to any text. What Trino would understand otherwise than DuckDB is in
tests/lambda_fn/mood/test_queries.py.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import sqlglot

from crypto_sentiment.mood.engine import PRELUDE
from lambda_fn.mood.tables import TABLES
from tests.aws import RESULTS_BUCKET, LocalAws


def duckdb_type(hive: str) -> str:
    return sqlglot.exp.DataType.build(hive, dialect="hive").sql("duckdb")


def open_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The tables of the Glue database as views of the objects under `folder`; empty where there are none."""
    for name, table in TABLES.items():
        files = sorted(str(path) for path in folder.glob(f"{table.prefix}**/*.jsonl.gz"))
        columns = {column: duckdb_type(hive) for column, hive in table.columns.items()}
        if not files:
            typed = ", ".join(f"CAST(NULL AS {of}) AS {column}" for column, of in columns.items())
            partitions = ", ".join(f"'' AS {partition}" for partition in table.partitions)
            connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {typed}, {partitions} WHERE FALSE")
            continue
        # Partitions by the template of the table, as projection has them, not by what DuckDB makes of the paths.
        pattern = table.path
        for partition in table.partitions:
            pattern = pattern.replace(f"${{{partition}}}", f"(?P<{partition}>[^/]+)")
        partitions = ", ".join(
            f"regexp_extract(filename, '{_unnamed(pattern)}', {number + 1}) AS {partition}"
            for number, partition in enumerate(table.partitions)
        )
        connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT {', '.join(columns)}, {partitions} FROM "
            f"read_json({files}, columns = {columns}, format = 'newline_delimited', hive_partitioning = false, "
            "filename = true)"
        )


def _unnamed(pattern: str) -> str:
    return "".join("(" + part.partition(">")[2] if n else part for n, part in enumerate(pattern.split("(?P<")))


class DuckAthena:
    """A boto3 client of Athena. `asked` has each query."""

    def __init__(self, aws: LocalAws):
        self._aws, self._client, self.asked = aws, aws.client("athena"), []
        self._refused, self._failed = "", set()

    @contextmanager
    def refusing(self, text: str) -> Iterator[None]:
        """Queries that say `text` reach the workgroup's limit; undone at the end of the block."""
        self._refused = text
        try:
            yield
        finally:
            self._refused = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def start_query_execution(self, **question: Any) -> dict:
        started = self._client.start_query_execution(**question)
        self.asked.append(question["QueryString"])
        if self._refused and self._refused in question["QueryString"]:
            self._failed.add(started["QueryExecutionId"])
            return started
        location = question["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{RESULTS_BUCKET}/")
        body = self.answer(question["QueryString"])
        self._aws.s3.put_object(Bucket=RESULTS_BUCKET, Key=f"{location}{started['QueryExecutionId']}.csv", Body=body)
        return started

    def get_query_execution(self, **asked: Any) -> dict:
        answer = self._client.get_query_execution(**asked)
        if asked["QueryExecutionId"] in self._failed:
            reason = "Query exhausted resources: Bytes scanned limit was exceeded"
            answer["QueryExecution"]["Status"] = {"State": "FAILED", "StateChangeReason": reason}
        return answer

    def answer(self, sql: str) -> bytes:
        with tempfile.TemporaryDirectory() as name, duckdb.connect() as connection:
            folder = Path(name)
            for table in TABLES.values():
                for key in self._aws.keys(table.prefix):
                    (folder / key).parent.mkdir(parents=True, exist_ok=True)
                    body = self._aws.s3.get_object(Bucket=RESULTS_BUCKET, Key=key)["Body"].read()
                    (folder / key).write_bytes(body)
            connection.execute(PRELUDE)
            open_tables(connection, folder)
            cursor = connection.execute(sql)
            rows = [[column[0] for column in cursor.description], *cursor.fetchall()]
        # Everything in quotes but NULL, of which nothing is left.
        quoted = (",".join("" if v is None else '"' + str(v).replace('"', '""') + '"' for v in row) for row in rows)
        return "".join(line + "\n" for line in quoted).encode()
