"""The page at `/`, in a real Chromium: its policy, typed comments, the key, keyboard, phone and colours."""

import re
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from lambda_fn.http.page import FOLDER, PATHS, SCRIPTS
from tests.comments import NEGATIVE, NEUTRAL, POSITIVE
from tests.conftest import API_KEY

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


def test_every_script_that_another_asks_for_is_served():
    for name in SCRIPTS:
        asked = set(re.findall(r'from "\./([^"]+)"', (FOLDER / name).read_text()))
        assert {f"/{other}" for other in asked} <= PATHS, name


@pytest.mark.browser
def test_typed_comments_are_scored_and_explained(server, open_page):
    page = open_page(server)
    page.locator("#text").fill(f"{POSITIVE[0]}\n\n{NEGATIVE[1]}\n\n{HOSTILE}\n\n{NEUTRAL[0]}")
    page.locator("#text").press("Control+Enter")
    page.locator("#results .words").nth(3).wait_for()
    page.locator("#analyze:enabled").wait_for()
    assert page.locator("#results .verdict b").all_text_contents() == ["positive", "negative", "negative", "neutral"]
    assert page.locator("#results .words").all_text_contents() == [POSITIVE[0], NEGATIVE[1], HOSTILE, NEUTRAL[0]]
    assert page.locator("#results .words span[title]").count() > 3
    assert page.title() == "Crypto sentiment"  # the hostile comment stayed text
    assert page.locator("#results img, #results script").count() == 0


@pytest.mark.browser
def test_the_number_beside_the_bar_is_the_bars_and_follows_the_switch(server, open_page):
    page = open_page(server)
    asked = []
    page.locator("#text").fill(NEUTRAL[0])
    page.locator("#analyze").click()
    page.locator("#results .words").wait_for()
    page.locator("#analyze:enabled").wait_for()
    neutral = page.locator("#results .verdict").text_content()
    assert neutral.removeprefix("neutral") in page.locator("#results .numbers .neutral").text_content()
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#classes").uncheck()
    forced = page.locator("#results .verdict b").text_content()
    assert forced in ("positive", "negative")
    page.locator("#classes").check()
    assert page.locator("#results .verdict").text_content() == neutral
    assert asked == [], "what is at hand was asked for again"


@pytest.mark.browser
def test_thirty_pasted_lines_are_offered_as_thirty_comments(server, open_page):
    page = open_page(server)
    page.locator("#text").fill("\n".join(POSITIVE[i % 8] if i % 3 else NEGATIVE[i % 8] for i in range(30)))
    assert page.locator("#lines-count").text_content() == "Each line is a comment (30)"
    assert page.locator("#lines").is_checked()
    page.locator("#analyze").click()
    page.locator("#results .verdict b").nth(29).wait_for()
    assert page.locator("#results > li").count() == 30
    page.locator("#lines").uncheck()
    page.locator("#analyze").click()
    page.locator("#analyze:enabled").wait_for()
    assert page.locator("#results > li").count() == 1
    page.locator("#text").fill(f"{POSITIVE[0]}\n\n{NEGATIVE[0]}")
    assert page.locator("#lines-offer").is_hidden()


@pytest.mark.browser
@pytest.mark.parametrize("carried", ["?text=", "#text="])
def test_a_link_carries_a_text(server, open_page, carried):
    page = open_page(f"{server}/{carried}{quote(POSITIVE[4])}")
    page.locator("#results .words").wait_for()
    assert page.locator("#text").input_value() == POSITIVE[4]
    assert page.locator("#results .words").text_content() == POSITIVE[4]


@pytest.mark.browser
def test_a_link_is_made_that_no_server_sees_and_a_reload_keeps_the_text(server, open_page):
    page = open_page(server)
    page.locator("#text").fill(POSITIVE[4])
    page.reload()
    assert page.locator("#text").input_value() == POSITIVE[4]
    page.locator("#copy-link").click()
    page.locator("#link-note:not(:empty)").wait_for()
    address, _, fragment = page.url.partition("#")
    assert address == f"{server}/"
    assert fragment.startswith("text=")
    other = open_page(page.url)
    other.locator("#results .words").wait_for()
    assert other.locator("#text").input_value() == POSITIVE[4]


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
    page.locator("#results .verdict").wait_for()
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
