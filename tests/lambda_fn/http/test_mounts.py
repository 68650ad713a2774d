"""Stages, custom domains with a mapping, balancers and proxies: routes, links and signatures, by the real event."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from mangum import Mangum

from lambda_fn.http import comprehend
from lambda_fn.http.app import create_app
from lambda_fn.http.sigv4 import ACCESS_KEY_ID
from lambda_fn.http.stage import Stage
from lambda_fn.settings import Settings
from tests.conftest import API_KEY, served
from tests.lambda_fn.http.test_events import EVENTS, MAPPED, Context, content, handled

# What the caller asks at, the event that comes of it, and the setting that it takes.
MOUNTS = [
    ("/prod", "http_api_v2_stage", ""),
    ("/prod", "http_api_v2_stage", "/v1"),
    ("/prod", "rest_api", ""),
    ("/prod", "rest_api", "/v1"),
    ("", "http_api_v2", ""),
    ("/v1", "http_api_v1_mapping", "/v1"),
    ("/v1", "http_api_v2_mapping", "/v1"),
    ("/v1", "http_api_v2_stage_mapping", "/v1"),
    ("/v1", "rest_api_mapping", ""),
    ("/v1", "rest_api_mapping", "/v1"),
    ("/v1", "function_url_cloudfront", "/v1"),
    ("", "alb", ""),
    ("/v1", "alb", "/v1"),
]


@pytest.fixture(scope="module")
def handler(classifier):
    """Makes handlers as lambda_fn/api.py does, of other settings."""

    def make(root_path: str = "", **settings):
        app = create_app(Settings(root_path=root_path, aws_lambda_function_memory_size=1769, **settings), classifier)
        served = Mangum(Stage(app, root_path), lifespan="off", text_mime_types=["text/", comprehend.MEDIA_TYPE])
        return lambda event: served(event, Context())

    return make


def asked(name: str, sent: str, method: str, body: str | None = None, headers: dict | None = None) -> dict:
    """The event `name` for another route: `sent` as the routes know it, within the event's own prefix."""
    event = json.loads(json.dumps(EVENTS[name]))
    if "version" in event and event["version"] == "2.0":
        path = event["rawPath"].replace("/analyze", sent)
        event |= {"rawPath": path, "rawQueryString": ""}
        event["requestContext"]["http"] |= {"path": path, "method": method}
    else:
        event |= {"httpMethod": method, "path": event["path"].replace("/analyze", sent)}
        if "path" in event["requestContext"]:
            event["requestContext"]["path"] = event["requestContext"]["path"].replace("/analyze", sent)
        if event.get("pathParameters"):
            event["pathParameters"] = {"proxy": sent.strip("/")} if sent != "/" else None
            event["resource"] = "/{proxy+}" if sent != "/" else "/"
    event.pop("multiValueHeaders", None)
    event.pop("multiValueQueryStringParameters", None)
    event |= {"body": body, "isBase64Encoded": False, "queryStringParameters": None}
    if headers is not None:
        event["headers"] = headers
    return event


@pytest.mark.parametrize(("prefix", "name", "root_path"), MOUNTS)
def test_routes_and_links_are_where_the_caller_is(handler, prefix, name, root_path):
    handle = handler(root_path)
    scored = handle(asked(name, "/analyze", "POST", '{"text": "to the moon"}', {"content-type": "application/json"}))
    assert (scored["statusCode"], json.loads(content(scored))["sentiment"]["label"]) == (200, "positive")
    docs = handle(asked(name, "/docs", "GET"))
    assert docs["statusCode"] == 200
    assert f"data-url='{root_path or prefix}/openapi.json'" in content(docs).decode()
    page = handle(asked(name, "/", "GET"))
    assert (page["statusCode"], page["headers"]["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(("prefix", "name", "root_path"), MOUNTS)
@pytest.mark.parametrize("slash", ["/", ""], ids=["slash", "no slash"])
def test_comprehends_signatures_are_of_the_path_that_the_caller_asked_for(handler, prefix, name, root_path, slash):
    handle = handler(root_path, api_auth="api-key", api_key=API_KEY)
    body = json.dumps({"Text": "to the moon", "LanguageCode": "en"})
    request = AWSRequest(
        "POST",
        f"https://api.example.com{prefix}{slash}",
        data=body,
        headers={
            "host": "api.example.com",
            "content-type": comprehend.MEDIA_TYPE,
            "x-amz-target": f"{comprehend.TARGET}DetectSentiment",
        },
    )
    SigV4Auth(Credentials(ACCESS_KEY_ID, API_KEY), "comprehend", "us-east-1").add_auth(request)
    headers = {key.lower(): value for key, value in request.headers.items()}
    answer = handle(asked(name, "/", "POST", body, headers))
    assert (answer["statusCode"], json.loads(content(answer)).get("Sentiment")) == (200, "POSITIVE"), content(answer)
    headers["authorization"] = headers["authorization"][:-4] + "0000"
    assert handle(asked(name, "/", "POST", body, headers))["statusCode"] == 400


def test_a_rest_apis_mapping_needs_no_setting():
    assert handled(EVENTS["rest_api_mapping"])["statusCode"] == 200
    assert len(MAPPED) == 4


def test_a_mapping_named_like_a_route_is_no_confusion():
    event = json.loads(json.dumps(EVENTS["rest_api_mapping"]))
    event |= {"path": "/analyze/analyze"}
    event["requestContext"]["path"] = "/analyze/analyze"
    assert handled(event)["statusCode"] == 200


@pytest.fixture(scope="module")
def stripping_proxy():
    """A proxy that is asked at /v1/…, and asks the service without /v1; the caller's Host is passed on."""
    with served(ROOT_PATH="/v1", API_AUTH="api-key", API_KEY=API_KEY) as url:

        class Proxy(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                path = self.path.removeprefix("/v1") or "/"
                answer = httpx.request(self.command, f"{url}{path}", content=body, headers=headers)
                self.send_response(answer.status_code)
                for name in ("content-type", "x-amzn-errortype"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        server.server_close()


def test_behind_a_proxy_that_strips_the_prefix_links_have_it(stripping_proxy):
    assert "data-url='/v1/openapi.json'" in httpx.get(f"{stripping_proxy}/docs").text
    scored = httpx.post(f"{stripping_proxy}/analyze", json={"text": "to the moon"}, headers={"x-api-key": API_KEY})
    assert scored.json()["sentiment"]["label"] == "positive"


@pytest.mark.parametrize("slash", ["/", ""])
def test_behind_a_proxy_that_strips_the_prefix_signatures_may_be_of_it(stripping_proxy, slash):
    keys = {"region_name": "us-east-1", "aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": API_KEY}
    client = boto3.client("comprehend", endpoint_url=f"{stripping_proxy}{slash}", **keys)
    assert client.detect_sentiment(Text="to the moon", LanguageCode="en")["Sentiment"] == "POSITIVE"
