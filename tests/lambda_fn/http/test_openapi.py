"""The OpenAPI document: the committed copy is current, and the running service keeps what it promises."""

import json
import re

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from scripts.openapi import DOCUMENT, current
from tests.conftest import REPOSITORY

STALE = "docs/openapi.json is stale: run python -m scripts.openapi"


def test_the_committed_document_is_current():
    assert DOCUMENT == REPOSITORY / "docs" / "openapi.json"
    assert DOCUMENT.read_text() == current(), STALE


def test_the_service_serves_the_committed_document(server):
    assert httpx.get(f"{server}/openapi.json").json() == json.loads(DOCUMENT.read_text()), STALE


@schemathesis.serializer("application/x-ndjson")
def ndjson(context, value):
    return value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.serializer("application/x-amz-json-1.1")
def aws_json(context, value):
    return json.dumps(value).encode()


@schemathesis.deserializer("application/x-amz-json-1.1")
def from_aws_json(context, response):
    return json.loads(response.content)


@schemathesis.deserializer("application/x-ndjson")
def from_ndjson(context, response):
    return response.content.decode()


@schemathesis.openapi.from_path(DOCUMENT).parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_documented(case, server):
    """Schemathesis makes up requests, right and wrong ones, and checks status, headers and body of each answer."""
    # Comprehend's one route serves two operations, by a header; OpenAPI cannot say which body goes with which.
    excluded = [positive_data_acceptance] if case.operation.label == "POST /" else []
    if "/mood" in case.operation.label:  # OpenAPI cannot say which texts are times, or lines of a rollup
        excluded = [positive_data_acceptance]
    # A bad comment gets its error in a 200.
    if case.query.get("errors") == "item" or case.operation.label == "POST /score":
        excluded = [negative_data_rejection]
    case.call_and_validate(base_url=server, timeout=60, excluded_checks=excluded)


@pytest.mark.parametrize("text", ["moon", "\n\nmoon", "m", " \n\U0001f680\n", "moon\n", "\u200bx", "\u6bd4\n"])
def test_the_documents_pattern_means_the_same_searched_matched_or_matched_whole(text):
    pattern = json.loads(DOCUMENT.read_text())["components"]["schemas"]["Comment"]["properties"]["text"]["pattern"]
    assert re.search(pattern, text)
    assert re.match(pattern, text)
    assert re.fullmatch(pattern, text)
    assert not re.search(pattern, text.translate(dict.fromkeys(map(ord, "mon\U0001f680x\u6bd4"))))


def test_operations_have_short_names():
    paths = json.loads(DOCUMENT.read_text())["paths"]
    names = {operation["operationId"] for operations in paths.values() for operation in operations.values()}
    assert names >= {"analyze", "batch_analyze", "health", "info", "page", "comprehend"}
    assert not [name for name in names if re.search("_(get|post)$", name)]
