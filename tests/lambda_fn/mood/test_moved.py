"""GET /mood/comments: the ids of the comments whose mood about a coin is the strongest, from a folder and from S3."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lambda_fn.bulk.results import encode_lines
from lambda_fn.http.app import create_app
from lambda_fn.mood import moved
from lambda_fn.settings import Settings
from tests.aws import CREDENTIALS, RESULTS_BUCKET, LocalAws
from tests.crypto_sentiment.mood.lines import MAY_12

HOUR = 3600
DAY_ASKED = {"coin": "LUNA", "from": "2022-05-12", "to": "2022-05-13"}


def line(number: int, created, negative: float, **more) -> dict:
    luna = {"coin": "LUNA", "mood": "negative", "p_negative": negative, "p_neutral": 0.0, "p_positive": 1 - negative}
    return {
        "work_id": "w",
        "position": number,
        "id": f"c{number}",
        "created_utc": created,
        "subreddit": "CryptoCurrency",
        "p_negative": 0.2,
        "p_neutral": 0.5,
        "p_positive": 0.3,
        "coins": [luna],
        "language": "en",
        "error": "",
        **more,
    }


OBJECTS = {
    "results/dt=2022-05-12/hour=08/one.jsonl.gz": [
        *(line(n, MAY_12 + 8 * HOUR + n, 0.5 + n / 100) for n in range(1, 30)),
        line(30, "2022-05-12T08:30:00Z", 0.01, subreddit="Bitcoin"),
        line(31, "2022-05-11T23:00:00Z", 1.0),  # of the day before, submitted late
        line(32, MAY_12, 1.0, error="text_bot"),
        line(33, MAY_12, 1.0, language="other"),
        line(34, MAY_12, 1.0, coins=[]),
    ],
    # Delivered twice; and submitted in the hour after the day.
    "results/dt=2022-05-12/hour=09/again.jsonl.gz": [line(29, MAY_12 + 8 * HOUR + 29, 0.79)],
    "results/dt=2022-05-13/hour=00/late.jsonl.gz": [line(40, "2022-05-12T23:59:59Z", 0.99)],
}


@pytest.fixture(params=["folder", "s3"])
def client(request, tmp_path, monkeypatch) -> TestClient:
    if request.param == "folder":
        for key, lines in OBJECTS.items():
            path = tmp_path / key
            path.parent.mkdir(parents=True)
            path.write_bytes(encode_lines(lines))
        yield TestClient(create_app(Settings(mood_source=str(tmp_path)), None))
        return
    with LocalAws() as aws:
        for key, lines in OBJECTS.items():
            aws.s3.put_object(Bucket=RESULTS_BUCKET, Key=key, Body=encode_lines(lines))
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.endpoint}.items():
            monkeypatch.setenv(name, value)
        yield TestClient(create_app(Settings(mood_source=f"s3://{RESULTS_BUCKET}"), None))


def test_the_strongest_of_each_side_are_named(client):
    found = client.get("/mood/comments", params=DAY_ASKED).json()
    assert found["comments"] == 31  # each once, of that day, with a mood, about that coin
    assert not found["partial"]
    assert [one["id"] for one in found["negative"]] == ["c40", "c29", "c28", "c27", "c26"]
    assert found["negative"][0]["net"] == -0.98
    assert [one["id"] for one in found["positive"]] == ["c30"]


def test_subreddits_and_all_coins_can_be_asked_for(client):
    places = client.get("/mood/comments", params={**DAY_ASKED, "subreddit": "r/bitcoin"}).json()
    assert [one["id"] for one in places["positive"]] == ["c30"]
    assert places["negative"] == []
    every = client.get("/mood/comments", params={**DAY_ASKED, "coin": ""}).json()
    assert every["comments"] == 32
    assert every["positive"][0]["net"] == 0.1


@pytest.mark.parametrize(
    "change", [{"from": "2022-05-14"}, {"from": "2021-05-12"}, {"from": "noon"}, {"to": ""}, {"from": "1960-01-01"}]
)
def test_a_time_that_cannot_be_asked_for_is_refused(client, change):
    assert client.get("/mood/comments", params={**DAY_ASKED, **change}).status_code == 422


def test_of_many_objects_a_part_is_looked_at_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(moved, "MOST_OBJECTS", 4)
    folder: Path = tmp_path / "results/dt=2022-05-12/hour=08"
    folder.mkdir(parents=True)
    for number in range(16):
        (folder / f"{number:02}.jsonl.gz").write_bytes(encode_lines([line(number, MAY_12 + 8 * HOUR, 0.9)]))
    client = TestClient(create_app(Settings(mood_source=str(tmp_path)), None))
    found = client.get("/mood/comments", params=DAY_ASKED).json()
    assert (found["comments"], found["partial"]) == (4, True)


def test_an_object_that_is_cut_off_costs_only_itself(tmp_path):
    folder: Path = tmp_path / "results/dt=2022-05-12/hour=08"
    folder.mkdir(parents=True)
    body = encode_lines([line(1, MAY_12 + 8 * HOUR, 0.9)])
    (folder / "a.jsonl.gz").write_bytes(body[: len(body) // 2])
    (folder / "b.jsonl.gz").write_bytes(body)
    client = TestClient(create_app(Settings(mood_source=str(tmp_path)), None))
    assert client.get("/mood/comments", params=DAY_ASKED).json()["comments"] == 1


def test_results_by_the_comments_hour_are_read_rather_than_those_by_submission(tmp_path):
    for prefix, number in (("results", 1), ("results-by-hour", 2)):
        path = tmp_path / prefix / "dt=2022-05-12/hour=08/w.jsonl.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(encode_lines([line(number, MAY_12 + 8 * HOUR, 0.9)]))
    client = TestClient(create_app(Settings(mood_source=str(tmp_path)), None))
    found = client.get("/mood/comments", params=DAY_ASKED).json()
    assert [one["id"] for one in found["negative"]] == ["c2"]


class Denies(BaseHTTPRequestHandler):
    """What S3 answers to a role that may not list."""

    def do_GET(self):
        body = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_service_that_may_not_look_at_results_says_so(monkeypatch):
    with HTTPServer(("127.0.0.1", 0), Denies) as s3:
        threading.Thread(target=s3.serve_forever, daemon=True).start()
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3.server_port}"}.items():
            monkeypatch.setenv(name, value)
        client = TestClient(create_app(Settings(mood_source=f"s3://{RESULTS_BUCKET}"), None))
        answer = client.get("/mood/comments", params=DAY_ASKED)
        s3.shutdown()
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_results")


def test_rollups_alone_have_no_comments():
    file = Path(__file__).parents[3] / "docs" / "mood" / "may-2022.rollup.jsonl.gz"
    client = TestClient(create_app(Settings(mood_source=str(file)), None))
    answer = client.get("/mood/comments", params=DAY_ASKED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_results")
