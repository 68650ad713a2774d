"""/metrics, read as Prometheus reads it."""

import time

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain

from tests.conftest import API_KEY, served


@pytest.fixture(scope="module")
def counted():
    with served() as url:
        yield url


def scrape(url: str, **headers: str) -> dict[tuple, float]:
    """Values by (name, *values of its labels in the order of their names)."""
    families = plain(httpx.get(f"{url}/metrics", headers=headers).raise_for_status().text)
    return {
        (s.name, *(value for _, value in sorted(s.labels.items()))): s.value
        for family in families
        for s in family.samples
    }


def grown(url: str, *name: str, to: float, within_s: float = 5) -> float:
    """The value, once it has reached `to`: a request is counted after its answer has been sent."""
    end = time.monotonic() + within_s
    while (value := scrape(url).get(name, 0)) < to and time.monotonic() < end:
        time.sleep(0.02)
    return value


def test_requests_moods_and_tokens_are_counted(counted):
    before = scrape(counted)
    answers = [
        httpx.post(f"{counted}/batch_analyze", json=["to the moon", "total scam", "a scam"]),
        httpx.post(f"{counted}/analyze?explain=true", json={"text": "to the moon"}),
    ]
    tokens = sum(int(answer.headers["x-compute-tokens"]) for answer in answers)
    route = ("sentiment_requests_total", "POST", "/batch_analyze", "200")
    assert grown(counted, *route, to=1) == before.get(route, 0) + 1
    after = scrape(counted)
    assert after["sentiment_comments_total", "positive"] == before.get(("sentiment_comments_total", "positive"), 0) + 2
    assert after["sentiment_comments_total", "negative"] == before.get(("sentiment_comments_total", "negative"), 0) + 2
    assert after["sentiment_tokens_total",] == before["sentiment_tokens_total",] + tokens
    assert after["sentiment_request_seconds_count", "/analyze"] >= 1
    assert 0 < after["sentiment_request_seconds_sum", "/analyze"] < 30


def test_refusals_are_counted_by_their_code_whoever_refuses(counted):
    httpx.post(f"{counted}/analyze", json={"text": ""})
    httpx.post(f"{counted}/analyze", content=b"{", headers={"content-type": "text/plain"})
    httpx.post(f"{counted}/batch_analyze?errors=item", json=[""])
    assert grown(counted, "sentiment_refusals_total", "text_empty", to=1) == 1
    assert grown(counted, "sentiment_refusals_total", "unsupported_media_type", to=1) == 1
    assert grown(counted, "sentiment_requests_total", "POST", "/analyze", "415", to=1) == 1


def test_what_callers_make_up_is_no_label(counted):
    httpx.get(f"{counted}/nowhere/at/all")
    httpx.get(f"{counted}/mood/MADEUP")
    httpx.request("PROPFIND", f"{counted}/analyze")
    assert grown(counted, "sentiment_requests_total", "GET", "other", "404", to=1) >= 1
    assert grown(counted, "sentiment_requests_total", "GET", "/mood/{symbol}", "404", to=1) >= 1
    assert grown(counted, "sentiment_requests_total", "other", "/analyze", "405", to=1) >= 1
    text = httpx.get(f"{counted}/metrics").text
    assert not [word for word in ("nowhere", "MADEUP", "PROPFIND") if word in text]


def test_queues_and_the_process_are_measured(counted):
    values = scrape(counted)
    assert values["sentiment_pending_requests", "quick"] == 0
    assert values["sentiment_expected_wait_seconds", "large"] == 0
    assert values["sentiment_held_body_bytes",] == 0
    assert values["process_resident_memory_bytes",] > 10_000_000


def test_the_format_is_the_one_that_is_asked_for(counted):
    answer = httpx.get(f"{counted}/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert {family.name for family in open_metrics(answer.text)} >= {"sentiment_requests", "sentiment_refusals"}
    assert httpx.get(f"{counted}/metrics").headers["content-type"].startswith("text/plain; version=")


def test_prometheus_needs_the_key_where_callers_do(keyed_server):
    assert httpx.get(f"{keyed_server}/metrics").status_code == 401
    assert ("sentiment_tokens_total",) in scrape(keyed_server, authorization=f"Bearer {API_KEY}")


def test_there_are_none_on_lambda():
    from fastapi.testclient import TestClient

    from lambda_fn.http.app import create_app
    from lambda_fn.settings import Settings

    app = create_app(Settings(aws_lambda_function_memory_size=1769), None)
    answer = TestClient(app).get("/metrics")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
