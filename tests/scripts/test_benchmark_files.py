"""The measurement of `score`, on a handful of comments: what it says, not how much."""

import gzip
import json

from scripts.benchmark import files
from tests.comments import crowd


def test_a_table_says_what_score_costs_beside_the_classifier(tmp_path):
    texts = tmp_path / "comments.jsonl.gz"
    texts.write_bytes(gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in crowd(40))))
    (tmp_path / "work").mkdir()
    found = files.measure(texts, comments=60, sample=30, pair=0, folder=tmp_path / "work")
    dump, parquet = found["runs"]
    assert [dump["output"], parquet["output"]] == ["out.jsonl.zst", "out.parquet"]
    assert dump["ms_bare"] > 0
    assert parquet["reader_mb"] > 20
    table = files.table(found | {"two_processes": {"comments": 60, "times": 1.9}})
    assert table.count("| RC.zst") == table.count("| comments.parquet") == 1
    assert "60 comments 1.9 times as fast" in table


def test_the_dump_asks_for_the_window_of_reddits(tmp_path):
    from lambda_fn.bulk.packing import zstd_window

    texts = tmp_path / "comments.jsonl.gz"
    texts.write_bytes(gzip.compress(json.dumps(crowd(1)[0]).encode()))
    dump, _ = files.make(texts, 3, tmp_path)
    assert zstd_window(dump.read_bytes()[:32]) == 2**31


def test_every_text_is_another(tmp_path):
    texts = tmp_path / "comments.jsonl.gz"
    texts.write_bytes(gzip.compress(json.dumps(crowd(1)[0]).encode()))
    assert len({row["body"] for row in files.comments(texts, 50)}) == 50
