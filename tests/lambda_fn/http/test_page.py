"""The page at `/`, in a real Chromium."""

import csv
import io
import json
import os
import re
import shutil
from pathlib import Path

import httpx
import pytest

from lambda_fn.http.page import FOLDER, PATHS
from tests.comments import NEGATIVE, NEUTRAL, POSITIVE
from tests.conftest import API_KEY

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
HOSTILE = 'A scam <img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'


def test_the_page_has_a_strict_policy(server):
    for path in PATHS:
        response = httpx.get(f"{server}{path}")
        assert response.status_code == 200
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
    assert httpx.head(f"{server}/").status_code == 200


def test_nothing_comes_from_elsewhere():
    for file in filter(Path.is_file, FOLDER.iterdir()):
        text = re.sub(r'"?http://www\.w3\.org/2000/svg|\'http://www\.w3\.org/2000/svg\'', "", file.read_text())
        assert not re.search(r"(src|href|url|import|fetch)\W{1,3}https?:|//cdn", text), file.name
        assert "innerHTML" not in text


@pytest.fixture(scope="module")
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


@pytest.mark.browser
def test_typed_comments_are_scored_and_explained(server, open_page):
    page = open_page(server)
    page.locator("#text").fill(f"{POSITIVE[0]}\n\n{NEGATIVE[1]}\n\n{HOSTILE}")
    page.locator("#text").press("Control+Enter")
    page.locator("#results .words").nth(2).wait_for()
    labels = page.locator("#results .verdict b").all_text_contents()
    assert labels == ["positive", "negative", "negative"]
    assert page.locator("#results .words").all_text_contents() == [POSITIVE[0], NEGATIVE[1], HOSTILE]
    assert page.locator("#results .words span[title]").count() > 3
    assert page.title() == "Crypto sentiment"  # the hostile comment stayed text
    assert page.locator("#results img, #results script").count() == 0


@pytest.mark.browser
def test_a_file_is_scored_charted_and_downloaded(server, open_page, tmp_path):
    rows = [
        {
            "id": str(i),
            "text": text,
            "created_utc": 1651363200 + i * 40_000,
            "subreddit": ["Bitcoin", "ethereum"][i % 2],
        }
        for i, text in enumerate([*POSITIVE, *NEGATIVE, *NEUTRAL, "", '=HYPERLINK("http://x") "quoted",\nin two lines'])
    ]
    file = tmp_path / "comments.csv"
    with file.open("w", newline="") as output:
        writer = csv.DictWriter(output, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    page = open_page(server)
    page.locator("#classes").check()
    page.locator("#file").set_input_files(file)
    page.locator("#downloads").wait_for()
    assert page.locator("#status").text_content().startswith("22 of 22 comments")
    totals = page.locator("#totals div").all_text_contents()
    assert totals[-1] == "not scored1"
    assert page.locator("#time-chart svg .share").count() == 1
    assert page.locator("#subreddit-chart svg text").first.text_content() in ("Bitcoin", "ethereum")
    with page.expect_download() as download:
        page.locator("#download-csv").click()
    assert download.value.suggested_filename == "comments-sentiment.csv"
    scored = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"), newline="")))
    assert [row["id"] for row in scored] == [row["id"] for row in rows]
    assert scored[0]["sentiment"] == "positive"
    assert scored[20]["sentiment_error"]
    assert scored[21]["text"].startswith("'=HYPERLINK"), "a formula must not run in a spreadsheet"
    with page.expect_download() as download:
        page.locator("#download-jsonl").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert lines[21]["text"] == rows[21]["text"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "moon"}\nnot json\n', "Line 2 is not JSON"),
        ("a.csv", "id,words\n1,moon\n", "No column of comments"),
        ("a.csv", 'text\n"never ends\n', "never ends"),
        ("a.jsonl.gz", "not gzip", "not valid gzip"),
        ("a.csv", "", "no comment"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_plainly(server, open_page, tmp_path, name, content, message):
    file = tmp_path / name
    file.write_text(content)
    page = open_page(server)
    page.locator("#file").set_input_files(file)
    page.locator("#file-message:not(:empty)").wait_for()
    assert message in page.locator("#file-message").text_content()


@pytest.mark.browser
def test_the_key_is_asked_for_when_the_service_wants_one(keyed_server, open_page):
    page = open_page(keyed_server)
    page.locator("#key").wait_for()
    page.locator("#text").fill(POSITIVE[0])
    page.locator("#analyze").click()
    page.locator("#results .message").wait_for()
    assert "x-api-key" in page.locator("#results .message").text_content()
    page.locator("#key").fill(API_KEY)
    page.locator("#analyze").click()
    page.locator("#results .words").wait_for()
    assert all("401" in complaint for complaint in page.complaints)  # Chromium logs the refused request
    page.complaints.clear()


@pytest.mark.browser
def test_keyboard_phone_and_dark(server, open_page):
    page = open_page(server, viewport={"width": 360, "height": 740}, color_scheme="dark", has_touch=True)
    page.keyboard.press("Tab")
    assert page.locator(":focus").text_content() == "Skip to the comment box"
    page.keyboard.press("Enter")
    page.keyboard.type(POSITIVE[0])
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("id") == "analyze"
    page.keyboard.press("Enter")
    page.locator("#results .words").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "it scrolls sideways"
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.locator("#theme").click()
    assert page.evaluate(background) != dark
