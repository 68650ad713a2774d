"""Files in, files out, on this machine alone."""

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from tests.comments import REAL, crowd
from tests.conftest import REPOSITORY


def command(*arguments) -> list[str]:
    return [sys.executable, "-m", "crypto_sentiment", "score", *map(str, arguments)]


def score(*arguments, status: int = 0) -> str:
    done = subprocess.run(
        command(*arguments),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=250,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def comments():
    """A day of comments every ten minutes, and two that are broken."""
    times = [{**comment, "created_utc": 1_767_000_000 + 600 * n, "score": n} for n, comment in enumerate(crowd(144))]
    return [*times, {"id": "bad", "text": 7}, {"id": "worse"}]


@pytest.fixture
def source(tmp_path, comments):
    path = tmp_path / "comments.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(json.dumps(c).encode() + b"\n" for c in comments)))
    return path


def test_jsonl_in_the_order_of_the_input_with_a_chart(tmp_path, source, comments):
    output, chart = tmp_path / "scored.jsonl", tmp_path / "mood.png"
    said = score(source, output, "--chart", chart)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["id"] for row in rows] == [comment["id"] for comment in comments]
    assert rows[0]["text"] == REAL[0]
    assert rows[0]["label"] == "positive"
    assert rows[5]["comment_score"] == 5
    assert rows[-1]["error"]["code"] == "text_missing"
    assert chart.read_bytes().startswith(b"\x89PNG")
    assert chart.stat().st_size > 10_000
    assert "146 comments" in said
    assert "2 errors" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["comments.jsonl.gz", "mood.png", "scored.jsonl"]


def test_csv_and_parquet_hold_the_same_table(tmp_path, source, comments):
    score(source, tmp_path / "scored.csv", "--no-text")
    score(source, tmp_path / "scored.parquet", "--no-text")
    with (tmp_path / "scored.csv").open() as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "scored.parquet")
    assert table.column_names == list(rows[0])
    assert table.column_names[:6] == ["id", "label", "score", "negative", "neutral", "positive"]
    assert "text" not in table.column_names
    assert table["id"].to_pylist() == [row["id"] for row in rows] == [comment["id"] for comment in comments]
    assert table["comment_score"].to_pylist()[5] == 5
    assert table["error_code"].to_pylist()[-1] == rows[-1]["error_code"] == "text_missing"


def test_goes_on_after_an_interrupt_and_ends_the_same(tmp_path):
    source = tmp_path / "many.jsonl"
    # notes that fill several batches, texts that give the signal time to come between two of them
    many = [c | {"text": c["text"] * 10} for c in crowd(500, distinct=True, note="x" * 4500)]
    source.write_bytes(b"".join(json.dumps(c).encode() + b"\n" for c in many))
    output = tmp_path / "scored.jsonl"
    checkpoint = tmp_path / "scored.jsonl.partial.json"
    process = subprocess.Popen(
        command(source, output),
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        # a test run in the background ignores Ctrl-C, and its children would too
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 200
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert not output.exists()
    said = score(source, output)
    assert "Going on after" in said
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["id"] for row in rows] == [comment["id"] for comment in many]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("missing.jsonl", "out.jsonl"), "No such file"),
        (("comments.txt", "out.jsonl"), "not a .jsonl"),
        (("comments.jsonl", "out.xlsx"), "must end in one of"),
        (("broken.jsonl.gz", "out.jsonl"), "not whole gzip"),
    ],
)
def test_errors_in_plain_words(tmp_path, arguments, reason):
    (tmp_path / "broken.jsonl.gz").write_bytes(gzip.compress(b'{"text": "moon"}\n' * 1000)[:-20])
    assert reason in score(*(tmp_path / name for name in arguments), status=1)
