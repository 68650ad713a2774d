"""Traces as a collector gets them: a real receiver of OTLP over HTTP, the service in a process of its own."""

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lambda_fn.http import tracing
from tests.conftest import API_KEY, served

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ARRIVES_S = 30


class Collector:
    """What an OTLP receiver keeps. raw: all bytes that came, unpacked."""

    def __init__(self):
        self.requests: list[ExportTraceServiceRequest] = []
        self.paths: set[str] = set()
        self.raw = b""
        collector = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
                collector.paths.add(self.path)
                collector.raw += body
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def spans(self) -> list:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def wait_for(self, count: int) -> list:
        deadline = time.monotonic() + ARRIVES_S
        while len(self.spans()) < count:
            assert time.monotonic() < deadline, f"{len(self.spans())} of {count} spans arrived"
            time.sleep(0.05)
        return self.spans()


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


def attributes(span) -> dict:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def test_a_request_is_a_span_of_its_callers_trace_with_the_route_and_what_was_scored(collector):
    with served(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="100") as url:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        batch = httpx.post(f"{url}/batch_analyze", json=["to the moon", "scam"], headers=headers)
        assert batch.status_code == 200
        spans = [span for span in collector.wait_for(2) if span.trace_id.hex() == TRACE]
    (span,) = spans
    assert (span.name, span.parent_span_id.hex()) == ("POST /batch_analyze", PARENT)
    found = attributes(span)
    assert (found["http.route"], found["http.response.status_code"]) == ("/batch_analyze", 200)
    assert found["sentiment.comments"] == 2
    assert found["sentiment.tokens"] == int(batch.headers["x-compute-tokens"])
    assert found["sentiment.model"] == batch.headers["x-model-revision"]
    assert collector.paths == {"/v1/traces"}
    resource = attributes(collector.requests[0].resource_spans[0].resource)
    assert resource["service.name"] == "crypto-sentiment"


def test_no_text_query_path_header_or_key_leaves(collector):
    secret = "lamborghini-tomorrow"
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with served(**environment, API_AUTH="api-key", API_KEY=API_KEY) as url:
        key = {"x-api-key": API_KEY, "user-agent": secret, "host": f"{secret}.example.com"}
        statuses = [
            httpx.post(f"{url}/analyze?detail=true&note={secret}", json={"text": secret}, headers=key).status_code,
            httpx.post(f"{url}/analyze", json={"text": ["not", secret]}, headers=key).status_code,
            httpx.post(f"{url}/analyze", json={"text": secret}, headers={"x-api-key": secret}).status_code,
            httpx.get(f"{url}/{secret}?q={secret}", headers=key).status_code,
            httpx.request("PURGE", f"{url}/mood/{secret}", headers=key).status_code,
        ]
        assert statuses == [200, 422, 401, 404, 405]
        spans = collector.wait_for(6)  # and /health, by which the fixture knows that it answers
    assert secret.encode() not in collector.raw
    assert API_KEY.encode() not in collector.raw
    assert {name for span in spans for name in attributes(span)} <= tracing.ALLOWED
    assert not [span for span in spans if span.events or span.status.message]


def test_nothing_is_sent_where_nothing_is_configured_or_it_is_switched_off(collector):
    for off in ({}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}):
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url} if off else {}
        with served(**endpoint, **off, FASTAPI_OTEL_AUTO_CONFIGURE="true", OTEL_BSP_SCHEDULE_DELAY="50") as url:
            assert httpx.get(f"{url}/info").status_code == 200
    assert collector.requests == []  # what is left is sent when a process ends
