"""docs/RELIABILITY.md names a test for each promise: all of them are there, and its report is of a run that held."""

import re

from tests.conftest import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "RELIABILITY.md").read_text()


def test_every_test_that_the_document_names_exists():
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT))
    there = {
        name
        for file in (REPOSITORY / "tests").rglob("*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert len(named) > 30
    assert named - there == set()


def test_the_report_of_the_bulk_run_is_of_one_that_held_and_stands_in_the_document():
    report = (REPOSITORY / "docs" / "reliability" / "bulk.txt").read_text()
    command, *lines = report.splitlines()
    assert command.startswith("$ python -m scripts.reliability.bulk ")
    rows = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in lines)
    assert (rows["missing"], rows["doubled"], rows["of unknown id"]) == ("0", "0", "0")
    assert rows["comments in"] == rows["result lines out"].split(", and")[0]
    dead, deserved, wrongly = map(int, re.findall(r"\d+", rows["dead letters"]))
    assert (dead, wrongly) == (deserved, 0)
    assert report.strip() in DOCUMENT
