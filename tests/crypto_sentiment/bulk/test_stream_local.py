"""`stream --local`: comments from a stand-in of Reddit's API, scored in the process, their mood in the terminal."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from crypto_sentiment.mood.live import LiveMood, sparkline
from tests.conftest import REPOSITORY
from tests.crypto_sentiment.bulk.test_reddit import FakeReddit
from tests.crypto_sentiment.mood.lines import MODEL


def test_the_terminal_shows_the_mood_of_what_is_written_without_aws(tmp_path):
    reddit = FakeReddit()
    reddit.write(90)
    for number, comment in enumerate(reddit.comments):
        comment["link_id"] = f"t3_{number}"  # in one thread they would be too alike to say anything
        comment["body"] = "BTC is a scam, I lost it all" if number % 3 else f"Bitcoin to the moon, number {number}"
    (tmp_path / "praw.ini").write_text(f"[DEFAULT]\noauth_url={reddit.url}\nreddit_url={reddit.url}\n")
    credentials = {"praw_client_id": "i", "praw_client_secret": "s", "praw_user_agent": "test"}
    environment = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(tmp_path), "ORT_THREADS": "1", "COLUMNS": "140"}
    process = subprocess.Popen(
        [sys.executable, "-m", "crypto_sentiment", "stream", "Bitcoin", "--local", "--flush", "0.2", "--poll", "0.1"],
        cwd=REPOSITORY,
        env={**environment, **credentials},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 100
        while reddit.listings < 15 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        shown, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        reddit.server.shutdown()
    assert process.returncode == 0, errors
    assert re.search(r"^all +│ +90 ", shown, re.MULTILINE)
    assert re.search(r"^BTC +│ +90 │ +-\d+ \(-\d+ to [-+]\d+\)", shown, re.MULTILINE)
    assert "90 comments so far; 0 of the window have no mood" in shown


def test_without_a_queue_or_local_nothing_is_started():
    done = subprocess.run(
        [sys.executable, "-m", "crypto_sentiment", "stream", "Bitcoin"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, "--local" in done.stderr) == (2, True)


def lines(count: int, negative: float, positive: float) -> list[dict]:
    read = {"p_negative": negative, "p_neutral": 1 - negative - positive, "p_positive": positive}
    return [{**read, "coins": [{"coin": "LUNA", **read}], "model": MODEL, "error": "", "language": "en"}] * count


def test_what_is_older_than_the_window_is_forgotten_and_the_line_shows_the_way():
    now = [0.0]
    mood = LiveMood(600, lambda: now[0])
    mood.add(lines(100, 0.1, 0.8))
    before = mood.shares().value[0, 3]
    now[0] = 700
    mood.add(lines(80, 0.9, 0.05))
    shares = mood.shares()
    assert shares.rollup.comments.tolist() == [80, 80]
    assert shares.value[0, 3] < 0 < before
    assert mood.comments == 180


@pytest.mark.parametrize(("values", "drawn"), [((), ""), ((-1, 0, 1), "▁▅█"), ((0.99,), "█")])
def test_a_net_mood_is_a_block_as_high(values, drawn):
    assert sparkline(values) == drawn
