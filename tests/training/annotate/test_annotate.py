"""The annotate program as a person runs it, with Bedrock played by a small HTTP server that real boto3 talks to."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from training.annotate.annotate import app, set_aside_path
from training.data.records import read_records, write_records

pytestmark = pytest.mark.training
ROOT = Path(__file__).parents[3]
MODEL = "amazon.nova-lite-v1:0"


class FakeBedrock(ThreadingHTTPServer):
    """POST /model/<id>/converse: scores by the words "up" and "down", says nothing sensible of "gibberish"."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[str] = []
        self.throttle = 0
        self.gate = threading.Event()
        self.gate.set()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.throttle:
            self.server.throttle -= 1
            return self.answer(429, {"message": "Too many requests"}, "ThrottlingException")
        if len(self.server.seen) >= 4:
            self.server.gate.wait(60)
        comments = json.loads(body["messages"][0]["content"][0]["text"])
        self.server.seen += [comment["text"] for comment in comments]
        scores = [
            {"n": comment["n"], "score": 2 if "up" in comment["text"] else -2}
            for comment in comments
            if "gibberish" not in comment["text"]
        ]
        self.answer(
            200,
            {
                "output": {"message": {"role": "assistant", "content": [{"text": json.dumps(scores)}]}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
                "metrics": {"latencyMs": 1},
            },
        )

    def answer(self, status, content, error=None):
        payload = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        if error:
            self.send_header("x-amzn-ErrorType", error)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a client that was killed
            self.end_headers()
            self.wfile.write(payload)

    def log_message(self, *args):
        pass


@pytest.fixture
def bedrock():
    server = FakeBedrock()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(bedrock):
    return {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "us-east-1",
        "COLUMNS": "200",
    }


@pytest.fixture
def files(tmp_path):
    comments = tmp_path / "comments.jsonl.gz"
    words = ["up", "down", "up", "gibberish", "down", "up", "down", "up"]
    write_records(comments, [{"id": f"i{n}", "text": f"{word} {n}", "source": "a/b:c"} for n, word in enumerate(words)])
    return comments, tmp_path / "annotations.jsonl"


def arguments(files, *more):
    return ["bedrock", MODEL, "--comments", str(files[0]), "--out", str(files[1]), "--batch-size", "2", *more]


def test_the_cost_is_shown_and_nothing_is_sent_without_a_yes(files, bedrock, environment):
    result = CliRunner().invoke(app, arguments(files), input="n\n", env=environment)

    assert result.exit_code == 1
    assert "8 comments with bedrock:amazon.nova-lite-v1:0: about 4 requests" in result.output
    assert "$" in result.output
    assert bedrock.seen == []


def test_annotations_are_written_and_what_has_none_is_set_aside(files, bedrock, environment):
    result = CliRunner().invoke(app, arguments(files, "--yes"), env=environment)

    assert result.exit_code == 0, result.output
    rows = list(read_records(files[1]))
    assert {row["id"]: row["score"] for row in rows} == {
        f"i{n}": 2 if word == "up" else -2
        for n, word in enumerate(["up", "down", "up", None, "down", "up", "down", "up"])
        if word
    }
    assert rows[0] == {"id": "i0", "source": "a/b:c", "teacher": f"bedrock:{MODEL}", "score": 2, "probabilities": None}
    assert [row["id"] for row in read_records(set_aside_path(files[1]))] == ["i3"]
    assert "7 annotated" in result.output
    assert "1 set aside" in result.output

    before = len(bedrock.seen)
    assert "nothing to do" in CliRunner().invoke(app, arguments(files, "--yes"), env=environment).output
    assert len(bedrock.seen) == before
    CliRunner().invoke(app, arguments(files, "--yes", "--retry"), env=environment)
    assert set(bedrock.seen[before:]) == {"gibberish 3"}


def test_throttling_by_the_service_is_retried_by_the_sdk(files, bedrock, environment):
    bedrock.throttle = 2

    result = CliRunner().invoke(app, arguments(files, "--yes"), env=environment)

    assert result.exit_code == 0, result.output
    assert len(list(read_records(files[1]))) == 7


def test_a_killed_run_goes_on_where_it_was_and_pays_for_nothing_twice(files, bedrock, environment):
    bedrock.gate.clear()  # a later request hangs until the process is dead
    process = subprocess.Popen(
        [sys.executable, "-m", "training.annotate.annotate", *arguments(files, "--yes")],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while (not files[1].exists() or files[1].read_bytes().count(b"\n") < 2) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    done = [row["id"] for row in read_records(files[1])]
    assert done == ["i0", "i1"], "the second batch was not whole"
    with open(files[1], "a") as file:
        file.write('{"id": "i4", "sco')  # as if killed in the middle of a line
    bedrock.gate.set()
    bedrock.seen.clear()

    result = CliRunner().invoke(app, arguments(files, "--yes"), env=environment)

    assert result.exit_code == 0, result.output
    assert [row["id"] for row in read_records(files[1])] == ["i0", "i1", "i2", "i4", "i5", "i6", "i7"]
    assert not {"up 0", "down 1"} & set(bedrock.seen)


def test_a_sample_is_the_same_each_time(files, environment):
    chosen = []
    for name in ("one.jsonl", "two.jsonl"):
        out = files[1].with_name(name)
        CliRunner().invoke(app, arguments((files[0], out), "--yes", "--limit", "3"), env=environment)
        chosen.append(
            sorted(row["id"] for path in (out, set_aside_path(out)) if path.exists() for row in read_records(path))
        )

    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 3


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["bedrock", "some.model"], "pass --input-price and --output-price"),
        (
            ["hf", "no/such-folder-or-model-name/x"],
            "is https://huggingface.co/no/such-folder-or-model-name/x reachable?",
        ),
        (["ensemble", "nowhere"], "cannot load nowhere"),
    ],
)
def test_teachers_that_cannot_be_had_are_plain_errors(files, environment, command, message):
    result = CliRunner().invoke(app, [*command, "--comments", str(files[0]), "--out", str(files[1])], env=environment)

    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
