"""What we rely on in other people's libraries, pinned. A test carries

    @pytest.mark.library("botocore 1.44.5", guess="…", seen="…", so="…")

with what one would have guessed, what was seen with that version, and what of ours rests on it. When an upgrade
changes the behaviour the test fails with these sentences; findings/README.md lists them (scripts/findings.py).
"""

from importlib.metadata import version

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "library(version, guess, seen, so): what a library did when we ran it")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    mark = item.get_closest_marker("library")
    if mark and report.when == "call" and report.failed:
        seen_with = mark.args[0]
        now = ", ".join(f"{name} {version(name)}" for name in (part.split()[0] for part in seen_with.split(", ")))
        sentence = f"With {seen_with}: {mark.kwargs['seen']}. Installed now: {now}. Ours: {mark.kwargs['so']}."
        report.sections.insert(0, ("a library changed", sentence))
