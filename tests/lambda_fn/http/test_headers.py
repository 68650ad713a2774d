"""The guard decides once: copies of a header that differ are refused, equal ones are one, and the routes see it."""

import gzip
import json

import pytest

from lambda_fn.http.headers import accepts_gzip, once
from tests.conftest import API_KEY
from tests.lambda_fn.http.test_events import EVENTS, content, handled, sent
from tests.raw_http import ask

JSON, NDJSON = ("content-type", "application/json"), ("content-type", "application/x-ndjson")
MOON = b'{"text": "moon"}'
BATCH = b'[{"text": "moon"}]'
TOO_MANY = json.dumps([{"text": "moon " * 200}] * 2_000).encode()  # two megabytes


@pytest.mark.parametrize("types", [[JSON, NDJSON], [NDJSON, JSON]], ids=["JSON first", "NDJSON first"])
def test_a_second_content_type_does_not_open_the_body_limit(server, types):
    answer = ask(server, "/batch_analyze", types, TOO_MANY)
    assert (answer.status, answer.code) == (400, "conflicting_headers")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/analyze", [JSON, ("content-type", "text/plain")]),
        ("/analyze", [("content-type", "application/json, text/plain")]),
        ("/analyze", [JSON, ("content-type", "application/json; charset=latin-1")]),
        ("/analyze", [JSON, ("content-encoding", "gzip"), ("content-encoding", "identity")]),
        ("/analyze", [JSON, ("content-encoding", "identity"), ("Content-Encoding", "gzip")]),
        ("/analyze", [JSON, ("authorization", "a"), ("authorization", "b")]),
        ("/analyze", [JSON, ("x-api-key", "a"), ("X-API-Key", "b")]),
        ("/batch_analyze", [JSON, ("x-amz-target", "a"), ("x-amz-target", "b")]),
    ],
)
def test_copies_that_differ_are_refused(server, path, headers):
    answer = ask(server, path, headers, MOON)
    assert (answer.status, answer.code) == (400, "conflicting_headers")
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "headers",
    [
        [("content-length", "16"), ("content-length", "17")],
        [("content-length", "16"), ("content-length", "16")],  # no gateway sends it twice
        [("content-length", "16, 17")],
        [("content-length", "16"), ("transfer-encoding", "chunked")],
        [("transfer-encoding", "chunked"), ("content-length", "0")],
        [("transfer-encoding", "chunked"), ("transfer-encoding", "identity")],
        [("transfer-encoding", "gzip, chunked")],
        [("transfer-encoding", "chunked, chunked")],
        [("content-length", "-1")],
        [("content-length", "+16")],
        [("content-length", "0x10")],
    ],
)
def test_a_body_whose_end_is_in_doubt_is_refused(server, headers):
    body = b"10\r\n" + MOON + b"\r\n0\r\n\r\n" if "transfer" in str(headers) else MOON
    answer = ask(server, "/analyze", [JSON, *headers], body)
    assert (answer.status, answer.code) in {(400, "invalid_http"), (400, "conflicting_headers")}


@pytest.mark.parametrize(
    "headers",
    [
        [JSON, JSON],
        [("content-type", "application/json,application/json")],
        [("content-type", "application/json; charset=utf-8, application/json; charset=utf-8")],
        [("content-type", "application/json"), ("content-type", "Application/JSON")],
        [("content-type", "application/json; charset=us-ascii")],
        [("content-type", 'application/json; charset="UTF-8"; charset=utf-8')],
        [JSON, ("content-encoding", "identity"), ("content-encoding", "identity")],
        [JSON, ("content-encoding", "identity, identity")],
    ],
)
def test_the_same_value_twice_is_taken(server, headers):
    assert ask(server, "/analyze", headers, MOON).status == 200


@pytest.mark.parametrize("value", ["gzip", "gzip, gzip", "GZIP", "identity, gzip", "gzip,aws-chunked", "x-gzip"])
def test_gzip_is_known_by_any_spelling(server, value):
    answer = ask(server, "/analyze", [JSON, ("content-encoding", value)], gzip.compress(MOON))
    assert answer.status == 200


@pytest.mark.parametrize("value", ["br", "gzip, br", "deflate", "zstd", "gzip; q=1"])
def test_any_other_coding_is_refused(server, value):
    answer = ask(server, "/analyze", [JSON, ("content-encoding", value)], gzip.compress(MOON))
    assert (answer.status, answer.code) == (415, "unsupported_encoding")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("x-api-key", API_KEY)], 200),
        ([("x-api-key", API_KEY), ("x-api-key", API_KEY)], 200),
        ([("x-api-key", f"{API_KEY}, {API_KEY}")], 200),
        ([("x-api-key", API_KEY), ("x-api-key", "wrong")], 400),
        ([("x-api-key", "wrong"), ("x-api-key", API_KEY)], 400),
        ([("x-api-key", f"{API_KEY}, wrong")], 401),
        ([("x-api-key", f"wrong,{API_KEY}")], 401),
    ],
)
def test_a_key_beside_another_is_no_key(keyed_server, headers, status):
    assert ask(keyed_server, "/analyze", [JSON, *headers], MOON).status == status


@pytest.mark.parametrize("first", ["application/json", "application/x-ndjson"])
def test_lambda_decides_as_the_server_does(first):
    """REST APIs hand on every copy, HTTP APIs join them."""
    second = {"application/json": "application/x-ndjson"}.get(first, "application/json")
    context = {**EVENTS["rest_api"]["requestContext"], "path": "/prod/batch_analyze"}
    event = {**EVENTS["rest_api"], "path": "/batch_analyze", "body": BATCH.decode(), "requestContext": context}
    event["multiValueHeaders"] = {"content-type": [first, second]}
    assert handled(event)["statusCode"] == 400
    event["multiValueHeaders"] = {"content-type": ["application/json", "application/json"]}
    assert handled(event)["statusCode"] == 200
    joined = sent(EVENTS["http_api_v2"], "/batch_analyze", BATCH, {"content-type": f"{first},{second}"})
    assert json.loads(content(handled(joined)))["error"]["code"] == "conflicting_headers"


@pytest.mark.parametrize(
    ("header", "compressed"),
    [
        ("gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, identity", False),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("*;q=0", False),
        ("br", False),
        ("x-gzip", True),
        ("gzip;q=nonsense", False),
    ],
)
def test_the_answer_is_compressed_only_for_who_wants_it(server, header, compressed):
    body = json.dumps([{"text": "moon"}] * 64).encode()
    answer = ask(server, "/batch_analyze", [JSON, ("accept-encoding", header)], body)
    assert (answer.headers.get("content-encoding") == "gzip") == compressed == accepts_gzip(header)
    assert len(json.loads(gzip.decompress(answer.content) if compressed else answer.content)["sentiment"]) == 64


@pytest.mark.parametrize(
    ("joined", "single"),
    [("a, a", "a"), ("a,a,a", "a"), ("a, b", "a, b"), ("C=x, S=y,C=x, S=y", "C=x, S=y"), (" a ", "a"), ("a,", "a,")],
)
def test_what_a_gateway_joined_is_taken_apart(joined, single):
    assert once(joined) == single
