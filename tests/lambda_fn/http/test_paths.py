"""HEAD wherever GET is, and a slash too many or too few."""

import httpx
import pytest

from tests.conftest import API_KEY, served
from tests.lambda_fn.http.test_events import EVENTS, handled
from tests.raw_http import ask

READ = ["/", "/health", "/info", "/docs", "/openapi.json", "/page.css", "/docs.js", "/swagger/swagger-ui.css"]


@pytest.mark.parametrize("path", READ)
def test_head_is_get_without_the_body(server, path):
    got = httpx.get(f"{server}{path}", headers={"accept-encoding": "identity"})
    head = ask(server, path, [], method="HEAD")
    assert head.status == got.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers["content-type"] == got.headers["content-type"]


def test_head_is_get_without_the_body_on_lambda():
    event = {**EVENTS["http_api_v2"], "body": None, "isBase64Encoded": False, "rawPath": "/health"}
    event["requestContext"] = {**event["requestContext"], "http": {**event["requestContext"]["http"]}}
    event["requestContext"]["http"] |= {"path": "/health", "method": "HEAD"}
    answer = handled(event)
    assert (answer["statusCode"], answer["body"]) == (200, "")


def test_head_asks_for_the_key_where_get_does(keyed_server):
    assert ask(keyed_server, "/info", [], method="HEAD").status == 401
    assert ask(keyed_server, "/info", [("x-api-key", API_KEY)], method="HEAD").status == 200
    assert ask(keyed_server, "/health", [], method="HEAD").status == 200


def test_head_of_what_is_posted_is_the_wrong_method(server):
    answer = ask(server, "/analyze", [], method="HEAD")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert httpx.delete(f"{server}/health").headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/analyze", "/analyze/", "/analyze//"])
def test_a_slash_too_many_is_answered(server, path):
    answer = httpx.post(f"{server}{path}", json={"text": "to the moon"}, follow_redirects=False)
    assert (answer.status_code, answer.json()["sentiment"]["label"]) == (200, "positive")


def test_a_slash_too_many_passes_no_guard(keyed_server, tight_server):
    assert httpx.post(f"{keyed_server}/analyze/", json={"text": "moon"}).status_code == 401
    assert httpx.get(f"{keyed_server}/info/").status_code == 401
    long = httpx.post(f"{tight_server}/batch_analyze/", json=[{"text": "a" * 300}])
    assert (long.status_code, long.json()["error"]["code"]) == (413, "body_too_large")


def test_no_such_route_is_said_in_the_usual_shape(server):
    answer = httpx.post(f"{server}/nowhere/", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.fixture(scope="module")
def prefixed():
    with served(ROOT_PATH="/v1") as url:
        yield url


@pytest.mark.parametrize("endpoint", ["/v1", "/v1/", ""])
def test_comprehends_clients_need_no_slash_at_their_endpoints_end(prefixed, endpoint):
    import boto3

    client = boto3.client(
        "comprehend",
        endpoint_url=f"{prefixed}{endpoint}",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    assert client.detect_sentiment(Text="to the moon", LanguageCode="en")["Sentiment"] == "POSITIVE"


def test_the_page_at_a_bare_prefix_sends_the_browser_to_its_slash(prefixed):
    answer = httpx.get(f"{prefixed}/v1")
    assert (answer.status_code, answer.headers["location"]) == (307, "/v1/")
    assert "<title>" in httpx.get(f"{prefixed}/v1/").text
