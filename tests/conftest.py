"""What several test files use: the real classifier, and the real API served by uvicorn in a process of its own."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import lambda_fn  # noqa: F401 - switches onnxruntime's telemetry off before any test imports it

REPOSITORY = Path(__file__).resolve().parent.parent

# With NO_SKIPS=1, as .ci/run sets it, a skip for any other reason than these fails the run: a green run has to mean
# that everything ran.
ALLOWED_SKIPS: tuple[str, ...] = ()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if os.environ.get("NO_SKIPS") != "1":
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # one of several processes (pytest-xdist): the one that started them looks
        return
    reasons = {
        str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        for report in reporter.stats.get("skipped", [])
    }
    unexpected = sorted(reason for reason in reasons if not any(allowed in reason for allowed in ALLOWED_SKIPS))
    if unexpected:
        reporter.write_line("NO_SKIPS=1, but tests were skipped: " + "; ".join(unexpected), red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_make_parametrize_id(config, val, argname):
    """Bytes are named by their argument: gzip writes the time into them, and two processes have to agree on names."""
    return argname if isinstance(val, bytes) and len(val) > 20 else None


@pytest.fixture(autouse=True)
def event_loop_at_hand():
    """Mangum takes the thread's event loop, which `asyncio.run` in an earlier test leaves closed and gone."""
    try:
        asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Served(str):
    """The base URL of a running service."""

    pid: int


@contextmanager
def served(preexec: Callable[[], None] | None = None, **environment: str) -> Iterator[Served]:
    """Run the API as its command serves it, with these environment variables; the base URL, once it answers.

    preexec: run in the new process before it starts, to limit what it may use.
    """
    import httpx

    port = free_port()
    command = [sys.executable, "-m", "crypto_sentiment", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env={**os.environ, "ORT_THREADS": "1", **environment}, preexec_fn=preexec
    )
    url = Served(f"http://127.0.0.1:{port}")
    url.pid = process.pid
    try:
        for _ in range(600):
            try:
                httpx.get(f"{url}/health", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, "uvicorn ended before it answered"
                time.sleep(0.1)
        else:
            raise AssertionError("the API did not answer within a minute")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    with served() as url:
        yield url


API_KEY = "a-key-for-tests"


@pytest.fixture(scope="session")
def keyed_server() -> Iterator[Served]:
    """Asks for API_KEY; pages of https://example.com may call it."""
    with served(API_AUTH="api-key", API_KEY=API_KEY, CORS_ALLOW_ORIGINS='["https://example.com"]') as url:
        yield url


@pytest.fixture(scope="session")
def tight_server() -> Iterator[Served]:
    """Small limits, little patience, and API Gateway in front of it as its guard (API_AUTH=iam)."""
    limits = {"MAX_BATCH_COMMENTS": "2", "MAX_TEXT_CHARS": "10", "MAX_BODY_BYTES": "256", "MAX_STREAM_BYTES": "2000"}
    with served(API_AUTH="iam", BODY_TIMEOUT_S="1", **limits) as url:
        yield url


@pytest.fixture(scope="session")
def classifier():
    from lambda_fn.model.classifier import SentimentClassifier

    return SentimentClassifier.load()
