"""Anything at all through the door that Lambda opens: always an answer, never a fault, never an echo in a log."""

import base64
import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lambda_fn.http.test_events import EVENTS, content, handled, sent

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.just("text"), inner, max_size=3)
    ),
    max_leaves=8,
)
MEDIA_TYPES = st.sampled_from(
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-ndjson",
        "application/x-amz-json-1.1",
        "text/html",
    ]
) | st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30)
BODIES = st.binary(max_size=300) | JSON_VALUES.map(lambda value: json.dumps(value).encode())
FUZZ = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def checked(answer: dict) -> None:
    """A status that is no fault, and one of the error shapes."""
    assert answer["statusCode"] < 500, answer["body"]
    if answer["statusCode"] >= 400:
        error = json.loads(content(answer))
        assert set(error) in ({"error"}, {"__type", "Message"})


@given(
    path=st.sampled_from(["/analyze", "/batch_analyze", "/"]) | st.text(max_size=20).map(lambda text: f"/{text}"),
    body=BODIES,
    media_type=MEDIA_TYPES,
    encoding=st.sampled_from(["", "gzip", "identity", "br"]),
    query=st.sampled_from(["", "classes=3", "detail=true&errors=item", "explain=true"]) | st.text("&=%a1", max_size=20),
    target=st.sampled_from(["DetectSentiment", "BatchDetectSentiment", ""]),
)
@FUZZ
def test_any_request_is_answered(path, body, media_type, encoding, query, target):
    headers = {"content-type": media_type, "x-amz-target": f"Comprehend_20171127.{target}"}
    if encoding:
        headers["content-encoding"] = encoding
    checked(handled({**sent(EVENTS["http_api_v2"], path, body, headers), "rawQueryString": query}))


@given(comments=st.lists(st.fixed_dictionaries({"text": st.text(max_size=40)}) | JSON_VALUES, max_size=4))
@FUZZ
def test_any_batch_has_a_result_or_an_error_for_each_comment(comments):
    body = json.dumps(comments).encode()
    event = sent(EVENTS["http_api_v2"], "/batch_analyze", body, {"content-type": "application/json"})
    answer = handled({**event, "rawQueryString": "errors=item"})
    assert answer["statusCode"] == 200
    items = json.loads(content(answer))["sentiment"]
    assert len(items) == len(comments)
    assert all(("label" in item) != ("error" in item) for item in items)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"text":' * 50_000,
        b'{"text": ' + b"9" * 100_000 + b"}",
        b'{"text": 1e999999}',
        b'{"text": NaN}',
        b'{"text": "\\ud800"}',
        b'{"text": "' + b"\\u0000" * 1000 + b'"}',
        b"\x00" * 1000,
        b'{"text": "a", "text": "b"}',
        b"\xef\xbb\xbf{}",
    ],
)
@pytest.mark.parametrize("path", ["/analyze", "/batch_analyze"])
def test_hostile_json_is_answered(path, body):
    checked(handled(sent(EVENTS["http_api_v2"], path, body, {"content-type": "application/json"})))


def test_no_comment_reaches_a_log(caplog):
    caplog.set_level(logging.DEBUG)
    secret = "a-very-private-thought"
    bodies = [
        {"text": secret},
        {"text": secret * 5_000},
        {"txt": secret},
        secret,
        [secret],
    ]
    for path in ("/analyze", "/batch_analyze", "/"):
        for media_type in ("application/json", "application/x-ndjson", "application/x-amz-json-1.1"):
            for body in bodies:
                raw = json.dumps(body).encode()
                event = sent(EVENTS["http_api_v2"], path, raw, {"content-type": media_type})
                assert secret not in content(handled(event)).decode()
                handled(sent(EVENTS["http_api_v2"], path, raw[:-1], {"content-type": media_type}))
    assert secret not in caplog.text
    assert base64.b64encode(secret.encode()).decode()[:16] not in caplog.text
