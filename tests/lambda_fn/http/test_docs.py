"""/docs: no third party in a page where people type their key."""

import json
import re

import httpx
import pytest

from lambda_fn.http import docs, static
from scripts.vendor import INSTALLED, PACKAGES, files
from tests.conftest import REPOSITORY


def test_the_documentation_has_the_pages_policy(server):
    for path in docs.PATHS:
        answer = httpx.get(f"{server}{path}")
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == static.CONTENT_SECURITY_POLICY
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


@pytest.mark.parametrize("package", PACKAGES)
def test_libraries_are_those_that_npm_has_at_the_pinned_version_with_their_licences(package):
    installed = json.loads((INSTALLED / package / "package.json").read_text())
    pinned = json.loads((REPOSITORY / "package.json").read_text())["devDependencies"]
    assert installed["version"] == pinned[package]
    assert installed["license"] == PACKAGES[package][1]
    for source, served in files(package):
        assert served.read_bytes() == source.read_bytes(), "run python -m scripts.vendor"
    assert "LICENSE" in [served.name for _, served in files(package)]


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize(
    "path", ["swagger/swagger-ui-bundle.js", "swagger/swagger-ui.css", "uplot/uPlot.esm.js", "uplot/uPlot.min.css"]
)
def test_a_librarys_file_is_served_as_it_is(server, path, encoding):
    answer = httpx.get(f"{server}/{path}", headers={"accept-encoding": encoding})
    assert answer.content == (static.HTTP / path).read_bytes()
    assert answer.headers.get("content-encoding", "identity") == encoding


@pytest.mark.browser
def test_the_documentation_works_where_nothing_else_can_be_reached(server, open_page):
    opened = open_page(f"{server}/docs", offline=False)
    opened.wait_for_selector("text=/batch_analyze")
    asked = opened.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert {url for url in asked if not url.startswith((server, "data:"))} == set()
    opened.click('.opblock-summary:has-text("/analyze") >> nth=0')
    opened.click(".try-out__btn")
    opened.click(".execute")
    opened.wait_for_selector(".live-responses-table >> text=x-inference-time")
