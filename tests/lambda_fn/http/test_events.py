"""AWS's events, as its documentation shows them, through `lambda_fn.api.handler`."""

import base64
import gzip
import json
from urllib.parse import urlsplit

import pytest

from tests.comments import NEGATIVE, POSITIVE
from tests.conftest import REPOSITORY

EVENTS = {file.stem: json.loads(file.read_text()) for file in (REPOSITORY / "tests" / "events").glob("*.json")}
# Of a custom domain that maps /v1 to the API.
MAPPED = sorted(name for name in EVENTS if name.endswith("_mapping"))
# An HTTP API's events do not tell the mapping, or not what of the path it is, nor a URL's what CloudFront was asked:
# these need ROOT_PATH (test_mounts.py).
NEED_ROOT_PATH = {"http_api_v1_mapping", "function_url_cloudfront"}
POSTS = sorted(name for name, event in EVENTS.items() if event["body"] and name not in NEED_ROOT_PATH)


class Context:
    """What Lambda's runtime passes beside an event, as far as it is read here."""

    aws_request_id = "8f507cfc-example"

    def __init__(self, remaining_ms: int = 30_000):
        self.remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def handled(event: dict, context: Context | None = None) -> dict:
    from lambda_fn.api import handler

    return handler(event, context or Context())


def content(answer: dict) -> bytes:
    body = answer["body"]
    return base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()


def headers_of(answer: dict) -> dict[str, str]:
    """An ALB with multi-value headers wants them as lists."""
    multiple = {name: values[0] for name, values in answer.get("multiValueHeaders", {}).items()}
    return {**answer.get("headers", {}), **multiple}


def sent(event: dict, path: str, body: bytes, headers: dict[str, str]) -> dict:
    """`event` (HTTP API v2) with another path, body and headers; the body as base64."""
    http = {**event["requestContext"]["http"], "path": path}
    return {
        **event,
        "rawPath": path,
        "headers": {**event["headers"], **headers, "content-length": str(len(body))},
        "requestContext": {**event["requestContext"], "http": http},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


@pytest.mark.parametrize("name", POSTS)
def test_every_kind_of_event_is_answered(name):
    answer = handled(EVENTS[name])
    assert answer["statusCode"] == 200
    assert json.loads(content(answer))["sentiment"]["label"] == "positive"
    assert headers_of(answer)["content-type"] == "application/json"
    assert answer["isBase64Encoded"] is False


@pytest.mark.parametrize("name", ["rest_api", "alb", "alb_multi_value", "http_api_v2_stage"])
def test_query_parameters_arrive(name):
    assert json.loads(content(handled(EVENTS[name])))["sentiment"]["tokens"] > 2


@pytest.mark.parametrize("name", POSTS)
def test_base64_and_plain_bodies_are_the_same(name):
    event = EVENTS[name]
    plain = base64.b64decode(event["body"]).decode() if event["isBase64Encoded"] else event["body"]
    coded = base64.b64encode(plain.encode()).decode()
    answers = [
        handled({**event, "body": body, "isBase64Encoded": is_coded})
        for body, is_coded in ((plain, False), (coded, True))
    ]
    assert content(answers[0]) == content(answers[1])


@pytest.mark.parametrize("name", POSTS)
def test_a_missing_body_is_a_typed_error(name):
    answer = handled({**EVENTS[name], "body": None, "isBase64Encoded": False})
    assert answer["statusCode"] == 422
    assert json.loads(content(answer))["error"]["code"] == "invalid_request"


def test_the_test_button_of_api_gateways_console_works():
    answer = handled(EVENTS["rest_api_console_test"])
    assert (answer["statusCode"], json.loads(content(answer))) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("name", "prefix"), [("http_api_v2_stage", "/prod"), ("rest_api", "/prod"), ("http_api_v2", "")]
)
def test_links_of_the_documentation_carry_the_stage(name, prefix):
    event = json.loads(json.dumps(EVENTS[name]))
    if "httpMethod" in event:
        event |= {"path": "/docs", "httpMethod": "GET", "body": None}
        event["requestContext"]["path"] = "/prod/docs"
    else:
        event["requestContext"]["http"] |= {"path": f"{prefix}/docs", "method": "GET"}
    answer = handled(event)
    assert answer["statusCode"] == 200
    assert f"'{prefix}/openapi.json'" in content(answer).decode()


@pytest.mark.parametrize("path", ["/prod", "/prod/"])
def test_the_page_is_served_at_the_stage(path):
    event = json.loads(json.dumps(EVENTS["http_api_v2_stage"]))
    event["requestContext"]["http"] |= {"path": path, "method": "GET"}
    answer = handled(event)
    if path == "/prod":  # relative links need the slash
        assert answer["statusCode"] == 307
        assert urlsplit(answer["headers"]["location"]).path == "/prod/"
    else:
        assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "text/html; charset=utf-8")


def test_a_stage_named_like_a_route_is_no_confusion():
    event = json.loads(json.dumps(EVENTS["rest_api"]))
    event["requestContext"] |= {"stage": "analyze", "path": "/analyze/analyze"}
    assert handled(event)["statusCode"] == 200


def test_the_request_id_is_api_gateways():
    for name in ("http_api_v2", "rest_api"):
        request_id = EVENTS[name]["requestContext"]["requestId"]
        assert handled(EVENTS[name])["headers"]["x-request-id"] == request_id


def test_gzip_goes_both_ways():
    comments = [{"text": text} for text in (POSITIVE + NEGATIVE) * 8]
    body = gzip.compress(json.dumps(comments).encode())
    event = sent(EVENTS["http_api_v2"], "/batch_analyze", body, {"content-encoding": "gzip", "accept-encoding": "gzip"})
    answer = handled(event)
    assert answer["headers"]["content-encoding"] == "gzip"
    assert answer["isBase64Encoded"]
    assert len(json.loads(gzip.decompress(content(answer)))["sentiment"]) == len(comments)


NDJSON = {"content-type": "application/x-ndjson"}


def test_ndjson_is_buffered():
    body = b'{"text": "to the moon"}\n\n{"text": ""}\n'
    answer = handled(sent(EVENTS["http_api_v2"], "/batch_analyze", body, NDJSON))
    assert answer["isBase64Encoded"] is False
    lines = [json.loads(line) for line in content(answer).splitlines()]
    assert [set(line) for line in lines] == [{"sentiment"}, {"error"}]


@pytest.mark.parametrize("limit", ["request", "response", "time"])
def test_ndjson_that_lambda_cannot_answer_points_to_bulk(monkeypatch, limit):
    from lambda_fn.http import ndjson

    body = b'{"text": "to the moon"}\n' * 400
    if limit == "request":
        body = b'{"text": "%s"}\n' % (b"a " * 15_000) * 200
        assert len(body) > ndjson.LAMBDA_MAX_BYTES
    if limit == "response":  # so that the test need not score a hundred thousand comments
        monkeypatch.setattr(ndjson, "LAMBDA_MAX_BYTES", len(body) + 1)
    context = Context(remaining_ms=1_000 if limit == "time" else 30_000)
    answer = handled(sent(EVENTS["http_api_v2"], "/batch_analyze", body, NDJSON), context)
    error = json.loads(content(answer))["error"]
    assert (answer["statusCode"], error["code"]) == (413, "use_bulk")
    assert "SQS" in error["message"]
