"""Amazon Comprehend's clients against this service: boto3 itself, over HTTP, in each way to authenticate."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import boto3
import botocore.auth
import httpx
import pytest
from botocore.config import Config

from lambda_fn.http.sigv4 import Signature, SignatureRefused
from tests.comments import LONG, NEGATIVE, POSITIVE
from tests.conftest import API_KEY as KEY


def comprehend(url: str, secret: str = KEY, access_key_id: str = "crypto-sentiment"):
    return boto3.client(
        "comprehend",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


@pytest.fixture(scope="module")
def client(server):
    return comprehend(server)


def test_detect_sentiment(client):
    answer = client.detect_sentiment(Text="Crypto to the moon!", LanguageCode="en")
    assert answer["Sentiment"] == "POSITIVE"
    scores = answer["SentimentScore"]
    assert set(scores) == {"Positive", "Negative", "Neutral", "Mixed"}
    assert sum(scores.values()) == pytest.approx(1, abs=1e-5)
    assert scores["Positive"] == max(scores.values())
    assert answer["ResponseMetadata"]["RequestId"]


def test_neutral_is_a_class(client):
    question = "What is the difference between a hot wallet and a cold wallet?"
    assert client.detect_sentiment(Text=question, LanguageCode="en")["Sentiment"] == "NEUTRAL"


def test_batch_gives_results_and_errors_with_their_index(client):
    texts = [POSITIVE[0], " ", NEGATIVE[1], "a" * 5001, POSITIVE[2]]
    answer = client.batch_detect_sentiment(TextList=texts, LanguageCode="en")
    assert [(item["Index"], item["Sentiment"]) for item in answer["ResultList"]] == [
        (0, "POSITIVE"),
        (2, "NEGATIVE"),
        (4, "POSITIVE"),
    ]
    assert [(item["Index"], item["ErrorCode"]) for item in answer["ErrorList"]] == [
        (1, "InvalidRequestException"),
        (3, "TextSizeLimitExceededException"),
    ]


def test_a_document_is_scored_in_a_batch_as_alone(client):
    alone = client.detect_sentiment(Text=NEGATIVE[0], LanguageCode="en")
    batch = client.batch_detect_sentiment(TextList=[*POSITIVE, NEGATIVE[0]], LanguageCode="en")
    last = batch["ResultList"][-1]
    assert last["Sentiment"] == alone["Sentiment"]
    assert last["SentimentScore"]["Negative"] == pytest.approx(alone["SentimentScore"]["Negative"], abs=0.001)


def test_more_than_500_characters_are_read(client):
    """Comprehend itself reads the first 500 only."""
    start = "There is a wallet and there is an exchange and there is a ledger. " * 8
    assert len(start) > 500
    neutral = client.detect_sentiment(Text=start, LanguageCode="en")["SentimentScore"]
    angry = client.detect_sentiment(
        Text=start + "This coin is a total scam, the worst garbage, I lost everything.", LanguageCode="en"
    )["SentimentScore"]
    assert angry["Negative"] > neutral["Negative"] + 0.2


@pytest.mark.parametrize(
    ("operation", "parameters", "error"),
    [
        ("detect_sentiment", {"Text": "a" * 5001, "LanguageCode": "en"}, "TextSizeLimitExceededException"),
        ("detect_sentiment", {"Text": "é" * 2501, "LanguageCode": "en"}, "TextSizeLimitExceededException"),
        ("detect_sentiment", {"Text": "hola", "LanguageCode": "es"}, "UnsupportedLanguageException"),
        ("detect_sentiment", {"Text": "", "LanguageCode": "en"}, "InvalidRequestException"),
        ("batch_detect_sentiment", {"TextList": ["a"] * 26, "LanguageCode": "en"}, "BatchSizeLimitExceededException"),
    ],
)
def test_limits_raise_comprehends_own_exceptions(client, operation, parameters, error):
    with pytest.raises(getattr(client.exceptions, error)):
        getattr(client, operation)(**parameters)


@pytest.mark.parametrize(
    ("operation", "parameters", "error"),
    [
        ("detect_sentiment", {"Text": "moon", "LanguageCode": "xx"}, "ValidationException"),
        ("detect_sentiment", {"LanguageCode": "en"}, "InvalidRequestException"),
        ("batch_detect_sentiment", {"TextList": [], "LanguageCode": "en"}, "ValidationException"),
        ("detect_dominant_language", {"Text": "moon"}, "UnknownOperationException"),
    ],
)
def test_other_errors_have_a_name_and_a_message(client, operation, parameters, error):
    with pytest.raises(client.exceptions.ClientError) as raised:
        getattr(client, operation)(**parameters)
    assert raised.value.response["Error"]["Code"] == error
    assert raised.value.response["Error"]["Message"]


def test_exactly_5000_bytes_and_25_documents_are_allowed(client):
    answer = client.batch_detect_sentiment(TextList=[LONG[:4999] + "a"] + ["to the moon"] * 24, LanguageCode="en")
    assert len(answer["ResultList"]) == 25


@pytest.mark.parametrize(
    ("body", "content_type", "status", "name"),
    [
        (b'{"Text": "moo', "application/x-amz-json-1.1", 400, "SerializationException"),
        (b"[" * 50_000, "application/x-amz-json-1.1", 400, "SerializationException"),
        (b'["moon"]', "application/x-amz-json-1.1", 400, "SerializationException"),
        (b"{}", "text/plain", 415, "InvalidRequestException"),
        (b" " * 1_100_000, "application/x-amz-json-1.1", 413, "RequestEntityTooLargeException"),
    ],
)
def test_a_broken_call_gets_an_error_in_aws_shape(server, body, content_type, status, name):
    headers = {"content-type": content_type, "x-amz-target": "Comprehend_20171127.DetectSentiment"}
    response = httpx.post(f"{server}/", content=body, headers=headers)
    assert (response.status_code, response.json()["__type"]) == (status, name)
    assert response.headers["x-amzn-errortype"] == name


def test_with_an_api_key_the_signature_is_verified(keyed_server):
    answer = comprehend(keyed_server).detect_sentiment(Text="Crypto to the moon! 🚀 é", LanguageCode="en")
    assert answer["Sentiment"] == "POSITIVE"


@pytest.mark.parametrize(
    ("secret", "access_key_id", "error"),
    [
        ("another-key", "crypto-sentiment", "InvalidSignatureException"),
        (KEY, "AKIAIOSFODNN7EXAMPLE", "UnrecognizedClientException"),
    ],
)
def test_a_wrong_secret_or_a_real_aws_identity_is_refused(keyed_server, secret, access_key_id, error):
    client = comprehend(keyed_server, secret, access_key_id)
    with pytest.raises(client.exceptions.ClientError) as raised:
        client.detect_sentiment(Text="to the moon", LanguageCode="en")
    assert raised.value.response["Error"]["Code"] == error
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("headers", [{}, {"x-api-key": KEY}, {"authorization": "Basic abc"}])
def test_an_unsigned_call_is_refused_where_a_key_is_asked_for(keyed_server, headers):
    response = httpx.post(
        f"{keyed_server}/",
        json={"Text": "moon", "LanguageCode": "en"},
        headers={
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "Comprehend_20171127.DetectSentiment",
            **headers,
        },
    )
    assert response.status_code == 400
    assert response.json()["__type"] in ("MissingAuthenticationTokenException", "IncompleteSignatureException")


def test_under_iam_the_route_is_off(tight_server):
    client = comprehend(tight_server)
    with pytest.raises(client.exceptions.ClientError, match="API_AUTH=iam") as raised:
        client.detect_sentiment(Text="to the moon", LanguageCode="en")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert httpx.post(f"{tight_server}/analyze", json={"text": "moon"}).status_code == 200


def signed(path: str = "/", body: bytes = b"{}", service: str = "comprehend", **context) -> dict[str, str]:
    """The headers of a request that botocore has signed."""
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("POST", f"https://example.com{path}", {"X-Amz-Target": "t", **context}, body)
    botocore.auth.SigV4Auth(Credentials("crypto-sentiment", KEY), service, "eu-west-1").add_auth(request)
    return {"host": "example.com", **{name.lower(): value for name, value in request.headers.items()}}


def test_a_signature_covers_key_path_body_and_signed_headers():
    headers = signed("/prod/", b'{"Text": "moon"}')
    signature = Signature.parse(headers)
    key = KEY.encode()
    assert signature.proves(key, "POST", "/prod/", b'{"Text": "moon"}')
    assert not signature.proves(b"other", "POST", "/prod/", b'{"Text": "moon"}')
    assert not signature.proves(key, "POST", "/", b'{"Text": "moon"}')
    assert not signature.proves(key, "POST", "/prod/", b'{"Text": "doom"}')
    assert not Signature.parse({**headers, "x-amz-target": "u"}).proves(key, "POST", "/prod/", b'{"Text": "moon"}')


def test_a_claimed_body_hash_is_not_believed():
    from hashlib import sha256

    headers = signed(body=b"one", **{"X-Amz-Content-SHA256": sha256(b"one").hexdigest()})
    signature = Signature.parse(headers)
    assert signature.proves(KEY.encode(), "POST", "/", b"one")
    assert not signature.proves(KEY.encode(), "POST", "/", b"two")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_signature_is_good_for_a_quarter_of_an_hour(minutes):
    headers = signed()
    Signature.parse(headers, datetime.now(UTC) + timedelta(minutes=minutes * 0.9))
    with pytest.raises(SignatureRefused, match="15 minutes"):
        Signature.parse(headers, datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda h: h.pop("authorization"), "MissingAuthenticationTokenException"),
        (lambda h: h.update(authorization="AWS4-HMAC-SHA256 Credential=x"), "IncompleteSignatureException"),
        (lambda h: h.pop("x-amz-date"), "IncompleteSignatureException"),
        (lambda h: h.update({"x-amz-date": "20269999T999999Z"}), "InvalidSignatureException"),
        (lambda h: h.pop("x-amz-target"), "IncompleteSignatureException"),
        (lambda h: h.update(authorization=h["authorization"].replace("host;", "")), "IncompleteSignatureException"),
        (
            lambda h: h.update(authorization=h["authorization"].replace(";x-amz-target", "")),
            "IncompleteSignatureException",
        ),
    ],
)
def test_a_malformed_signature_is_refused_before_the_body(change, name):
    headers = signed()
    change(headers)
    with pytest.raises(SignatureRefused) as raised:
        Signature.parse(headers)
    assert raised.value.name == name


def test_a_signature_for_another_service_is_refused():
    with pytest.raises(SignatureRefused, match="comprehend"):
        Signature.parse(signed(service="execute-api"))


@pytest.fixture
def keyed_app():
    """The app in this process, asking for the key."""
    from lambda_fn import api
    from lambda_fn.http.auth import ApiKeyAuth
    from lambda_fn.settings import Settings

    before = api.app.state.auth
    api.app.state.auth = ApiKeyAuth(Settings(api_auth="api-key", api_key=KEY))
    yield api
    api.app.state.auth = before


@pytest.mark.parametrize("stage_in_path", [True, False], ids=["HTTP API", "REST API"])
def test_a_call_signed_for_a_stage_is_verified_behind_it(keyed_app, stage_in_path):
    """boto3 signs the path that it sends, which begins with API Gateway's stage."""
    from tests.lambda_fn.http.test_api import Context

    body = json.dumps({"Text": "to the moon", "LanguageCode": "en"}).encode()
    headers = signed(
        "/prod/",
        body,
        **{
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "Comprehend_20171127.DetectSentiment",
        },
    )
    event = {
        "version": "2.0",
        "rawPath": "/prod/",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "stage": "prod",
            "http": {"method": "POST", "path": "/prod/", "sourceIp": "203.0.113.7"},
            "requestId": "id-1",
        },
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    if not stage_in_path:
        event = {
            "resource": "/",
            "path": "/",
            "httpMethod": "POST",
            "headers": headers,
            "requestContext": {"stage": "prod", "path": "/prod/", "identity": {"sourceIp": "203.0.113.7"}},
            "body": body.decode(),
            "isBase64Encoded": False,
        }
    answer = keyed_app.handler(event, Context())
    assert answer["statusCode"] == 200, answer["body"]
    assert json.loads(answer["body"])["Sentiment"] == "POSITIVE"


