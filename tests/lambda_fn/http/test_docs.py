"""/docs: no third party in a page where people type their key."""

import json
import re

import httpx
import pytest

from lambda_fn.http import docs, page
from scripts.swagger import FILES, INSTALLED, SERVED
from tests.conftest import REPOSITORY
from tests.lambda_fn.http.test_page import browser, open_page  # noqa: F401  # fixtures


def test_the_documentation_has_the_pages_policy(server):
    for path in docs.PATHS:
        answer = httpx.get(f"{server}{path}")
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == page.CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_documentation_loads_nothing_from_elsewhere(server):
    html = httpx.get(f"{server}/docs").text
    assert re.findall(r"""(?:src|href|data-url)=["']([^"']*)""", html) == [
        "data:,",
        "/swagger/swagger-ui.css",
        "/swagger/swagger-ui-bundle.js",
        "/docs.js",
        "/openapi.json",
    ]
    assert "<script>" not in html
    assert " style=" not in html


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_its_files_are_those_that_npm_has_at_the_pinned_version(server, encoding):
    package = json.loads((INSTALLED / "package.json").read_text())
    assert (
        package["version"] == json.loads((REPOSITORY / "package.json").read_text())["devDependencies"][package["name"]]
    )
    assert package["license"] == "Apache-2.0"
    for name in FILES:
        assert (SERVED / name).read_bytes() == (INSTALLED / name).read_bytes(), "run python -m scripts.swagger"
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        answer = httpx.get(f"{server}/swagger/{name}", headers={"accept-encoding": encoding})
        assert answer.content == (INSTALLED / name).read_bytes()
        assert answer.headers.get("content-encoding", "identity") == encoding


@pytest.mark.browser
def test_the_documentation_works_where_nothing_else_can_be_reached(server, open_page):  # noqa: F811
    opened = open_page(f"{server}/docs", offline=False)
    opened.wait_for_selector("text=/batch_analyze")
    asked = opened.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert {url for url in asked if not url.startswith((server, "data:"))} == set()
    opened.click('.opblock-summary:has-text("/analyze") >> nth=0')
    opened.click(".try-out__btn")
    opened.click(".execute")
    opened.wait_for_selector(".live-responses-table >> text=x-inference-time")
