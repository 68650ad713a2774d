"""FastAPI's own spans and its own limit of a body."""

import subprocess
import sys

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

TRACED = """
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
app = FastAPI({argument})
app.get("/analyze")(lambda text="": {{}})
TestClient(app).get("/analyze?text=moon")
print([span.attributes.get("url.query") for span in spans.get_finished_spans()])
"""


def queries_in_spans(argument: str) -> str:
    """A provider is set once per process, so each case has its own."""
    program = TRACED.format(argument=argument)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.library(
    "fastapi 0.165.0, opentelemetry-sdk 1.45.2",
    guess="no span without an instrumentation package",
    seen="once a tracer provider is set FastAPI makes spans by itself, with the query string among their attributes; "
    "`telemetry={'tracing': False}` stops it",
    so="a comment is sent in the body, never in the query; the image sets no provider",
)
def test_spans_come_without_instrumentation_and_hold_the_query():
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed: no provider to set")
    assert "text=moon" in queries_in_spans("")
    assert queries_in_spans("telemetry={'tracing': False}") == "[]"


@pytest.mark.library(
    "fastapi 0.165.0",
    guess="413 in the application's own form of error, however the body came",
    seen="`max_body_size` answers 413 as plain text past the application's handler where there is a content-length, "
    "and through the handler where the body is chunked",
    so="lambda_fn/http/body.py reads and bounds the body itself, so that every 413 is the same JSON",
)
def test_the_limit_of_a_body_answers_in_two_ways():
    app = FastAPI(max_body_size=64)

    @app.exception_handler(HTTPException)
    async def as_json(request, error):
        return JSONResponse({"error": "ours"}, error.status_code)

    @app.post("/")
    async def read(request: Request):
        return len(await request.body())

    client = TestClient(app)
    known, chunked = client.post("/", content=b"x" * 100), client.post("/", content=iter([b"x" * 50, b"x" * 50]))
    assert (known.status_code, known.headers["content-type"]) == (413, "text/plain; charset=utf-8")
    assert (chunked.status_code, chunked.json()) == (413, {"error": "ours"})