TWO_COINS = "🚀 Got rid of all my ETH, ethereum is garbage, and bought SOL, which I love"


def check_shape(value, shape):
    """Every member that `value` has is one of the service model's, and of its type; no member is missing."""
    if shape.type_name == "structure":
        assert isinstance(value, dict)
        assert set(value) == set(shape.members), shape.name
        for name, member in value.items():
            check_shape(member, shape.members[name])
    elif shape.type_name == "list":
        assert isinstance(value, list)
        for item in value:
            check_shape(item, shape.member)
    elif shape.type_name == "string":
        assert isinstance(value, str)
        assert not shape.enum or value in shape.enum
    else:
        assert type(value) is {"float": float, "integer": int}[shape.type_name], (shape.name, value)


def raw_answer(server, operation: str, payload: dict) -> dict:
    """What is on the wire: botocore itself drops members that it does not know, and checks no types."""
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"Comprehend_20171127.{operation}"}
    return httpx.post(server, json=payload, headers=headers).raise_for_status().json()


@pytest.mark.parametrize(
    ("operation", "payload"),
    [
        ("DetectSentiment", {"Text": TWO_COINS}),
        ("DetectTargetedSentiment", {"Text": TWO_COINS}),
        ("DetectTargetedSentiment", {"Text": "no coin at all"}),
        ("BatchDetectSentiment", {"TextList": [TWO_COINS, " "]}),
        ("BatchDetectTargetedSentiment", {"TextList": [TWO_COINS, " ", "gm"]}),
    ],
)
def test_answers_have_the_service_models_shapes(server, client, operation, payload):
    shape = client.meta.service_model.operation_model(operation).output_shape
    check_shape(raw_answer(server, operation, {**payload, "LanguageCode": "en"}), shape)


