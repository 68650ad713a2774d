"""Mangum between API Gateway's events and an ASGI application: which headers it leaves out, and on which thread."""

import asyncio
import json
import threading
import warnings

import pytest
from mangum import Mangum

from tests.conftest import REPOSITORY


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-internal", b"1")]})
    await send({"type": "http.response.body", "body": b"{}"})


def event(name: str) -> dict:
    return json.loads((REPOSITORY / "tests" / "events" / f"{name}.json").read_text())


@pytest.fixture
def event_loop():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.library(
    "mangum 0.22.0",
    guess="the headers named are left out of every answer",
    seen="`exclude_headers` leaves headers out of a REST API's answer (payload 1.0) and not of an HTTP API's (2.0)",
    so="no header that must not go out is left to Mangum to remove",
)
def test_exclude_headers_does_nothing_for_payload_2(event_loop):
    handler = Mangum(app, lifespan="off", exclude_headers=["x-internal"])
    assert handler(event("http_api_v2"), {})["headers"]["x-internal"] == "1"
    rest = handler(event("rest_api"), {})
    assert "x-internal" not in {**rest["headers"], **rest["multiValueHeaders"]}


@pytest.mark.library(
    "mangum 0.22.0",
    guess="a handler can be called from any thread",
    seen="called from a thread that has no event loop, or after asyncio.run, the handler raises RuntimeError",
    so="lambda_fn/api.py's handler is called on the runtime client's own thread, where nothing of ours runs asyncio",
)
def test_a_handler_needs_the_thread_of_its_event_loop(event_loop):
    handler, outcome = Mangum(app, lifespan="off"), []
    assert handler(event("http_api_v2"), {})["statusCode"] == 200

    def call():
        try:
            outcome.append(handler(event("http_api_v2"), {})["statusCode"])
        except RuntimeError as e:
            outcome.append(str(e))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # "coroutine … was never awaited"
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        asyncio.run(asyncio.sleep(0))
        call()
    assert outcome[0].startswith("There is no current event loop")
    assert outcome[1].startswith("There is no current event loop")


@pytest.mark.library(
    "mangum 0.22.0, awslambdaric 4.2.2",
    guess="the adapter is silent: 600 calls wrote nothing to standard output",
    seen="each call is a line at INFO (`POST /analyze 200`) on the logger mangum.http; Lambda's runtime writes it "
    "where logs are JSON at INFO: 165 bytes, $27 a month at 10 million calls a day",
    so="lambda_fn/http/access_log.py lets Mangum warn only, and the bill's bytes are measured under awslambdaric",
)
def test_each_call_is_a_line_at_info(event_loop, caplog):
    caplog.set_level("INFO", logger="mangum")
    Mangum(app, lifespan="off")(event("http_api_v2"), {})
    assert [(r.name, r.levelname, r.getMessage()) for r in caplog.records if r.name.startswith("mangum")] == [
        ("mangum.http", "INFO", "POST /analyze 200")
    ]
