"""botocore's retries: how long a client that sets nothing waits out a service that answers 500."""

import http.server
import threading
import time

import boto3
import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def failing_service():
    """A server that answers every request with 500; its URL, and the list of requests."""
    requests = []

    class Failing(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            requests.append(self.path)
            self.send_response(500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", requests
    server.shutdown()
    server.server_close()


@pytest.mark.library(
    "botocore 1.44.5",
    guess="about 9 s, as botocore 1.40 took",
    seen="a client with the default retries makes three calls and gives up on HTTP 500 after about 0.1 s",
    so="lambda_fn/bulk waits an outage out above botocore, up to the invocation's deadline",
)
def test_the_default_retries_give_up_in_a_fraction_of_a_second(failing_service, monkeypatch):
    url, requests = failing_service
    for name in ("AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    client = boto3.client(
        "sqs", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    started = time.monotonic()
    with pytest.raises(ClientError):
        client.list_queues()
    assert len(requests) == 3
    assert time.monotonic() - started < 2
