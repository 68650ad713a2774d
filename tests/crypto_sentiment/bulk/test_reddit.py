"""The live source against a stand-in of Reddit's API: restarts, crashes and outages lose and double nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.aws import CREDENTIALS, LocalAws
from tests.conftest import REPOSITORY


class FakeReddit:
    """Answers /api/v1/access_token and /r/<names>/comments like Reddit: 100 a page, the 1,000 newest at most."""

    def __init__(self):
        self.comments: list[dict] = []
        self.outage = False
        self.refuse_credentials = False
        self.listings = 0
        reddit = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                token = {"access_token": "t", "expires_in": 3600, "scope": "*"}
                self._json(token, 401 if reddit.refuse_credentials else 200)

            def do_GET(self):
                reddit.listings += 1
                if reddit.outage:
                    self._json({}, 503)
                else:
                    self._json(reddit.page(parse_qs(urlsplit(self.path).query)), 200)

            def _json(self, value, status):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, query: dict) -> dict:
        newest = self.comments[::-1][:1000]
        names = [comment["name"] for comment in newest]
        start = names.index(query["after"][0]) + 1 if "after" in query else 0
        items = newest[start : start + min(100, int(query.get("limit", ["25"])[0]))]
        more = start + len(items) < len(newest)
        children = [{"kind": "t1", "data": item} for item in items]
        return {"kind": "Listing", "data": {"children": children, "after": items[-1]["name"] if more else None}}

    def write(self, count: int) -> None:
        for n in range(len(self.comments), len(self.comments) + count):
            comment_id = f"k{n:05d}"
            self.comments.append(
                {
                    "id": comment_id,
                    "name": f"t1_{comment_id}",
                    "body": f"comment {n}: to the moon 🚀",
                    "subreddit": "Bitcoin",
                    "created_utc": 1_767_000_000.0 + n,
                    "link_id": "t3_x",
                    "parent_id": "t3_x",
                }
            )


@pytest.fixture(scope="module")
def aws():
    with LocalAws() as aws:
        yield aws


@pytest.fixture
def reddit():
    reddit = FakeReddit()
    yield reddit
    reddit.server.shutdown()


@pytest.fixture
def start(aws, reddit, tmp_path):
    """Start the program; it ends with the test."""
    queue = aws.create_queue()
    (tmp_path / "praw.ini").write_text(f"[DEFAULT]\noauth_url={reddit.url}\nreddit_url={reddit.url}\n")
    credentials = {"praw_client_id": "i", "praw_client_secret": "s", "praw_user_agent": "test"}
    processes = []

    def start(queue_url=queue.url, **environment) -> subprocess.Popen:
        command = [
            sys.executable,
            "-m",
            "crypto_sentiment",
            "stream",
            "Bitcoin",
            "ethereum",
            "--queue-url",
            queue_url,
        ]
        command += ["--state", str(tmp_path / "state.json"), "--flush", "0.2", "--poll", "0.1"]
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={
                "PATH": os.environ["PATH"],
                "XDG_CONFIG_HOME": str(tmp_path),
                "AWS_ENDPOINT_URL": aws.endpoint,
                **CREDENTIALS,
                **credentials,
                **environment,
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    start.queue = queue
    yield start
    for process in processes:
        process.kill()
        process.wait()


class Received:
    """Everything that reached the queue so far."""

    def __init__(self, aws, queue):
        self._aws, self._queue = aws, queue
        self.bodies: list[str] = []

    @property
    def ids(self) -> list[str]:
        self.bodies += self._aws.take_all(self._queue.url)
        return sorted(comment["id"] for body in self.bodies for comment in json.loads(body)["comments"])


def wait_until(condition, process=None, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.1)


def stop(process) -> str:
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return errors


def test_every_comment_once_through_restarts_a_crash_and_an_outage(aws, reddit, start):
    received = Received(aws, start.queue)

    def expected() -> list[str]:
        return [comment["id"] for comment in reddit.comments]

    reddit.write(60)
    process = start()
    wait_until(lambda: len(received.ids) >= 60, process)
    first = json.loads(received.bodies[0])
    assert first["submitted_at"]
    assert first["comments"][0] | {"id": "", "text": "", "created_utc": 0} == {
        "id": "",
        "text": "",
        "subreddit": "Bitcoin",
        "created_utc": 0,
        "link_id": "t3_x",
        "parent_id": "t3_x",
    }
    reddit.outage = True
    reddit.write(250)
    seen = reddit.listings
    wait_until(lambda: reddit.listings > seen + 1, process)
    reddit.outage = False
    wait_until(lambda: len(received.ids) >= 310, process)
    process.kill()
    process.wait()
    reddit.write(450)
    process = start()
    wait_until(lambda: len(received.ids) >= 760, process)
    errors = stop(process)
    assert received.ids == expected()
    assert "0 gaps" in errors


def test_a_message_that_the_queue_did_not_take_is_sent_again_by_the_next_run(aws, reddit, start, tmp_path):
    received = Received(aws, start.queue)
    reddit.write(20)
    with aws.refusing(lambda method, path: True):
        process = start(AWS_MAX_ATTEMPTS="1")
        wait_until(lambda: (tmp_path / "state.json").exists(), process)
        process.kill()
        process.wait()
    reddit.write(30)
    process = start()
    wait_until(lambda: len(received.ids) >= 50, process)
    stop(process)
    assert received.ids == [comment["id"] for comment in reddit.comments]


def test_more_than_reddit_lists_is_reported_as_a_gap(aws, reddit, start):
    received = Received(aws, start.queue)
    reddit.write(30)
    process = start()
    wait_until(lambda: len(received.ids) >= 30, process)
    stop(process)
    reddit.write(1200)
    process = start()
    wait_until(lambda: len(received.ids) >= 1030, process)
    assert "1 gaps" in stop(process)


def test_refused_credentials_are_said_in_plain_words(reddit, start):
    reddit.refuse_credentials = True
    process = start()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Error: " in errors
    assert "Traceback" not in errors


def test_missing_credentials_are_named(start):
    process = start(praw_client_id="")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "praw_client_id" in errors
