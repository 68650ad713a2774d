"""S3 and SQS go away while messages are scored: waited out, with nothing failed that time allows to be saved."""

import os
import subprocess
import sys
import threading
import time

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from lambda_fn.bulk.outages import Patience, is_credentials, is_outage
from tests.aws import EventSource, LocalAws
from tests.comments import crowd
from tests.conftest import REPOSITORY
from tests.rie import LambdaFunction

HANDLER = "lambda_fn.bulk.handler.handler"


@pytest.fixture(scope="module")
def aws(classifier):
    with LocalAws() as aws:
        yield aws


@pytest.fixture
def queue(aws):
    aws.empty()
    return aws.create_queue()


def client_error(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")


@pytest.mark.parametrize(
    ("error", "outage", "credentials"),
    [
        (client_error("SlowDown", 503), True, False),
        (client_error("InternalError", 500), True, False),
        (client_error("RequestThrottled", 400), True, False),
        (EndpointConnectionError(endpoint_url="https://s3.example"), True, False),
        (ReadTimeoutError(endpoint_url="https://s3.example"), True, False),
        (ConnectionResetError(), True, False),
        (client_error("ExpiredToken", 400), False, True),
        (client_error("InvalidClientTokenId", 403), False, True),
        (client_error("AccessDenied", 403), False, False),
        (client_error("NoSuchKey", 404), False, False),
        (ValueError("a bug"), False, False),
    ],
)
def test_what_passes_by_itself_and_what_never_does(error, outage, credentials):
    assert (is_outage(error), is_credentials(error)) == (outage, credentials)


def test_pauses_grow_at_random_up_to_the_deadline_and_the_fault_comes_out_unchanged():
    pauses, clock = [], 0.0

    def sleep(seconds):
        nonlocal clock
        pauses.append(seconds)
        clock += seconds

    fault = client_error("SlowDown", 503)
    patience = Patience(lambda: 300 - clock, sleep)

    def call():
        raise fault

    with pytest.raises(ClientError) as raised:
        patience(call)
    assert raised.value is fault
    assert 270 < clock < 300
    assert 0 < pauses[0] <= 0.25
    assert max(pauses) <= 10
    assert sum(pauses[:4]) < 4 < max(pauses[6:])
    assert len(set(pauses)) == len(pauses)


@pytest.mark.parametrize("seconds", [0.3, 1, 3])
def test_an_event_whose_results_meet_an_outage_is_scored_whole(aws, queue, seconds):
    comments = crowd(100)
    aws.send(queue, *({"comments": comments[n : n + 10]} for n in range(0, 100, 10)))
    first = threading.Event()

    def go_away(method, path):
        if method == "PUT" and "/results/" in path and not first.is_set():
            first.set()
            aws.away(seconds)

    with LambdaFunction(HANDLER, aws.environment(queue), timeout=60) as function:
        source = EventSource(aws, queue, function)
        messages = source.receive()
        with aws.watching(go_away):
            assert source.deliver(messages) == set()
    assert first.is_set()
    assert len(aws.result_lines()) == 100


def test_an_outage_longer_than_the_function_has_leaves_all_to_a_later_delivery_and_says_when(aws, queue):
    aws.send(queue, {"comments": crowd(10)}, "not json")
    with LambdaFunction(HANDLER, aws.environment(queue), timeout=14) as function:
        source = EventSource(aws, queue, function)
        messages = source.receive()
        asked = []
        with aws.refusing(lambda method, path: method == "PUT" and "/results/" in path):
            started = time.monotonic()
            failed = source.deliver(messages)
            assert time.monotonic() - started < 14
        asked = [m for m in messages if m["MessageId"] in failed]
        assert len(asked) == 2
        assert "infrastructure" in function.log()
        # the message at fault itself is back within seconds, the other after a minute
        time.sleep(6)
        again = source.receive()
        assert [message["Body"] for message in again] == ["not json"]
        later = [message for message in messages if message["Body"] != "not json"]
        source.settle(later, {message["MessageId"] for message in later})
        source.settle(again, set())
        source.drain()
    assert len(aws.result_lines()) == 10


def worker(aws, queue, *arguments: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "lambda_fn.bulk.worker", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **aws.environment(queue), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_worker_waits_an_outage_out_and_fails_nothing(aws, queue):
    comments = crowd(200)
    aws.send(queue, *({"comments": comments[n : n + 20]} for n in range(0, 200, 20)))
    gone = threading.Event()

    def go_away(method, path):
        if method == "PUT" and "/results/" in path and not gone.is_set():
            gone.set()
            aws.away(2)

    with aws.watching(go_away):
        process = worker(aws, queue, "--until-empty", "--wait", "0")
        _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert len(aws.result_lines()) == 200
    assert aws.waiting(queue.url) == 0


@pytest.mark.parametrize("when", ["at start", "later"])
def test_a_worker_whose_credentials_run_out_says_so_once_and_ends(aws, queue, when):
    if when == "at start":
        with aws.expired():
            process = worker(aws, queue)
            _, errors = process.communicate(timeout=200)
    else:
        process = worker(aws, queue, "--wait", "1")
        aws.send(queue, {"comments": crowd(10)})
        deadline = time.monotonic() + 100
        while not aws.result_keys() and time.monotonic() < deadline:
            time.sleep(0.2)
        with aws.expired():
            _, errors = process.communicate(timeout=200)
    assert process.returncode == 1
    said = [line for line in errors.splitlines() if "credentials" in line]
    assert len(said) == 1
    assert "ExpiredToken" in said[0]
    assert "Traceback" not in errors


def test_a_worker_without_its_queue_says_so_and_ends(aws, queue):
    process = worker(aws, queue, QUEUE_URL=queue.url + "-gone")
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 1
    assert "cannot be used" in errors
    assert "Traceback" not in errors
