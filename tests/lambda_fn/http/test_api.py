"""The API as its callers meet it: over HTTP from uvicorn, and through API Gateway's events."""

import base64
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from lambda_fn.contract import Cors
from tests.comments import LONG, NEGATIVE, ODD, POSITIVE
from tests.conftest import API_KEY

EVENT = json.loads((Path(__file__).parents[2] / "events" / "http_api_v2.json").read_text())


def error_code(response: httpx.Response) -> str:
    """The code of an error in its one shape."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["message"]
    return body["error"]["code"]


def test_analyze_answers_in_the_shape_old_clients_know(server):
    response = httpx.post(f"{server}/analyze", json={"text": "Crypto to the moon!"})
    assert response.status_code == 200
    sentiment = response.json()["sentiment"]
    assert set(response.json()) == {"sentiment"}
    assert set(sentiment) == {"label", "score"}
    assert sentiment["label"] == "positive"
    assert 0.5 <= sentiment["score"] <= 1


def test_batch_answers_in_order_and_as_each_alone(server):
    texts = POSITIVE + NEGATIVE
    together = httpx.post(f"{server}/batch_analyze", json=[{"text": text} for text in texts]).json()["sentiment"]
    for text, scored in zip(texts, together, strict=True):
        alone = httpx.post(f"{server}/analyze", json={"text": text}).json()["sentiment"]
        assert scored["label"] == alone["label"]
        assert scored["score"] == pytest.approx(alone["score"], abs=0.001)


def test_an_empty_batch_is_an_empty_answer(server):
    assert httpx.post(f"{server}/batch_analyze", json=[]).json() == {"sentiment": []}


def test_fields_we_do_not_know_are_ignored(server):
    assert httpx.post(f"{server}/analyze", json={"text": "to the moon", "id": "i1"}).status_code == 200


def test_headers_tell_tokens_time_revision_and_id(server):
    response = httpx.post(f"{server}/analyze", json={"text": "to the moon"}, headers={"x-request-id": "mine-1"})
    assert response.headers["x-request-id"] == "mine-1"
    assert int(response.headers["x-compute-tokens"]) == 5  # [CLS] to the moon [SEP]
    assert response.headers["x-truncated"] == "0"
    assert 0 < float(response.headers["x-inference-time"]) <= float(response.headers["x-total-time"])
    assert response.headers["x-model-revision"] == httpx.get(f"{server}/info").json()["revision"]


def test_a_hostile_request_id_is_replaced(server):
    response = httpx.get(f"{server}/health", headers={"x-request-id": "a" * 5000})
    assert len(response.headers["x-request-id"]) == 32


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_comments_get_a_result_or_a_typed_error(server, text):
    response = httpx.post(
        f"{server}/analyze", content=json.dumps({"text": text}), headers={"content-type": "application/json"}
    )
    if len(text) > 40_000:
        assert (response.status_code, error_code(response)) == (413, "text_too_long")
    else:
        assert response.status_code == 200


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("route", "body", "headers", "status", "code"),
    [
        ("/analyze", b'{"text": "moo', JSON, 400, "invalid_json"),
        ("/analyze", b"", JSON, 422, "invalid_request"),
        ("/analyze", b"\xff\xfe{}", JSON, 400, "invalid_json"),
        ("/analyze", b"[" * 100_000, JSON, 400, "invalid_json"),
        ("/analyze", b'{"text": ' + b"9" * 10_000 + b"}", JSON, 400, "invalid_json"),
        ("/analyze", b'{"text": "moon"}', {"content-type": "text/plain"}, 415, "unsupported_media_type"),
        ("/analyze", b'{"text": "moon"}', {}, 415, "unsupported_media_type"),
        (
            "/analyze",
            b'{"text": "moon"}',
            {"content-type": "application/json; charset=latin-1"},
            415,
            "unsupported_charset",
        ),
        ("/analyze", b"{}", JSON, 422, "invalid_request"),
        ("/analyze", b'"moon"', JSON, 422, "invalid_request"),
        ("/analyze", b'{"text": null}', JSON, 422, "text_not_string"),
        ("/analyze", b'{"text": 7}', JSON, 422, "text_not_string"),
        ("/analyze", b'{"text": ""}', JSON, 422, "text_empty"),
        ("/analyze", b'{"text": " \\n "}', JSON, 422, "text_empty"),
        ("/analyze", b'{"text": "%s"}' % (b"a" * 50_000), JSON, 413, "text_too_long"),
        ("/analyze", b" " * 1_100_000, JSON, 413, "body_too_large"),
        ("/batch_analyze", b'{"text": "moon"}', JSON, 422, "invalid_request"),
        ("/batch_analyze", b'[{"text": "moon"}, {"text": ""}]', JSON, 422, "text_empty"),
        ("/batch_analyze", json.dumps([{"text": "moon"}] * 513).encode(), JSON, 413, "batch_too_large"),
        ("/nowhere", b"{}", JSON, 404, "not_found"),
    ],
)
def test_bad_requests_are_typed_errors(server, route, body, headers, status, code):
    response = httpx.post(f"{server}{route}", content=body, headers=headers)
    assert (response.status_code, error_code(response)) == (status, code)
    assert response.headers["x-request-id"]


def test_an_error_in_a_batch_says_which_comment(server):
    response = httpx.post(f"{server}/batch_analyze", json=[{"text": "moon"}, {"text": ""}])
    assert response.json()["error"]["message"].startswith("body[1].text")


def test_the_wrong_method_is_a_typed_error(server):
    response = httpx.get(f"{server}/analyze")
    assert (response.status_code, error_code(response)) == (405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


def test_a_body_too_large_is_refused_before_it_is_sent(server):
    address = urlsplit(server)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(
            b"POST /analyze HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 99999999999\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_limits_come_from_the_environment(tight_server):
    limits = httpx.get(f"{tight_server}/info").json()["limits"]
    assert (limits["batch_comments"], limits["text_chars"], limits["body_bytes"]) == (2, 10, 256)
    assert error_code(httpx.post(f"{tight_server}/batch_analyze", json=[{"text": "a"}] * 3)) == "batch_too_large"
    assert error_code(httpx.post(f"{tight_server}/analyze", json={"text": "a" * 11})) == "text_too_long"
    assert error_code(httpx.post(f"{tight_server}/analyze", json={"text": "a" * 300})) == "body_too_large"


def test_three_classes_on_request(server):
    question = {"text": "What is the difference between a hot wallet and a cold wallet?"}
    three = httpx.post(f"{server}/analyze", params={"classes": 3, "detail": True}, json=question).json()["sentiment"]
    two = httpx.post(f"{server}/analyze", json=question).json()["sentiment"]
    assert three["label"] == "neutral"
    assert three["score"] == max(three["probabilities"].values())
    assert two["label"] in ("negative", "positive")


def test_detail_only_adds(server):
    plain = httpx.post(f"{server}/analyze", json={"text": LONG}).json()
    detailed = httpx.post(f"{server}/analyze", params={"detail": "true"}, json={"text": LONG}).json()
    assert detailed["sentiment"].items() > plain["sentiment"].items()
    assert sum(detailed["sentiment"]["probabilities"].values()) == pytest.approx(1, abs=0.001)
    assert detailed["sentiment"]["truncated"] is True
    assert detailed["sentiment"]["tokens"] == httpx.get(f"{server}/info").json()["limits"]["model_tokens"]
    assert detailed["model"]["revision"] == httpx.get(f"{server}/info").json()["revision"]


def test_detail_of_a_batch(server):
    answer = httpx.post(
        f"{server}/batch_analyze", params={"detail": 1}, json=[{"text": "moon"}, {"text": "the moon"}]
    ).json()
    assert [item["tokens"] for item in answer["sentiment"]] == [3, 4]
    assert set(answer["model"]) == {"name", "revision"}


def test_errors_of_single_comments_on_request(server):
    batch = [{"text": "to the moon"}, {"text": ""}, {"txt": "moon"}, 7, {"text": "a" * 50_000}, {"text": "a scam"}]
    items = httpx.post(f"{server}/batch_analyze", params={"errors": "item"}, json=batch).json()["sentiment"]
    assert [item.get("label") or item["error"]["code"] for item in items] == [
        "positive",
        "text_empty",
        "invalid_request",
        "invalid_request",
        "text_too_long",
        "negative",
    ]


@pytest.mark.parametrize("query", ["classes=4", "classes=x", "detail=perhaps", "explain=2", "classes="])
def test_a_wrong_query_parameter_is_a_typed_error(server, query):
    response = httpx.post(f"{server}/analyze?{query}", json={"text": "moon"})
    assert (response.status_code, error_code(response)) == (422, "invalid_request")
    assert f"query.{query.partition('=')[0]}" in response.json()["error"]["message"]


def test_the_key_is_asked_for(keyed_server):
    comment = {"text": "to the moon"}
    missing = httpx.post(f"{keyed_server}/analyze", json=comment)
    wrong = httpx.post(f"{keyed_server}/analyze", json=comment, headers={"x-api-key": "a-guess"})
    right = httpx.post(f"{keyed_server}/analyze", json=comment, headers={"x-api-key": API_KEY})
    assert (missing.status_code, error_code(missing)) == (401, "missing_api_key")
    assert (wrong.status_code, error_code(wrong)) == (401, "wrong_api_key")
    assert missing.headers["www-authenticate"]
    assert right.status_code == 200


@pytest.mark.parametrize("path", ["/analyze", "/batch_analyze", "/info", "/nowhere", "/docs/x"])
def test_nothing_is_told_to_a_caller_without_the_key(keyed_server, path):
    for method in ("GET", "POST", "PUT", "OPTIONS"):
        assert httpx.request(method, f"{keyed_server}{path}").status_code == 401


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/health", "/docs", "/openapi.json"])
def test_some_paths_are_open(keyed_server, path):
    assert httpx.get(f"{keyed_server}{path}").status_code == 200


def test_a_page_of_an_allowed_origin_may_ask_and_read_the_refusal(keyed_server):
    """A preflight cannot carry a key; and without its header a browser would hide the 401 from the page."""
    origin = {"origin": "https://example.com"}
    asked = {**origin, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
    preflight = httpx.options(f"{keyed_server}/analyze", headers=asked)
    refused = httpx.post(f"{keyed_server}/analyze", json={"text": "moon"}, headers=origin)
    stranger = httpx.options(f"{keyed_server}/analyze", headers={**asked, "origin": "https://example.org"})
    assert (preflight.status_code, refused.status_code, stranger.status_code) == (200, 401, 400)
    for answer in (preflight, refused):
        assert answer.headers["access-control-allow-origin"] == "https://example.com"


def test_the_key_is_checked_before_any_of_the_body_is_read(keyed_server):
    address = urlsplit(keyed_server)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(
            b"POST /batch_analyze HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 1000000\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


def test_info_tells_what_runs(server):
    info = httpx.get(f"{server}/info").json()
    assert info["labels"] == ["negative", "neutral", "positive"]
    assert info["model"] == "distilbert-crypto-sentiment"
    assert info["threads"] == 1
    assert info["limits"]["model_tokens"] >= 128


def test_swagger_and_its_document_are_served(server):
    assert "swagger" in httpx.get(f"{server}/docs").text.lower()
    paths = httpx.get(f"{server}/openapi.json").json()["paths"]
    assert set(paths) >= {"/analyze", "/batch_analyze", "/health", "/info"}
    assert set(paths["/analyze"]["post"]["responses"]) >= {"200", "400", "413", "415", "422", "500"}


class Context:
    """What Lambda's Python runtime passes beside an event, as far as Mangum reads it."""

    aws_request_id = "8f507cfc-example"


