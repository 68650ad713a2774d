"""A file's comments over time as a picture. What `score` reads and writes is in tests/crypto_sentiment/files."""

import json
import subprocess
import sys

import pytest

from tests.comments import crowd
from tests.conftest import REPOSITORY


def score(*arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "crypto_sentiment", "score", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=250)


@pytest.fixture
def source(tmp_path):
    """A day of comments, one every ten minutes."""
    path = tmp_path / "comments.jsonl"
    times = [{**comment, "created_utc": 1_767_000_000 + 600 * n} for n, comment in enumerate(crowd(144))]
    path.write_text("".join(json.dumps(comment) + "\n" for comment in times))
    return path


def test_a_chart_is_drawn_beside_the_results(tmp_path, source):
    chart = tmp_path / "mood.png"
    done = score(source, tmp_path / "scored.csv", "--chart", chart)
    assert done.returncode == 0, done.stderr
    assert chart.read_bytes().startswith(b"\x89PNG")
    assert chart.stat().st_size > 10_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["comments.jsonl", "mood.png", "scored.csv"]


def test_a_chart_that_nobody_draws_is_refused_before_anything_is_scored(tmp_path, source):
    done = score(source, tmp_path / "scored.csv", "--chart", tmp_path / "mood.badext")
    assert done.returncode == 2, done.stderr
    assert ".badext" in done.stderr
    assert not (tmp_path / "scored.csv").exists()