def test_targeted_sentiment_is_the_mood_about_each_coin(client):
    entities = client.detect_targeted_sentiment(Text=TWO_COINS, LanguageCode="en")["Entities"]
    assert [[mention["Text"] for mention in entity["Mentions"]] for entity in entities] == [
        ["ETH", "ethereum"],
        ["SOL"],
    ]
    eth, sol = entities
    assert eth["DescriptiveMentionIndex"] == [1]
    assert {mention["MentionSentiment"]["Sentiment"] for mention in eth["Mentions"]} == {"NEGATIVE"}
    assert sol["Mentions"][0]["MentionSentiment"]["Sentiment"] == "POSITIVE"
    for mention in eth["Mentions"] + sol["Mentions"]:
        assert TWO_COINS[mention["BeginOffset"] : mention["EndOffset"]] == mention["Text"]
        assert mention["Type"] == "COMMERCIAL_ITEM"
        assert sum(mention["MentionSentiment"]["SentimentScore"].values()) == pytest.approx(1, abs=0.001)


def test_batch_targeted_sentiment_gives_results_and_errors_with_their_index(client):
    answer = client.batch_detect_targeted_sentiment(TextList=["gm", " ", TWO_COINS], LanguageCode="en")
    assert [(item["Index"], len(item["Entities"])) for item in answer["ResultList"]] == [(0, 0), (2, 2)]
    assert [(item["Index"], item["ErrorCode"]) for item in answer["ErrorList"]] == [(1, "InvalidRequestException")]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c: c.detect_targeted_sentiment(Text="a" * 5001, LanguageCode="en"), "TextSizeLimitExceededException"),
        (lambda c: c.detect_targeted_sentiment(Text="btc", LanguageCode="de"), "UnsupportedLanguageException"),
        (lambda c: c.detect_targeted_sentiment(Text=" ", LanguageCode="en"), "InvalidRequestException"),
        (
            lambda c: c.batch_detect_targeted_sentiment(TextList=["btc"] * 26, LanguageCode="en"),
            "BatchSizeLimitExceededException",
        ),
    ],
)
def test_targeted_sentiment_refuses_as_comprehend_does(client, call, error):
    with pytest.raises(getattr(client.exceptions, error)):
        call(client)


@pytest.mark.awscli
def test_the_aws_cli_prints_targeted_sentiment(server):
    aws = shutil.which("aws")
    if aws is None or subprocess.run([aws, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("the AWS CLI is not installed")
    environment = {"PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": KEY}
    command = [aws, "comprehend", "detect-targeted-sentiment", "--text", TWO_COINS, "--language-code", "en"]
    more = ["--endpoint-url", server, "--region", "us-east-1", "--output", "json"]
    done = subprocess.run([*command, *more], env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert len(json.loads(done.stdout)["Entities"]) == 2
