"""What the deployed functions write, through Lambda's own runtime with its JSON logs, against what the bill assumes."""

import json
import random

import pytest

from crypto_sentiment.cost import measure
from crypto_sentiment.cost.assumptions import SQS_CHUNK_BYTES, Assumptions
from crypto_sentiment.cost.scenario import RESPONSE_HEADER_BYTES
from lambda_fn.contract import API_HANDLER, BULK_HANDLER
from tests.aws import LocalAws
from tests.conftest import REPOSITORY
from tests.rie import LambdaFunction

# As CDK deploys both functions; SystemLogLevel=WARN drops the START, END and REPORT lines.
JSON_LOGS = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO", "LOG_LEVEL": "INFO"}
KEY = "k" * 40
EVENT = json.loads((REPOSITORY / "tests" / "events" / "http_api_v2.json").read_text())
# Of crypto Reddit's comments 27 % name a coin, and those 1.2 of them.
COINS = ("BTC", "ETH", "Solana", "DOGE", "ADA")


def comments(inputs, count: int, seed: int) -> list[dict]:
    """Comments with the lengths of real ones, and the fields that a stream of Reddit brings."""
    rng = random.Random(seed)
    texts = measure.comments(inputs.lengths, count, seed)
    return [
        {
            "id": f"l{rng.randrange(36**6):06x}",
            "text": f"{' '.join(rng.sample(COINS, 1 + (n % 20 == 0)))} {text}" if rng.random() < 0.27 else text,
            "subreddit": rng.choice(("CryptoCurrency", "Bitcoin", "ethtrader")),
            "created_utc": 1767323045 + rng.randrange(3600),
        }
        for n, text in enumerate(texts)
    ]


def written(function: LambdaFunction) -> list[str]:
    """The lines that CloudWatch would be sent."""
    return [line for line in function.log().splitlines() if not line.startswith(("START ", "END ", "REPORT ")) and line]


def call(path: str, body: object) -> dict:
    context = {**EVENT["requestContext"], "http": {**EVENT["requestContext"]["http"], "path": path, "method": "POST"}}
    headers = {"content-type": "application/json", "x-api-key": KEY, "host": "api.example.org"}
    return {**EVENT, "rawPath": path, "headers": headers, "requestContext": context, "body": json.dumps(body)}


@pytest.fixture(scope="module")
def api():
    """The HTTP function as the default deployment runs it: the gateway logs, the function does not."""
    with LambdaFunction(API_HANDLER, {"API_AUTH": "api-key", "API_KEY": KEY, "ACCESS_LOG": "false", **JSON_LOGS}) as f:
        assert f.invoke(call("/analyze", {"text": "to the moon"})).json()["statusCode"] == 200
        yield f


def test_behind_the_gateway_the_function_logs_its_start_and_no_call(api):
    (started,) = map(json.loads, written(api))
    assert started["message"] == "environment started"
    for n in range(20):
        assert api.invoke(call("/analyze", {"text": f"to the moon {n}"})).json()["statusCode"] == 200
    assert len(written(api)) == 1


def test_a_call_that_the_function_logs_is_as_long_as_the_bill_says():
    with LambdaFunction(API_HANDLER, {"API_AUTH": "api-key", "API_KEY": KEY, "ACCESS_LOG": "true", **JSON_LOGS}) as f:
        f.invoke(call("/analyze", {"text": "to the moon"}))
        before = written(f)
        f.invoke(call("/analyze", {"text": "to the moon"}))
        (line,) = written(f)[len(before) :]
    assert len(line) == pytest.approx(Assumptions().function_log_bytes, rel=0.1)


def test_responses_are_as_long_as_the_bill_says(inputs, api):
    """Of the headers that a gateway adds (date, its own id), 120 bytes are taken as given."""
    assumptions = Assumptions()

    def headers(answer: dict) -> int:
        return sum(len(name) + len(value) + 4 for name, value in answer["headers"].items()) + 120

    single = api.invoke(call("/analyze", {"text": "to the moon"})).json()
    assert len(single["body"]) + headers(single) == pytest.approx(assumptions.response_bytes, rel=0.1)
    texts = [{"text": comment["text"]} for comment in comments(inputs, 100, seed=3)]
    batch = api.invoke(call("/batch_analyze", texts)).json()
    assert len(batch["body"]) / 100 == pytest.approx(assumptions.batch_response_bytes, rel=0.1)
    assert headers(batch) == pytest.approx(RESPONSE_HEADER_BYTES, rel=0.1)


@pytest.fixture(scope="module")
def bulk():
    """The bulk function on a queue and a bucket: (function, AWS)."""
    with LocalAws() as aws:
        queue = aws.create_queue()
        with LambdaFunction(BULK_HANDLER, {**aws.environment(queue), **JSON_LOGS}, timeout=120) as function:
            yield function, aws


def record(body: str, number: int = 1) -> dict:
    attributes = {"SentTimestamp": "1767323045000", "ApproximateReceiveCount": "1"}
    return {"messageId": str(number), "body": body, "attributes": attributes, "eventSource": "aws:sqs"}


def test_an_invocation_logs_and_a_comment_keeps_what_the_bill_says(inputs, bulk):
    function, aws = bulk
    assumptions = Assumptions()
    count = assumptions.message_comments
    body = json.dumps({"comments": comments(inputs, count, seed=1), "submitted_at": "2026-01-02T03:04:05Z"})
    function.invoke({"Records": [record(body)]})  # the first has the lines of a start
    before = len(written(function))
    aws.empty()
    assert function.invoke({"Records": [record(body, 2)]}).json() == {"batchItemFailures": []}
    lines = written(function)[before:]
    assert sum(len(line.encode()) for line in lines) == pytest.approx(assumptions.log_bytes, rel=0.1)
    assert {json.loads(line).get("cpu") for line in lines} - {None}  # the mix of hosts is told by it
    objects = aws.s3.list_objects_v2(Bucket="sentiment-results")["Contents"]
    assert len(objects) == 1  # one object, so one PUT, for a message
    # 38.9 with 1,092 real comments; the scores of random words are more alike, and compress better.
    assert objects[0]["Size"] / count == pytest.approx(assumptions.result_bytes, rel=0.2)
    assert len(body) / count == pytest.approx(assumptions.bytes_per_comment, rel=0.1)
    assert len(body) <= 1.1 * SQS_CHUNK_BYTES
