"""The mood in the page: the numbers of the command, gaps, intervals, keyboard, pictures; and nothing axe objects to."""

import csv
import io
import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from crypto_sentiment.mood.engine import read_rollup
from lambda_fn.bulk.results import encode_lines
from lambda_fn.mood.store import hour_key
from scripts.vendor import INSTALLED
from tests.comments import NEGATIVE, NEUTRAL, POSITIVE
from tests.conftest import served
from tests.crypto_sentiment.mood.lines import line
from tests.lambda_fn.http.conftest import MAY

pytestmark = pytest.mark.browser
AXE = INSTALLED / "axe-core" / "axe.min.js"
MAY_12 = 1_652_313_600


def answered(page):
    page.locator("#mood-body[aria-busy=false]").wait_for()


def shown(page):
    page.locator("#mood-body .uplot").wait_for()
    answered(page)


def pick(page, *coins, since, until):
    """Only these coins, from one day to the end of another, by day."""
    for coin in coins:
        if not page.locator(f'[data-choice="coins:{coin}"]').count():
            page.locator("#coin-name").fill(coin)
            page.locator("#coin-name").press("Enter")
            page.locator(f'[data-choice="coins:{coin}"]').wait_for()
        page.locator(f'[data-choice="coins:{coin}"]').check()
        answered(page)
    wanted = {f"coins:{coin}" for coin in coins}
    while others := {box.get_attribute("data-choice") for box in page.locator("#coins input:checked").all()} - wanted:
        page.locator(f'[data-choice="{others.pop()}"]').uncheck()
        answered(page)
    page.locator("#from").fill(since)
    answered(page)
    page.locator("#to").fill(until)
    answered(page)
    page.locator("#width").select_option("day")
    answered(page)


def numbers(page):
    with page.expect_download() as download:
        page.locator("#save-numbers").click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"), newline="")))


def said_by_the_command(tmp_path, source, *options):
    output = tmp_path / "numbers.json"
    command = [sys.executable, "-m", "crypto_sentiment", "mood", str(source), *options, "--output", str(output)]
    subprocess.run(command, check=True, capture_output=True)
    return json.loads(output.read_text())


def same(found, expected):
    """Rows of the page's CSV and of the command, by coin and time."""
    assert len(found) == len(expected) > 0
    rows = {(row["coin"], row["time"]): row for row in found}
    for row in expected:
        mine = rows[row["coin"], row["time"]]
        for name in set(row) - {"coin", "time", "worth"}:
            if name in mine:
                assert (float(mine[name]) if mine[name] else None) == row[name], (row["coin"], row["time"], name)
        assert {"comments", "negative", "net_low", "positive_high"} <= set(mine)


def test_the_page_opens_on_the_mood_and_says_the_commands_numbers(mood_server, open_page, tmp_path):
    page = open_page(mood_server)
    shown(page)
    assert page.locator("#mood-note").text_content() == ""
    pick(page, "LUNA", "BTC", since="2022-05-08", until="2022-05-15")
    options = ["--coin", "LUNA", "--coin", "BTC", "--by", "coin,day", "--from", "2022-05-08", "--to", "2022-05-16"]
    same(numbers(page), said_by_the_command(tmp_path, MAY, *options))
    page.locator("#moment").press("End")
    rows = page.locator("#readout-body tr").all_text_contents()
    assert len(rows) == 2
    assert page.locator("#readout-time").text_content() == "2022-05-15 UTC"


def test_hours_and_subreddits_can_be_picked(mood_server, open_page, tmp_path):
    page = open_page(mood_server)
    shown(page)
    pick(page, "BTC", since="2022-05-10", until="2022-05-12")
    page.locator("#subreddit-summary").click()
    page.locator('[data-choice="subreddits:bitcoin"]').check()
    answered(page)
    page.locator("#width").select_option("hour")
    answered(page)
    options = ["--coin", "BTC", "--subreddit", "bitcoin", "--by", "coin,hour"]
    span = ["--from", "2022-05-10", "--to", "2022-05-13"]
    same(numbers(page), said_by_the_command(tmp_path, MAY, *options, *span))
    assert "r/bitcoin" in page.locator("#subreddit-summary").text_content()


def test_where_there_is_no_number_there_is_a_gap(mood_server, open_page):
    page = open_page(mood_server)
    shown(page)
    pick(page, "LUNA", since="2022-05-05", until="2022-05-15")
    by_day = {row["time"][:10]: row["net"] for row in numbers(page)}
    assert by_day["2022-05-09"] == ""
    page.locator("#moment").press("Home")
    texts = []
    for _ in range(11):
        texts.append(page.locator("#readout-body").text_content())
        page.locator("#moment").press("ArrowRight")
    assert [text.endswith("–" * 4) for text in texts[:5]] == [True] * 5, texts
    assert "(" in texts[-1]
    assert "LUNA" in page.locator("#moment").get_attribute("aria-valuetext")


