"""The Python client and its command line: against the real service, and against one that fails when told to."""

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from crypto_sentiment.client import SentimentClient, ServiceError
from crypto_sentiment.client.__main__ import app
from crypto_sentiment.client.calls import MAX_BATCH_BYTES, batches
from tests.comments import NEGATIVE, POSITIVE
from tests.conftest import API_KEY, REPOSITORY


@pytest.fixture
def flaky():
    """A server that gives the next of `answers` each time: (status, headers, body)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            server.requests.append((self.path, json.loads(body)))
            status, headers, answer = server.answers.pop(0)
            content = json.dumps(answer).encode() if answer is not None else b"<html>"
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.answers, server.requests = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/prod"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


GOOD = (200, {}, {"sentiment": {"label": "positive", "score": 0.99}})
BUSY = (503, {}, {"message": "Service Unavailable"})


def test_one_comment(server):
    with SentimentClient(server) as client:
        scored = client.analyze("Crypto to the moon!")
    assert scored.label == "positive"
    assert 0.5 <= scored.score <= 1


def test_many_comments_come_back_in_order_whatever_is_wrong_with_some(server):
    texts = [*POSITIVE, "", None, *NEGATIVE] * 3
    with SentimentClient(server, batch_size=5, concurrency=3, detail=True) as client:
        scored = list(client.score(iter(texts)))
    assert len(scored) == len(texts)
    for text, result in zip(texts, scored, strict=True):
        assert bool(result.error) == (not text)
        assert result.error or result.tokens > 2
    assert (scored[8].error, scored[9].error) == ("text_empty", "text_not_string")


def test_lines_are_as_files_have_them(server):
    with SentimentClient(server, batch_size=2) as client:
        found = list(client.lines(["BTC is a scam, ETH is great", {"text": "[deleted]"}, "to the moon"]))
    assert [line["error"] for line in found] == ["", "text_deleted", ""]
    assert {coin["coin"]: coin["mood"] for coin in found[0]["coins"]} == {"BTC": "negative", "ETH": "positive"}


def test_lines_in_smaller_batches_where_the_service_wants_them(tight_server):
    with SentimentClient(tight_server, batch_size=10) as client:
        assert len(list(client.lines(["moon", "scam", "hodl"]))) == 3


def test_the_words_of_an_explanation(server):
    with SentimentClient(server, classes=3) as client:
        scored, words = client.explain("total scam")
    assert scored.label == "negative"
    assert [word["text"] for word in words] == ["total", "scam"]


def test_the_key_is_sent(keyed_server):
    with SentimentClient(keyed_server, api_key=API_KEY) as client:
        assert client.analyze("to the moon").label == "positive"
    with SentimentClient(keyed_server) as client, pytest.raises(ServiceError, match="x-api-key") as error:
        client.analyze("to the moon")
    assert (error.value.status, error.value.code) == (401, "missing_api_key")


def test_smaller_batches_where_the_service_wants_them(tight_server):
    with SentimentClient(tight_server, batch_size=10) as client:
        scored = list(client.score(["moon", "scam", "a" * 11, "hodl", "b" * 300]))
    assert [result.error for result in scored] == [None, None, "text_too_long", None, "body_too_large"]


def test_a_busy_service_is_asked_again(flaky):
    flaky.answers = [BUSY, (429, {"retry-after": "0"}, {}), GOOD]
    with SentimentClient(flaky.url, backoff_s=0.01) as client:
        assert client.analyze("moon").label == "positive"
    assert len(flaky.requests) == 3
    assert flaky.requests[0][0].startswith("/prod/analyze?")


def test_retries_end(flaky):
    flaky.answers = [BUSY] * 3
    with SentimentClient(flaky.url, retries=2, backoff_s=0.01) as client, pytest.raises(ServiceError, match="503"):
        client.analyze("moon")
    assert len(flaky.requests) == 3


def test_a_refusal_is_final(flaky):
    flaky.answers = [(422, {}, {"error": {"code": "text_empty", "message": "empty"}}), GOOD]
    with SentimentClient(flaky.url) as client, pytest.raises(ServiceError) as error:
        client.analyze("")
    assert error.value.code == "text_empty"
    assert len(flaky.requests) == 1


def test_nobody_there():
    with (
        SentimentClient("http://127.0.0.1:9", retries=1, backoff_s=0.01) as client,
        pytest.raises(ServiceError, match="no answer") as error,
    ):
        client.analyze("moon")
    assert error.value.status == 0


def test_batches_are_bounded_in_count_and_bytes():
    texts = ["a"] * 250 + ["🚀" * 20_000] * 5
    parts = list(batches(texts, 100))
    assert [text for part in parts for text in part] == texts
    assert max(map(len, parts)) <= 100
    assert max(len(json.dumps(part)) for part in parts) <= MAX_BATCH_BYTES


@pytest.mark.parametrize(
    ("arguments", "status", "printed"),
    [
        (["analyze", "Crypto to the moon!"], 0, "positive 0.9"),
        (["analyze", "total scam", "--explain"], 0, "  scam"),
        (["analyze", " "], 1, "nothing in it can be read"),
        (["analyze", "moon", "--classes", "5"], 2, "classes"),
        (["analyze", "moon", "--url", "http://127.0.0.1:9/v\u00e9"], 1, "no answer"),
    ],
)
def test_one_comment_from_a_shell(server, monkeypatch, arguments, status, printed):
    monkeypatch.setenv("SENTIMENT_URL", server)
    monkeypatch.setattr("crypto_sentiment.client.calls.MAX_BACKOFF_S", 0.01)
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == status
    assert printed in done.output
    assert "Traceback" not in done.output


def test_it_runs_as_a_script_and_help_tells_the_exit_codes():
    command = [sys.executable, "-m", "crypto_sentiment.client", "analyze", "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert "Exit codes" in done.stdout


def test_the_service_is_given_the_time_that_it_asks_for(flaky):
    flaky.answers = [(503, {"retry-after": "1"}, {}), GOOD]
    started = time.monotonic()
    with SentimentClient(flaky.url, backoff_s=0.01) as client:
        client.analyze("moon")
    assert time.monotonic() - started >= 1


def test_an_answer_that_is_no_json_is_asked_for_again(flaky):
    flaky.answers = [(200, {}, None), GOOD]
    with SentimentClient(flaky.url, backoff_s=0.01) as client:
        assert client.analyze("moon").label == "positive"
