"""The Fargate worker as a process: it drains a queue, keeps what fails, and stops in good order."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.aws import LocalAws
from tests.comments import crowd
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def aws(classifier):
    with LocalAws() as aws:
        yield aws


@pytest.fixture
def queue(aws):
    aws.empty()
    return aws.create_queue(max_receives=1, visibility_s=1)


def start(aws, queue, *arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "lambda_fn.bulk.worker", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **aws.environment(queue)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_drains_the_queue_and_leaves_what_fails_to_the_redrive_policy(aws, queue):
    comments = crowd(120)
    aws.send(queue, "not json", *({"comments": comments[i : i + 10]} for i in range(0, 120, 10)))
    worker = start(aws, queue, "--until-empty", "--wait", "0")
    _, errors = worker.communicate(timeout=120)
    assert worker.returncode == 1, errors
    assert sorted(line["id"] for line in aws.result_lines()) == sorted(comment["id"] for comment in comments)
    deadline = time.monotonic() + 30
    dead: list[str] = []
    while not dead and time.monotonic() < deadline:
        aws.sqs.receive_message(QueueUrl=queue.url)  # a receive is what moves it
        dead = aws.dead_letters(queue)
    assert dead == ["not json"]


def test_stops_on_sigterm_with_everything_settled_or_back_on_the_queue(aws, queue):
    worker = start(aws, queue, "--wait", "1")
    comments = crowd(40)
    aws.send(queue, {"comments": comments})
    deadline = time.monotonic() + 120
    while not aws.result_keys() and time.monotonic() < deadline:
        time.sleep(0.1)
    worker.send_signal(signal.SIGTERM)
    output, errors = worker.communicate(timeout=60)
    assert worker.returncode == 0, errors
    assert aws.waiting(queue.url) == 0
    assert len(aws.result_lines()) == 40
    assert [json.loads(line)["Comments"] for line in output.splitlines() if '"_aws"' in line] == [[40]]


def test_says_which_setting_is_missing():
    done = subprocess.run(
        [sys.executable, "-m", "lambda_fn.bulk.worker"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "RESULTS_BUCKET is not set" in done.stderr