def through_api_gateway(**changes) -> dict:
    from lambda_fn.api import handler

    return handler({**EVENT, **changes}, Context())


def test_an_api_gateway_event_is_answered():
    answer = through_api_gateway()
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["sentiment"]["label"] == "positive"
    assert answer["headers"]["content-type"] == "application/json"
    assert answer["headers"]["x-request-id"] == EVENT["requestContext"]["requestId"]


def test_a_base64_body_is_the_same_body():
    body = base64.b64encode(EVENT["body"].encode()).decode()
    assert through_api_gateway(body=body, isBase64Encoded=True)["body"] == through_api_gateway()["body"]


def test_an_event_without_a_body_is_a_typed_error():
    answer = through_api_gateway(body=None)
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["error"]["code"] == "invalid_request"


def test_a_fault_is_a_typed_500_and_logs_no_comment(monkeypatch, caplog):
    """A mock stands here because the real classifier does not fail."""
    from lambda_fn import api

    def fail(texts):
        raise RuntimeError(f"cannot score {texts}")

    monkeypatch.setattr(api.app.state.classifier, "classify", fail)
    answer = through_api_gateway(body=json.dumps({"text": "a secret thought"}))
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["error"]["code"] == "internal_error"
    assert answer["headers"]["x-request-id"] in caplog.text
    assert "RuntimeError at" in caplog.text
    assert "secret" not in caplog.text + answer["body"]


@pytest.mark.parametrize("header", Cors.ALLOW_HEADERS)
def test_a_page_of_an_allowed_origin_may_send_what_the_contract_lists(keyed_server, header):
    asked = {"origin": "https://example.com", "access-control-request-method": "POST"}
    answer = httpx.options(f"{keyed_server}/", headers={**asked, "access-control-request-headers": header})
    assert answer.status_code == 200
    assert header in answer.headers["access-control-allow-headers"]


def test_a_page_of_an_allowed_origin_may_read_what_the_contract_lists(keyed_server):
    answer = httpx.get(f"{keyed_server}/health", headers={"origin": "https://example.com"})
    assert set(answer.headers["access-control-expose-headers"].split(", ")) == set(Cors.EXPOSE_HEADERS)
