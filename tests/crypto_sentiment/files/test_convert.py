"""Dumps and other files of comments become Parquet that Spark and DuckDB read: nothing lost, nothing retyped."""

import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from crypto_sentiment.cli import app
from crypto_sentiment.files import convert as module
from crypto_sentiment.files.convert import CORRUPT, OTHER, Conversion
from crypto_sentiment.files.errors import OutputError
from crypto_sentiment.files.places import find_places
from crypto_sentiment.files.zstd import zstd
from tests.comments import crowd
from tests.conftest import REPOSITORY


def lines(comments) -> bytes:
    return b"".join(json.dumps(comment).encode() + b"\n" for comment in comments)


def dump(comments) -> bytes:
    """Packed as Reddit's dumps are: a window of 2 GiB, which no reader opens unless it is told to."""
    options = {zstd.CompressionParameter.window_log: 31, zstd.CompressionParameter.enable_long_distance_matching: 1}
    compressor = zstd.ZstdCompressor(options=options)
    packed = compressor.compress(lines(comments)) + compressor.flush()
    assert zstd.get_frame_info(packed).decompressed_size is None
    return packed


def invoke(*arguments):
    return CliRunner().invoke(app, ["convert", *map(str, arguments)])


def read(folder):
    return pq.ParquetDataset(folder).read().to_pylist()


def test_a_dump_with_a_long_window_comes_out_row_for_row(tmp_path):
    comments = [
        {"id": f"c{n}", "body": f"to the moon {n}", "created_utc": 1_600_000_000 + n, "score": n, "edited": False}
        for n in range(3_000)
    ]
    (tmp_path / "RC_2020-09.zst").write_bytes(dump(comments))
    done = invoke(tmp_path / "RC_2020-09.zst", tmp_path / "out")
    assert (done.exit_code, "3,000 comments" in done.output) == (0, True), done.output
    rows = read(tmp_path / "out")
    assert [row["id"] for row in rows] == [comment["id"] for comment in comments]
    assert [row["body"] for row in rows] == [comment["body"] for comment in comments]
    assert [row["comment_score"] for row in rows] == list(range(3_000))
    assert rows[7]["created_utc"].isoformat() == "2020-09-13T12:26:47+00:00"
    assert {row[OTHER] for row in rows} == {None}


def test_what_does_not_fit_its_column_is_kept_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 10)
    comments = crowd(10, upvotes=1, gilded=True)
    odd = [
        {"id": 7, "text": "late", "upvotes": "many", "gilded": 2**70, "new": {"a": [1]}},
        {"id": "x", "text": "half \ud83d emoji", "upvotes": 1.5},
    ]
    (tmp_path / "a.jsonl").write_bytes(lines(comments + odd))
    assert invoke(tmp_path / "a.jsonl", tmp_path / "out").exit_code == 0
    *_, late, half = read(tmp_path / "out")
    assert (late["id"], late["upvotes"], late["gilded"]) == ("7", None, None)
    assert json.loads(late[OTHER]) == {"upvotes": "many", "gilded": 2**70, "new": {"a": [1]}}
    assert (half["text"], json.loads(half[OTHER])) == ("half ? emoji", {"upvotes": 1.5})


def test_a_line_that_cannot_be_read_is_a_row_that_says_so(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines(crowd(3)) + b'{"id": "broken", "te\n' + b"[1]\n" + lines(crowd(2)))
    assert invoke(tmp_path / "a.jsonl", tmp_path / "out").exit_code == 0
    rows = read(tmp_path / "out")
    assert len(rows) == 7
    assert [row[CORRUPT] for row in rows] == [None] * 3 + ['{"id": "broken", "te', "[1]"] + [None] * 2


def test_text_that_lies_deeper_gets_a_column_of_its_own(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines([{"id": "a", "data": {"words": "to the moon"}}]))
    assert invoke(tmp_path / "a.jsonl", tmp_path / "out", "--text-column", "data.words").exit_code == 0
    [row] = read(tmp_path / "out")
    assert row["text"] == "to the moon"


def test_only_the_columns_that_were_asked_for_are_kept(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines(crowd(3, author="x", upvotes=1, flair="y")))
    assert invoke(tmp_path / "a.jsonl", tmp_path / "out", "--columns", "text,author").exit_code == 0
    assert list(read(tmp_path / "out")[0]) == ["id", "text", "author", OTHER, CORRUPT]


def test_an_interrupted_conversion_goes_on_behind_its_last_whole_file(tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").write_bytes(lines(crowd(1_000, distinct=True)))
    [place], _ = find_places([str(tmp_path / "a.jsonl")])
    out = tmp_path / "out"
    out.mkdir()
    conversion = Conversion(out, rows=300)
    killed = []

    def stop(rows):
        if rows == 600:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conversion.run(place, stop)
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    assert sorted(before) == ["a-00000.parquet", "a-00001.parquet"]
    assert conversion.run(place, killed.append) == 1_000
    assert killed == [900, 1_000]
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    assert [row["id"] for row in read(out)] == [comment["id"] for comment in crowd(1_000)]
    assert conversion.run(place) == 1_000


def test_another_source_of_the_same_name_is_refused(tmp_path):
    for folder, count in (("a", 3), ("b", 4)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "c.jsonl").write_bytes(lines(crowd(count)))
    assert invoke(tmp_path / "a" / "c.jsonl", tmp_path / "out").exit_code == 0
    done = invoke(tmp_path / "b" / "c.jsonl", tmp_path / "out")
    assert (done.exit_code, "another c" in done.output) == (1, True)
    [place], _ = find_places([str(tmp_path / "b" / "c.jsonl")])
    with pytest.raises(OutputError):
        Conversion(tmp_path / "out").run(place)


def test_no_text_stops_before_anything_is_written(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines([{"id": "a", "words": "x"}]))
    done = invoke(tmp_path / "a.jsonl", tmp_path / "out")
    assert (done.exit_code, "words" in done.output) == (1, True), done.output
    assert not list((tmp_path / "out").glob("**/*.parquet"))


def test_memory_does_not_grow_with_the_source(tmp_path):
    program = """
import resource, sys
from pathlib import Path
from crypto_sentiment.files.convert import Conversion
from crypto_sentiment.files.places import find_places
[place], _ = find_places([sys.argv[1]])
Conversion(Path(sys.argv[2]), rows=30_000).run(place)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    peaks = []
    for count in (30_000, 120_000):
        source, out = tmp_path / f"{count}.jsonl", tmp_path / str(count)
        source.write_bytes(lines(crowd(count, distinct=True)))
        out.mkdir()
        command = [sys.executable, "-c", program, str(source), str(out)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=280)
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] * 1.15
