"""findings/: every script has the form that the table is made of, and the table is the scripts' and tests'."""

import os
import subprocess

import pytest

from scripts import findings
from tests.conftest import REPOSITORY

SCRIPTS = sorted((REPOSITORY / "findings").glob("*.sh"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_finding_installs_pinned_packages_in_a_temporary_folder(script):
    text = script.read_text()
    assert os.access(script, os.X_OK)
    assert "\nset -euo pipefail\n" in text
    assert "work=$(mktemp -d)" in text
    installs = [line for line in text.splitlines() if "pip install" in line or "npm install" in line]
    assert installs
    for line in installs:
        packages = [word for word in line.split(" >")[0].split() if not word.startswith("-")][2:]
        assert packages, line
        assert all("==" in package or "@" in package[1:] for package in packages), line
    assert not subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True).stderr


def test_every_finding_and_every_pinned_test_is_in_the_table():
    rows = [*findings.scripts(), *findings.tests()]
    assert len(rows) >= len(SCRIPTS) + 10
    readme = (REPOSITORY / "findings" / "README.md").read_text()
    missing = [row.file for row in rows if findings.table([row]).splitlines()[-1] not in readme]
    assert missing == [], "run `make readme`"


def test_every_test_of_a_library_says_what_was_guessed_and_seen():
    for row in findings.tests():
        assert row.guess
        assert row.seen
        assert all(part.split()[1][0].isdigit() for part in row.version.split(", ")), row.version
