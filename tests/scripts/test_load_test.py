"""Seconds of each scenario against the real API."""

import csv
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY


def load_test(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "scripts/load_test.py", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("arguments", [["--scenario", "predecessor"], ["--scenario", "peak", "--comments-per-s", "20"]])
def test_a_scenario_leaves_a_csv_and_a_picture(server, tmp_path, arguments):
    done = load_test("--url", server, "--seconds", "3", "--out", str(tmp_path), *arguments)
    assert done.returncode == 0, done.stderr
    assert "0 failed" in done.stdout
    with (tmp_path / f"{arguments[1]}.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    assert sum(int(row["requests"]) for row in rows) > 0
    assert (tmp_path / f"{arguments[1]}.png").read_bytes().startswith(b"\x89PNG")


def test_failed_requests_fail_the_run(tmp_path):
    from tests.conftest import served

    with served(API_AUTH="api-key", API_KEY="a-key-of-enough-length-1234567890") as url:
        done = load_test("--url", url, "--seconds", "2", "--out", str(tmp_path))
    assert done.returncode == 1
