"""Several named keys, a rate each, and the access log that says who called."""

import json

import boto3
import httpx
import pytest
from botocore.config import Config

from lambda_fn.http.auth import ApiKeyAuth, RateExceeded, Unauthorized
from lambda_fn.http.keys import keys_in
from lambda_fn.settings import Settings
from tests.conftest import served
from tests.lambda_fn.http.test_auth import Clock, check

NAMED = json.dumps({"keys": {"alice": "key-of-alice", "bob": {"key": "key-of-bob", "rate": 0.01, "burst": 2}}})


def analyze(url: str, key: str, **headers: str) -> httpx.Response:
    return httpx.post(f"{url}/analyze", json={"text": "to the moon"}, headers={"x-api-key": key, **headers})


def local(secret: str, clock: Clock) -> ApiKeyAuth:
    return ApiKeyAuth(Settings(api_auth="api-key", api_key=secret), clock)


def test_each_caller_has_a_key_and_a_rate_and_the_log_has_the_name_and_never_the_key(capfd):
    with served(API_AUTH="api-key", API_KEY=NAMED) as url:
        answers = [analyze(url, key) for key in ("key-of-alice", "key-of-bob", "key-of-bob", "key-of-bob", "alice")]
        again = analyze(url, "key-of-alice", **{"x-request-id": "the-last"})
        assert httpx.get(f"{url}/nowhere?text=secret", headers={"x-api-key": "key-of-alice"}).status_code == 404
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 401]
    refused = answers[3]
    assert refused.json()["error"]["code"] == "rate_exceeded"
    assert 0 < int(refused.headers["retry-after"]) <= 100
    assert again.status_code == 200

    output = capfd.readouterr().out
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    calls = [line for line in lines if line["route"] == "/analyze"]
    assert [line["status"] for line in calls] == [200, 200, 200, 429, 401, 200]
    assert [line.get("key") for line in calls] == ["alice", "bob", "bob", "bob", None, "alice"]
    assert (calls[-1]["request"], calls[-1]["method"]) == ("the-last", "POST")
    assert calls[-1]["ms"] > 0
    assert lines[-1]["route"] == "other"
    assert not [word for word in ("key-of", "moon", "secret", "nowhere") if word in output]


def test_comprehends_clients_have_names_and_rates_too(capfd):
    config = Config(retries={"total_max_attempts": 1})
    with served(API_AUTH="api-key", API_KEY=NAMED) as url:
        client = boto3.client(
            "comprehend",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="crypto-sentiment",
            aws_secret_access_key="key-of-bob",
            config=config,
        )
        for _ in range(2):
            assert client.detect_sentiment(Text="to the moon", LanguageCode="en")["Sentiment"] == "POSITIVE"
        with pytest.raises(client.exceptions.TooManyRequestsException):
            client.detect_sentiment(Text="to the moon", LanguageCode="en")
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
    assert [line.get("key") for line in lines if line["method"] == "POST"] == ["bob", "bob", "bob"]


def test_no_access_log_where_anybody_may_call_unless_it_is_asked_for(capfd):
    for wanted in ("", "true"):
        with served(**({"ACCESS_LOG": wanted} if wanted else {})) as url:
            httpx.get(f"{url}/info")
        lines = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line.startswith("{")]
        assert any(line["route"] == "/info" for line in lines) == bool(wanted)


def test_a_rate_fills_up_again_to_its_burst_and_no_further():
    clock = Clock()
    auth = local('{"keys": {"bob": {"key": "b-key", "rate": 2, "burst": 3}}}', clock)
    for pause_s, calls in ((0, 3), (0.5, 1), (3_600, 3)):
        clock.now += pause_s
        for _ in range(calls):
            check(auth, "b-key")
        with pytest.raises(RateExceeded):
            check(auth, "b-key")


def test_a_wrong_key_costs_nobody_a_request():
    auth = local('{"keys": {"bob": {"key": "b-key", "rate": 1}}}', Clock())
    for _ in range(5):
        with pytest.raises(Unauthorized):
            check(auth, "c-key")
    check(auth, "b-key")


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ('{"keys": {"bob": {"key": "b-key", "rate": 0}}}', "rate"),
        ('{"keys": {"bob": {"key": "b-key", "rate": "5"}}}', "rate"),
        ('{"keys": {"bob": {"key": "b-key", "burst": true}}}', "burst"),
        ('{"keys": {"bob": {"rate": 5}}}', "neither"),
        ('{"keys": {"bob": "b-key", "eve": " "}}', "key number 2"),
        ('{"keys": {"bob": "b-key", "eve": "b-key"}}', "several names"),
        ('{"keys": {"b-key but not a name": "bob"}}', "needs a name"),
    ],
)
def test_keys_that_cannot_be_read_are_said_in_a_line_that_quotes_none(secret, problem):
    with pytest.raises(ValueError, match=problem) as error:
        keys_in(secret)
    assert "b-key" not in str(error.value)


def test_no_key_at_all_lets_nobody_in():
    with pytest.raises(Unauthorized):
        check(local('{"keys": {}}', Clock()), "any")