def test_the_pointer_reads_a_point_and_leaves_it_again(mood_server, open_page):
    page = open_page(mood_server)
    shown(page)
    chosen = page.locator("#readout-time").text_content()
    box = page.locator(".u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.locator("#readout-time").text_content() != chosen
    page.mouse.move(5, 5)
    page.wait_for_function(f"document.getElementById('readout-time').textContent === '{chosen}'")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(5, 5)
    assert page.locator("#readout-time").text_content() != chosen, "a click did not stay"


def test_the_picture_is_a_png_of_the_chart(mood_server, open_page):
    page = open_page(mood_server)
    shown(page)
    with page.expect_download() as download:
        page.locator("#save-picture").click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 20_000
    assert download.value.suggested_filename.startswith("mood-BTC")


def test_a_service_without_a_source_says_so_and_shows_the_rest(server, open_page):
    page = open_page(server)
    page.locator("#mood-note:not(:empty)").wait_for()
    assert "no source of scored comments" in page.locator("#mood-note").text_content()
    assert page.locator("#mood-body").is_hidden()
    assert page.locator("#text").is_visible()


@pytest.fixture
def file(tmp_path):
    """Two days of comments, a gap of one between them; authors and threads that repeat."""
    path = tmp_path / "comments.jsonl"
    with path.open("w") as lines:
        for i in range(240):
            text = (
                [POSITIVE[1], NEGATIVE[0], NEUTRAL[0], POSITIVE[3], NEGATIVE[4]][i % 5]
                if i % 2
                else "BTC " + NEGATIVE[i % 8]
            )
            day = 0 if i < 120 else 2
            comment = {
                "id": f"c{i}",
                "body": f"{text} ({i})",
                "created_utc": MAY_12 + day * 86_400 + i * 300,
                "subreddit": ["Bitcoin", "CryptoCurrency"][i % 2],
                "author": f"a{i % 60}",
                "link_id": f"t{i % 50}",
            }
            lines.write(json.dumps(comment) + "\n")
    return path


def test_a_files_mood_is_what_the_command_says_of_its_results(server, open_page, file, tmp_path):
    page = open_page(server)
    page.locator("#file").set_input_files(file)
    shown(page)
    assert "comments.jsonl" in page.locator("#mood-name").text_content()
    with page.expect_download() as download:
        page.locator("#download-jsonl").click()
    scored = tmp_path / "scored.jsonl"
    scored.write_bytes(download.value.path().read_bytes())
    by = {"hour": "coin,hour", "day": "coin,day"}
    for width, asked in by.items():
        page.locator("#width").select_option(width)
        answered(page)
        coins = [
            box.get_attribute("data-choice").partition(":")[2] for box in page.locator("#coins input:checked").all()
        ]
        assert "BTC" in coins
        expected = said_by_the_command(tmp_path, scored, "--by", asked, "--top", "50")
        same(numbers(page), [row for row in expected if row["coin"] in coins])
    known = {row["time"][:10] for row in numbers(page) if row["net"]}
    assert known == {"2022-05-12", "2022-05-14"}


def test_the_comments_that_moved_a_file_are_named_with_their_texts(server, open_page, file):
    page = open_page(server)
    page.locator("#file").set_input_files(file)
    shown(page)
    page.locator("#width").select_option("day")
    answered(page)
    page.locator("#moment").press("Home")
    page.locator("#moved-coin").select_option("BTC")
    page.locator("#moved-title", has_text="BTC, 2022-05-12").wait_for()
    first = page.locator("#moved-lists ol").first.locator("li").first
    number = int(first.locator("code").text_content().removeprefix("c"))
    assert number < 120
    assert f"({number})" in first.locator("q").text_content()


def test_the_ids_of_a_services_comments_are_named_and_no_text(open_page, tmp_path):
    draw, now = random.Random(1), int(time.time()) // 3600 * 3600
    lines = [{**line(draw, 0, n), "created_utc": now - 3600 * (1 + n % 9), "error": ""} for n in range(900)]
    (folder := tmp_path / "results").mkdir()
    (folder / "all.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines if one["p_negative"] is not None))
    whole = read_rollup([str(folder)])
    for hour in set(whole.hour.tolist()):
        (path := tmp_path / hour_key(hour)).parent.mkdir(parents=True)
        path.write_bytes(whole.where(whole.hour == hour).encode())
        results = folder / f"{datetime.fromtimestamp(hour, UTC):dt=%Y-%m-%d/hour=%H}" / "w.jsonl.gz"
        results.parent.mkdir(parents=True)
        results.write_bytes(encode_lines(one for one in lines if one["created_utc"] // 3600 * 3600 == hour))
    (folder / "all.jsonl").unlink()
    with served(MOOD_SOURCE=str(tmp_path)) as url:
        page = open_page(url)
        shown(page)
        page.get_by_role("button", name="24 hours").click()
        answered(page)
        page.locator("#moved-lists code").first.wait_for()
        assert page.locator("#width").input_value() == "hour"
        assert page.locator("#moved-lists q").count() == 0
        named = page.locator("#moved-lists code").all_text_contents()
        assert 0 < len(named) <= 10
        assert set(named) <= {one["id"] for one in lines}
        page.close()


def test_comments_without_a_time_have_a_mood_too(server, open_page, tmp_path):
    path = tmp_path / "untimed.csv"
    path.write_text("text\n" + "".join(f'"BTC {NEGATIVE[i % 8]} {i}"\n' for i in range(60)))
    page = open_page(server)
    page.locator("#file").set_input_files(path)
    page.locator("#untimed").wait_for()
    rows = page.locator("#untimed-body tr").all_text_contents()
    assert rows[0].startswith("All comments60−")
    assert page.locator("#mood-figure").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 360])
def test_axe_finds_no_violation(mood_server, open_page, file, scheme, width):
    page = open_page(mood_server, color_scheme=scheme, viewport={"width": width, "height": 800})
    shown(page)
    page.locator("#subreddit-summary").click()
    page.locator("#mood-figure summary").click()
    page.locator("#text").fill(f"{POSITIVE[0]}\n\n{NEGATIVE[1]}")
    page.locator("#analyze").click()
    page.locator("#results .words").nth(1).wait_for()
    page.evaluate(AXE.read_text())
    before = page.evaluate("axe.run()")
    page.locator("#file").set_input_files(file)
    page.locator("#mood-name:not(:empty)").wait_for()
    page.locator("#moved").wait_for()
    after = page.evaluate("axe.run()")
    for result in (before, after):
        problems = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in result["violations"]]
        assert problems == []
        assert len(result["passes"]) > 20
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
