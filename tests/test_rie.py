"""The emulator harness itself: a real runtime answers, dies, comes back and times out as Lambda's does."""

import threading
import time

import pytest

from tests.rie import LambdaFunction, rie_binary


@pytest.fixture(scope="module")
def function():
    with LambdaFunction("tests.echo_function.handler", {"GREETING": "hello"}, timeout=3) as function:
        yield function


def test_invokes_a_handler_with_its_own_environment_only(function, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    function.restart()
    answer = function.invoke({"n": 1}).json()
    assert answer["event"] == {"n": 1}
    assert answer["environment"]["GREETING"] == "hello"
    assert "SECRET_OF_THE_HOST" not in answer["environment"]
    assert function.peak_memory_mb() > 5


def test_an_exception_is_a_failed_invocation(function):
    assert function.invoke({"raise": True}).failed


def test_a_timeout_is_a_failed_invocation_and_the_next_one_works(function):
    started = time.monotonic()
    answer = function.invoke({"sleep_s": 60})
    assert answer.timed_out
    assert answer.failed
    assert time.monotonic() - started < 30
    assert not function.invoke({}).failed


def test_a_killed_runtime_fails_the_invocation_and_comes_back(function):
    first = function.invoke({}).json()["pid"]
    threading.Timer(1.0, function.kill_runtime).start()
    assert function.invoke({"sleep_s": 2.5}).failed
    again = function.invoke({}).json()["pid"]
    assert again != first


def test_carries_both_architectures():
    assert rie_binary("x86_64").stat().st_size > 5_000_000
    assert rie_binary("arm64").stat().st_size > 5_000_000
