"""Files of comments in the page: the rules, results and errors of `crypto-sentiment score`, in a real Chromium."""

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys

import pytest

from lambda_fn.contract import RESULT_FIELDS
from tests.comments import NEGATIVE, NEUTRAL, POSITIVE
from tests.conftest import served

pytestmark = pytest.mark.browser
OURS = [name for name in RESULT_FIELDS if name not in ("work_id", "position", "id")]
# One of each: times in other forms, names of ours, large numbers, nothing, another language, several coins.
RECORDS = [
    '{"id": 1234567890123456789, "body": "Just bought more BTC!", "score": 5, "created_utc": 1652313600}',
    '{"id": "b", "body": "I sold all my ETH, it is garbage, and bought SOL, which I love", "subreddit": "bitcoin"}',
    '{"id": "c", "body": "[deleted]", "created_utc": "1652320800", "subreddit": null}',
    '{"id": "d", "body": "Bitcoin se va a cero, vendan todo lo que tengan antes de que sea tarde", "share": 1.0}',
    '{"id": "e", "body": "", "label": "mine", "created_utc": 1652327999123, "wei": 12345678901234567890123}',
    '{"id": "f", "body": "=cmd|x, a scam", "author": "AutoModerator", "created_utc": "2022-05-12T05:00:00+02:00"}',
    '{"id": "g", "body": "=1+2 is what this scam pays, \\"quoted\\",\\nin two lines", "created_utc": 1652313600.25}',
    '{"id": "h", "body": "To the moon!", "created_utc": "2022-05-12 01:00:00 UTC", "subreddit": "Bitcoin"}',
    "{",
]


def score_with_the_command(source, output):
    command = [sys.executable, "-m", "crypto_sentiment", "score", str(source), str(output)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stderr


def drop(page, file):
    page.locator("#file").set_input_files(file)
    page.locator("#downloads").wait_for()
    page.locator("#cancel").wait_for(state="hidden")


def downloaded(page, kind):
    with page.expect_download() as download:
        page.locator(f"#download-{kind}").click()
    return download.value


@pytest.fixture
def records(tmp_path):
    file = tmp_path / "comments.jsonl"
    file.write_text("\n".join(RECORDS) + "\n")
    return file


def test_the_download_is_what_the_command_writes(server, open_page, records, tmp_path):
    score_with_the_command(records, tmp_path / "scored.jsonl")
    expected = [json.loads(line) for line in (tmp_path / "scored.jsonl").read_text().splitlines()]
    page = open_page(server)
    drop(page, records)
    lines = downloaded(page, "jsonl").path().read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert [list(line) for line in found] == [list(line) for line in expected]
    for one, other in zip(found[:-1], expected[:-1], strict=True):
        assert one == other
    assert (found[-1]["error"], expected[-1]["error"]) == ("record_not_json", "record_not_json")
    assert found[0]["comment_score"] == 5
    assert all(isinstance(line["error"], str) and isinstance(line["coins"], list) for line in found)
    assert '"1234567890123456789"' in lines[0]
    assert '"wei":12345678901234567890123,' in lines[4]
    assert '"share":1.0,' in lines[3]


def test_the_csv_is_the_commands_and_runs_nothing_in_a_spreadsheet(server, open_page, records, tmp_path):
    score_with_the_command(records, tmp_path / "scored.csv")
    page = open_page(server)
    drop(page, records)
    download = downloaded(page, "csv")
    assert download.suggested_filename == "comments-scored.csv"
    found = list(csv.DictReader(io.StringIO(download.path().read_text(encoding="utf-8-sig"), newline="")))
    with (tmp_path / "scored.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))
    assert list(found[0]) == list(expected[0])
    for one, other in zip(found[:-1], expected[:-1], strict=True):
        for name in ("score", "p_negative", "p_neutral", "p_positive"):  # 0 is written 0 or 0.0
            mine, theirs = one.pop(name), other.pop(name)
            assert (mine and float(mine)) == (theirs and float(theirs)), name
        assert {**one, "coins": json.loads(one["coins"])} == {**other, "coins": json.loads(other["coins"])}
    assert found[5]["body"].startswith("'=cmd")
    assert found[6]["body"] == '\'=1+2 is what this scam pays, "quoted",\nin two lines'


def test_counts_are_of_three_moods_and_redrawn_for_two(server, open_page, tmp_path):
    file = tmp_path / "comments.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in (*POSITIVE, *NEGATIVE, *NEUTRAL, "")))
    page = open_page(server)
    drop(page, file)

    def totals():
        return dict(zip(*(page.locator(f"#totals {part}").all_text_contents() for part in ("dt", "dd")), strict=True))

    three = totals()
    assert int(three["neutral"]) >= 3
    assert three["not scored"] == "1"
    assert page.locator("#errors").text_content() == "Not scored: 1 empty."
    page.locator("#classes").uncheck()
    assert "neutral" not in totals()
    assert int(totals()["positive"]) + int(totals()["negative"]) == 20


def test_subreddits_have_no_case_and_null_is_none(server, open_page, records):
    page = open_page(server)
    drop(page, records)
    page.locator("#mood-body").wait_for()
    page.locator("#subreddit-summary").click()
    assert [text.rstrip("0123456789") for text in page.locator("#subreddits .chip").all_text_contents()] == [
        "r/bitcoin"
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolons.csv", 'id;Text\n1;to the moon; they said\n2;"a; scam"\n'.encode("cp1252")),
        ("sep.csv", b"sep=;\nid;body\n1;to the moon\n"),
        ("utf16.csv", "id,body\n1,na\u00efve, but to the moon\n".replace("\u00efve,", "\u00efve").encode("utf-16")),
        ("cp1252.csv", "id,body\n1,\u201cto the moon\u201d \u20ac5\n".encode("cp1252")),
        ("tabs.tsv", b"id\tbody\n1\tto the moon\n"),
        ("surplus.csv", b"id,body\n1,to the moon,and more\n2,a scam,,\n"),
        ("stray.csv", b'id,body\n1,"never closes\n2,a scam\n3,to the moon\n'),
        ("headers.csv", b"id,body\n1,to the moon\nid,body\n2,a scam\n"),
        ("array.json", b'[{"id": 1, "body": "to the moon"}, {"id": 2.5, "body": "scam"}]'),
        ("gzip_called.jsonl", gzip.compress(b'{"id": "1", "body": "to the moon"}\n')),
    ],
)
def test_a_file_is_read_as_the_command_reads_it(server, open_page, tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    score_with_the_command(file, tmp_path / "scored.jsonl")
    expected = [json.loads(line) for line in (tmp_path / "scored.jsonl").read_text().splitlines()]
    page = open_page(server)
    drop(page, file)
    found = [json.loads(line) for line in downloaded(page, "jsonl").path().read_text().splitlines()]
    assert found == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"id,words\n1,moon\n", "No column of comments"),
        ("a.csv", b"", "no comment"),
        ("a.jsonl", b"\x89PNG\r\n\x1a\n\0\0\0", "This is a picture. Taken are CSV"),
        ("a.csv", b"PAR1" + bytes(50), "a Parquet file: crypto-sentiment score reads it"),
        ("RC_2022-05.zst", b"\x28\xb5\x2f\xfd" + bytes(50), "zstd"),
        ("a.csv", b"text\n" + bytes(range(256)) * 50, "it holds zero bytes"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "moon"}' * 100)[:30], "its gzip is damaged"),
    ],
)
def test_what_is_no_file_of_comments_is_said_in_a_line(server, open_page, tmp_path, name, content, message):
    file = tmp_path / name
    file.write_bytes(content)
    page = open_page(server)
    page.locator("#file").set_input_files(file)
    page.locator("#file-message:not(:empty)").wait_for()
    said = page.locator("#file-message").text_content()
    assert message in said
    assert len(said) < 300
    assert said.isprintable()


