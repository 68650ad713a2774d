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


def run(*arguments: str, stdin: str = ""):
    return CliRunner().invoke(app, arguments, input=stdin)


def test_command_line(server, tmp_path):
    done = run("analyze", "Crypto to the moon!", "--url", server)
    assert (done.exit_code, done.stdout.split()[0]) == (0, "positive")
    comments = tmp_path / "comments.jsonl"
    comments.write_text('{"id": "a", "text": "to the moon"}\n\n{"id": "b", "text": ""}\n')
    output = tmp_path / "scored.jsonl"
    done = run("score", str(comments), "--output", str(output), "--url", server)
    assert done.exit_code == 3
    assert "1 scored, 1 could not be" in done.stderr
    first, second = map(json.loads, output.read_text().splitlines())
    assert (first["id"], first["sentiment"]["label"]) == ("a", "positive")
    assert (second["id"], second["error"]["code"]) == ("b", "text_empty")


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "message"),
    [
        (["score", "-", "--url", "http://127.0.0.1:9", "--retries", "0"], '{"text": "moon"}', 1, "no answer"),
        (["score", "no-such-file"], "", 2, "cannot read no-such-file"),
        (["score", "-"], "[1]\n", 2, "every line must be a JSON object"),
        (["score", "-", "--classes", "5"], "", 2, "classes"),
    ],
)
def test_command_line_errors_are_plain(arguments, stdin, status, message):
    done = run(*arguments, stdin=stdin)
    assert done.exit_code == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_it_runs_as_a_script_and_help_tells_the_exit_codes():
    command = [sys.executable, "-m", "crypto_sentiment.client", "score", "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert "Exit codes" in done.stdout


def test_a_comment_that_was_too_much_once_is_a_line_like_any_other(server, tmp_path):
    """300 comments, one of them a numeric reference of 4,301 digits, one empty: 300 lines, and no retry."""
    comments = [{"id": str(i), "text": "to the moon"} for i in range(300)]
    comments[7]["text"] = "&#" + "9" * 4_301 + ";"
    comments[9]["text"] = "\u200b"
    source, output = tmp_path / "comments.jsonl", tmp_path / "scored.jsonl"
    source.write_text("".join(json.dumps(comment) + "\n" for comment in comments))
    done = run("score", str(source), "--url", server, "--output", str(output))
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert done.exit_code == 3
    assert len(lines) == 300
    assert [line["id"] for line in lines if "error" in line] == ["7", "9"]


def test_lines_end_at_a_line_feed_alone_and_half_surrogates_and_a_bom_are_no_obstacle(server, tmp_path):
    """U+2028, U+0085 and a vertical tab within a text are text, as JSON has it."""
    texts = ["to the\u2028moon", "a\u0085scam", "a\x0bscam", "to the moon \ud83d", "to the moon \U0001f680"]
    source, output = tmp_path / "comments.jsonl", tmp_path / "scored.jsonl"
    lines = [json.dumps({"text": text}, ensure_ascii="\ud83d" in text) for text in texts]
    source.write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    done = run("score", str(source), "--url", server, "--output", str(output))
    assert done.exit_code == 0, done.stderr
    scored = [json.loads(line) for line in output.read_bytes().decode("utf-8").split("\n") if line]
    assert [comment["text"] for comment in scored] == texts
    assert [comment["sentiment"]["label"] for comment in scored][1:3] == ["negative", "negative"]


def test_standard_input_may_begin_with_a_bom(server):
    done = run("score", "-", "--url", server, stdin="\ufeff" + json.dumps({"text": "to the moon"}))
    assert (done.exit_code, json.loads(done.stdout)["sentiment"]["label"]) == (0, "positive")


def test_what_is_no_utf8_is_said(tmp_path):
    source = tmp_path / "comments.jsonl"
    source.write_bytes(b'{"text": "\xff"}')
    done = run("score", str(source))
    assert (done.exit_code, "cannot read" in done.stderr) == (2, True)


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
