"""One rollup that is at hand, behind GET /mood and sent to POST /mood: what `crypto-sentiment mood` says of it."""

import gzip
import json

import pytest
from starlette.testclient import TestClient

from crypto_sentiment.mood.answer import Asked, answer, parse_time, rows
from lambda_fn.http.app import create_app
from lambda_fn.settings import Settings
from tests.conftest import REPOSITORY

MAY = REPOSITORY / "docs" / "mood" / "may-2022.rollup.jsonl.gz"
NDJSON = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}


@pytest.fixture(scope="module")
def client() -> TestClient:
    # Its 20,680 lines take 6 MB unpacked.
    app = create_app(Settings(mood_source=str(MAY), max_body_bytes=6_291_556), None)
    return TestClient(app, raise_server_exceptions=False)


def said_by_the_command(by: str, since: str, until: str, **more) -> list[dict]:
    asked = Asked.of(by, since=parse_time(since, "from"), until=parse_time(until, "to"), **more)
    return rows(answer([str(MAY)], asked))


def flat(group: dict) -> dict:
    """A group of GET /mood as a row of the command's."""
    row = {name: group[name] for name in ("coin", "subreddit", "time") if name in group}
    for name in ("negative", "neutral", "positive", "net"):
        quantity = group[name]
        row |= {name: quantity["value"], f"{name}_low": quantity["low"], f"{name}_high": quantity["high"]}
    return row | {"comments": group["comments"]}


@pytest.mark.parametrize(
    ("by", "since", "until", "more"),
    [
        ("coin,day", "2022-05-10", "2022-05-14", {"coins": ("LUNA", "BTC")}),
        ("coin,hour", "2022-05-10T12:00", "2022-05-11T12:00", {"coins": ("LUNA", "BTC")}),
        ("coin,week", "2022-05-02", "2022-05-30", {"coins": ("LUNA", "ETH")}),
        ("coin,day", "2022-05-10", "2022-05-14", {"coins": ("BTC",), "subreddits": ("bitcoin", "cryptocurrency")}),
        ("coin", "2022-05-10", "2022-05-14", {"coins": ("LUNA", "BTC")}),
    ],
)
@pytest.mark.parametrize("how", ["GET", "POST"])
def test_the_numbers_are_those_of_the_command(client, by, since, until, more, how):
    params = {"by": by, "from": since, "to": until}
    params |= {"coin": ",".join(more["coins"]), "subreddit": ",".join(more.get("subreddits", ()))}
    sent = {} if how == "GET" else {"content": MAY.read_bytes(), "headers": NDJSON}
    found = client.request(how, "/mood", params=params, **sent)
    assert found.status_code == 200, found.text
    expected = said_by_the_command(by, since, until, **more)
    assert expected
    assert [flat(group) for group in found.json()["groups"]] == [
        {name: row[name] for name in flat(found.json()["groups"][0])} for row in expected
    ]


def test_the_last_day_is_the_last_that_the_file_has(client):
    found = client.get("/mood").json()
    assert (found["from"], found["to"]) == ("2022-05-30T13:00:00Z", "2022-05-31T13:00:00Z")
    assert found["groups"]


def test_a_file_of_something_else_stops_the_start(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("no rollup")
    with pytest.raises(ValueError, match=r"MOOD_SOURCE=.*notes.txt is no rollup"):
        create_app(Settings(mood_source=str(file)), None)


LINE = {
    "hour": 1_652_313_600,
    "coin": "",
    "subreddit": "",
    "model": "672743016c1f",
    "cells": [9],
    "comments": [50],
    "thread_pairs": 0,
    "author_pairs": 0,
    "left_out": {},
}


def test_comments_without_a_time_have_a_mood_but_no_hour(client):
    body = json.dumps({**LINE, "hour": -1}) + "\n"
    headers = {"content-type": "application/x-ndjson"}
    found = client.post("/mood", content=body, headers=headers, params={"by": "coin"})
    assert found.json()["groups"][0]["comments"] == 50
    assert found.json()["from"] is None
    refused = client.post("/mood", content=body, headers=headers, params={"by": "hour"})
    assert refused.status_code == 422
    assert "no comment carries a time" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"cells": [10_000]}, "invalid_request"),
        ({"comments": [-1]}, "invalid_request"),
        ({"comments": [10**30]}, "invalid_request"),
        ({"comments": [1, 2]}, "invalid_request"),
        ({"hour": 10**15}, "invalid_request"),
        ({"hour": "noon"}, "invalid_request"),
        ({"left_out": {"bots": -3}}, "invalid_request"),
        ({"model": "nobody's"}, "unknown_revision"),
    ],
)
def test_what_is_no_rollup_is_the_callers_fault(client, change, code):
    found = client.post(
        "/mood", content=json.dumps({**LINE, **change}), headers={"content-type": "application/x-ndjson"}
    )
    assert (found.status_code, found.json()["error"]["code"]) == (422, code)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"not json", gzip.compress(b"x", mtime=0), b"[" * 100_000])
def test_what_is_no_rollup_at_all_is_refused_or_nothing(client, body):
    found = client.post("/mood", content=body, headers={"content-type": "application/x-ndjson"})
    assert found.status_code in (400, 422) or found.json()["groups"] == []