def test_a_service_that_goes_away_is_waited_for_and_what_is_scored_can_be_had(open_page, tmp_path):
    file = tmp_path / "comments.jsonl"
    count = 1500
    file.write_text("".join(json.dumps({"id": str(i), "text": f"{POSITIVE[i % 8]} {i}"}) + "\n" for i in range(count)))
    with served() as url:
        page = open_page(url)
        page.locator("#file").set_input_files(file)
        page.locator("#downloads").wait_for()
        os.kill(url.pid, signal.SIGKILL)
        page.locator("#file-message:not(:empty)").wait_for()
        assert "goes on when it answers again" in page.locator("#file-message").text_content()
        part = downloaded(page, "jsonl").path().read_text().splitlines()
        assert 0 < len(part) < count
    again = [sys.executable, "-m", "crypto_sentiment", "serve", "--port", url.rpartition(":")[2]]
    service = subprocess.Popen(again, env={**os.environ, "ORT_THREADS": "1"})
    try:
        page.locator("#cancel").wait_for(state="hidden")
        assert page.locator("#status").text_content().startswith("1,500 of 1,500")
        lines = [json.loads(line) for line in downloaded(page, "jsonl").path().read_text().splitlines()]
        assert [line["id"] for line in lines] == [str(i) for i in range(count)]
    finally:
        service.terminate()
        service.wait(timeout=30)
    assert all("Failed to load" in complaint for complaint in page.complaints)  # Chromium logs what did not answer
    page.complaints.clear()


def test_a_stopped_file_goes_on_where_it_was(server, open_page, tmp_path):
    file = tmp_path / "comments.jsonl"
    file.write_text("".join(json.dumps({"text": f"{POSITIVE[i % 8]} {i}"}) + "\n" for i in range(1500)))
    page = open_page(server)
    sent = []
    page.on("request", lambda request: sent.append(request.post_data) if request.url.endswith("/score") else None)
    page.locator("#file").set_input_files(file)
    page.locator("#downloads").wait_for()
    page.locator("#cancel").click()
    page.locator("#go-on").wait_for()
    assert "Stopped." in page.locator("#file-message").text_content()
    page.locator("#go-on").click()
    page.locator("#cancel").wait_for(state="hidden")
    assert page.locator("#status").text_content().startswith("1,500 of 1,500")
    assert sum(len(json.loads(body)) for body in sent) <= 1700, "what was scored was scored again"
