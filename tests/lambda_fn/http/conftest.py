"""A real Chromium, and the service that has a mood to show."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import REPOSITORY, Served, served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
MAY = REPOSITORY / "docs" / "mood" / "may-2022.rollup.jsonl.gz"


@pytest.fixture(scope="session")
def mood_server() -> Iterator[Served]:
    """Knows the mood of May 2022."""
    with served(MOOD_SOURCE=str(MAY)) as url:
        yield url


@pytest.fixture(scope="module")  # Playwright's event loop must not run into the tests of another file
def browser(tmp_path_factory):
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        home = {"HOME": str(tmp_path_factory.mktemp("home"))}  # Chromium keeps crash reports and settings there
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env={**os.environ, **home})
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """A function that opens a URL in a fresh context; at the end no page may have complained."""
    contexts, complaints = [], []

    def open_url(url: str, **context):
        contexts.append(browser.new_context(**context))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.complaints = complaints
        page.goto(url)
        return page

    yield open_url
    for context in contexts:
        context.close()
    assert complaints == []
