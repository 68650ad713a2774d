"""The result objects of what was submitted: found by the identity of each work, read, and counted."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from crypto_sentiment.bulk.receipts import Receipt
from lambda_fn.bulk.outages import Patience
from lambda_fn.bulk.results import read_lines, result_key, unique_lines


class Collector:
    """Reads the result objects of a receipt's works, waiting for S3 as long as patience lasts."""

    def __init__(self, s3: Any, bucket: str, prefix: str, receipt: Receipt, patience: Patience):
        self._s3, self._bucket, self._prefix, self._receipt, self._patience = s3, bucket, prefix, receipt, patience
        self._keys: dict[str, list[str]] = {}
        self._counted: dict[str, int] = {}
        self._errors: dict[str, Counter[str]] = {}

    def look(self) -> int:
        """List what is there. Returns the number of comments that have a result so far."""
        hours = result_key(self._prefix, "", 0, self._receipt.partition).rpartition("/")[0] + "/"
        keys: dict[str, list[str]] = {}
        for key in self._patience(self._list, hours):
            name = key.rpartition("/")[2].removesuffix(".jsonl.gz")
            keys.setdefault(name.partition("-")[0], []).append(key)
        found = 0
        for work_id, count in self._receipt.works:
            mine = sorted(keys.get(work_id, []), key=_chunk_start)
            if mine != self._keys.get(work_id):
                self._keys[work_id] = mine
                codes = Counter(line["error"] for line in self.lines(work_id))
                self._counted[work_id] = codes.total()
                self._errors[work_id] = Counter({code: number for code, number in codes.items() if code})
            found += min(count, self._counted[work_id])
        return found

    def lines(self, work_id: str) -> Iterator[dict]:
        """The work's result lines in the order of its records, each once."""
        return unique_lines(line for key in self._keys[work_id] for line in read_lines(self._patience(self._body, key)))

    def _list(self, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def _body(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def errors(self) -> Counter[str]:
        """Comments that could not be scored, by the code of their error."""
        return sum(self._errors.values(), Counter())

    def missing(self) -> dict[str, int]:
        """Works that lack results: work id -> number of comments without one."""
        works = self._receipt.works
        return {work_id: n - self._counted[work_id] for work_id, n in works if n > self._counted[work_id]}


def _chunk_start(key: str) -> int:
    return int(key.rpartition("/")[2].removesuffix(".jsonl.gz").partition("-")[2] or 0)
