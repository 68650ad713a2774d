"""Wait for the results of what `crypto-sentiment submit` sent, count them, and join them with the input.

crypto-sentiment collect comments.jsonl.gz --bucket my-results --output scored.jsonl
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from crypto_sentiment.bulk.receipts import Receipt
from crypto_sentiment.files.comment_files import CommentFile
from crypto_sentiment.files.errors import InputError
from crypto_sentiment.files.output import check, find_output, write_results
from lambda_fn.bulk.columns import Columns, at, id_text
from lambda_fn.bulk.records import parse_record
from lambda_fn.bulk.results import read_lines, result_key, result_line, unique_lines
from lambda_fn.contract import RESULT_FIELDS
from lambda_fn.model.text import TextError

console = Console(stderr=True)
POLL_S = 2.0
NO_RESULT = "no_result"
OUTCOME_FIELDS = tuple(name for name in RESULT_FIELDS if name not in ("work_id", "position", "id"))


class Collector:
    """Reads the result objects of a receipt's works."""

    def __init__(self, s3, bucket: str, prefix: str, receipt: Receipt):
        self._s3, self._bucket, self._prefix, self._receipt = s3, bucket, prefix, receipt
        self._keys: dict[str, list[str]] = {}
        self._counted: dict[str, int] = {}

    def look(self) -> int:
        """List what is there. Returns the number of comments that have a result so far."""
        hours = result_key(self._prefix, "", 0, self._receipt.partition).rpartition("/")[0] + "/"
        keys: dict[str, list[str]] = {}
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=hours):
            for item in page.get("Contents", []):
                name = item["Key"].rpartition("/")[2].removesuffix(".jsonl.gz")
                keys.setdefault(name.partition("-")[0], []).append(item["Key"])
        found = 0
        for work_id, count in self._receipt.works:
            mine = sorted(keys.get(work_id, []), key=_chunk_start)
            if mine != self._keys.get(work_id):
                self._keys[work_id] = mine
                self._counted[work_id] = sum(1 for _ in self.lines(work_id))
            found += min(count, self._counted[work_id])
        return found

    def lines(self, work_id: str) -> Iterator[dict]:
        """The work's result lines in the order of its records, each once."""
        return unique_lines(line for key in self._keys[work_id] for line in read_lines(self._body(key)))

    def _body(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def missing(self) -> dict[str, int]:
        """Works that lack results: work id -> number of comments without one."""
        works = self._receipt.works
        return {work_id: n - self._counted[work_id] for work_id, n in works if n > self._counted[work_id]}


def _chunk_start(key: str) -> int:
    return int(key.rpartition("/")[2].removesuffix(".jsonl.gz").partition("-")[2] or 0)


def join(comments: CommentFile, collector: Collector, receipt: Receipt) -> Iterator[dict]:
    """Each input comment with its result, in order, as `score` would have written it."""
    records = comments.records()
    columns = replace(comments.source.columns, keep_text=True)
    for work_id, count in receipt.works:
        by_position = {line["position"]: line for line in collector.lines(work_id)}
        for index in range(count):
            position, record = next(records)
            result = by_position.get(position if receipt.header["source"]["bucket"] else index)
            yield joined_line(record, result, columns)


def joined_line(record: bytes, result: dict | None, columns: Columns) -> dict:
    """A comment's own fields with the outcome that bulk scoring found; without one, error `no_result`."""
    try:
        comment = parse_record(record)
    except TextError:
        comment = {}
    plan = columns.plan(comment)
    found_id = id_text(at(comment, plan.id)) if plan.id else None
    own = columns.own_fields(comment, plan, None)
    if result is None:
        result = {"coins": [], "truncated": False, "error": NO_RESULT, "error_message": "no result was found"}
    return result_line({}, found_id, own, {name: result.get(name) for name in OUTCOME_FIELDS})


def wait(collector: Collector, expected: int, timeout: float) -> int:
    """Look until `expected` comments have results or the time is up. Returns how many have."""
    deadline = time.monotonic() + timeout
    with Progress(console=console) as bar:
        task = bar.add_task("waiting for results", total=expected)
        while True:
            found = collector.look()
            bar.update(task, completed=found)
            if found >= expected or time.monotonic() >= deadline:
                return found
            time.sleep(POLL_S)


def run(source: Path, bucket: str, prefix: str, output: Path | None, receipt: Path, timeout: float) -> bool:
    """Wait, and join the results with `source` in `output`. Returns whether every comment has its result.

    Raises InputError, OutputError, UsageError and botocore's errors.
    """
    import boto3

    try:
        known = Receipt.read(receipt)
    except (OSError, ValueError, KeyError, IndexError):
        raise InputError(f"{receipt} is not a receipt of crypto-sentiment submit") from None
    collector = Collector(boto3.client("s3"), bucket, prefix, known)
    found = wait(collector, known.comments, timeout)
    console.print(f"{found:,} of {known.comments:,} comments have their result")
    if output:
        destination = find_output(str(output), None)
        comments = CommentFile.open(source)
        check(destination, [comments.source.place])
        lines = write_results(join(comments, collector, known), destination)
        console.print(f"{lines:,} comments with their results in {output}")
    for work_id, count in collector.missing().items():
        console.print(f"missing: {count:,} comments of work {work_id}")
    return found == known.comments
