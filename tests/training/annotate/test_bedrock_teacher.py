"""The teacher on Bedrock against botocore's Stubber: real boto3, parameters checked against the service's model."""

import json

import boto3
import pytest
from botocore.stub import ANY, Stubber

from training.annotate.bedrock_teacher import BedrockTeacher, Prices, parse_answer, prices_of
from training.annotate.teachers import Opinion, TeacherError

pytestmark = pytest.mark.training
MODEL = "amazon.nova-pro-v1:0"
TEXTS = ["To the moon!", "It is a scam", "What is the fee?"]


def response(answer):
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": answer}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 900, "outputTokens": 40, "totalTokens": 940},
        "metrics": {"latencyMs": 800},
    }


def scored(*scores):
    return json.dumps([{"n": n, "score": score} for n, score in enumerate(scores, 1)])


@pytest.fixture
def bedrock():
    client = boto3.client("bedrock-runtime", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
    with Stubber(client) as stubber:
        stubber.waited = []
        stubber.teacher = BedrockTeacher(MODEL, Prices(0.8, 3.2), client=client, wait=stubber.waited.append)
        yield stubber
        stubber.assert_no_pending_responses()


def asked(texts):
    """The request expected for `texts`."""
    content = json.dumps([{"n": n, "text": text} for n, text in enumerate(texts, 1)])
    return {
        "modelId": MODEL,
        "system": ANY,
        "messages": [{"role": "user", "content": [{"text": content}]}],
        "inferenceConfig": ANY,
    }


def test_one_request_scores_several_comments_under_the_guideline(bedrock):
    bedrock.add_response("converse", response(scored(2, -2, 0)), asked(TEXTS))

    assert bedrock.teacher.annotate(TEXTS) == [Opinion(2), Opinion(-2), Opinion(0)]
    assert "Labelling guideline" in bedrock.teacher._system
    assert "only score it" in bedrock.teacher._system, "a comment's own demands are data"


def test_comments_left_out_are_asked_for_again(bedrock):
    bedrock.add_response("converse", response('[{"n": 2, "score": -2}]'), asked(TEXTS))
    bedrock.add_response("converse", response(scored(1, 0)), asked([TEXTS[0], TEXTS[2]]))

    assert bedrock.teacher.annotate(TEXTS) == [Opinion(1), Opinion(-2), Opinion(0)]


def test_what_stays_malformed_is_tried_alone_at_last_and_then_given_up(bedrock):
    bedrock.add_response("converse", response("I cannot help with that."), asked(TEXTS))
    bedrock.add_response("converse", response('[{"n": 1, "score": 2}, {"n": 2, "sc'), asked(TEXTS))
    bedrock.add_response("converse", response('```json\n[{"n": 1, "score": -1}]\n```'), asked(TEXTS[1:2]))
    bedrock.add_response("converse", response('[{"n": 1, "score": "neutral"}]'), asked(TEXTS[2:3]))

    assert bedrock.teacher.annotate(TEXTS) == [Opinion(2), Opinion(-1), None]


def test_throttling_is_waited_out_ever_longer(bedrock):
    for _ in range(3):
        bedrock.add_client_error("converse", "ThrottlingException", "Too many requests", 429)
    bedrock.add_response("converse", response(scored(2, -2, 0)), asked(TEXTS))

    assert bedrock.teacher.annotate(TEXTS) == [Opinion(2), Opinion(-2), Opinion(0)]
    assert bedrock.waited == sorted(bedrock.waited)
    assert len(bedrock.waited) == 3


def test_endless_throttling_ends_in_plain_words(bedrock):
    for _ in range(6):
        bedrock.add_client_error("converse", "ThrottlingException", "Too many requests", 429)

    with pytest.raises(TeacherError, match="what was annotated is kept, run again to go on"):
        bedrock.teacher.annotate(TEXTS)


def test_a_refusal_is_not_retried(bedrock):
    bedrock.add_client_error("converse", "AccessDeniedException", "You don't have access to the model", 403)

    with pytest.raises(TeacherError, match=r"Bedrock refused amazon\.nova-pro-v1:0: AccessDeniedException"):
        bedrock.teacher.annotate(TEXTS)
    assert bedrock.waited == []


def test_missing_credentials_are_said_at_once(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(TeacherError, match="cannot call Bedrock: Unable to locate credentials"):
        BedrockTeacher(MODEL, Prices(1, 1), region="us-east-1", wait=lambda _: None).annotate(TEXTS)


def test_the_estimate_grows_with_texts_and_requests_and_costs_dollars(bedrock):
    estimate = bedrock.teacher.estimate(["word " * 30] * 1000)

    assert estimate.requests == 50
    assert estimate.output_tokens == 14_000
    assert estimate.dollars == pytest.approx((estimate.input_tokens * 0.8 + 14_000 * 3.2) / 1e6)
    # The guideline goes with each of the 50 requests: about 1,900 characters of 3.5 a token.
    assert 50_000 < estimate.input_tokens < 120_000


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (scored(1, -1, 0), {0: 1, 1: -1, 2: 0}),
        ("Here you are:\n```json\n" + scored(1, -1, 0) + "\n```", {0: 1, 1: -1, 2: 0}),
        ('[{"n": 3, "score": 2}, {"n": 1, "score": -2}]', {2: 2, 0: -2}),
        ('[{"n": 1, "score": 2}, {"n": 2, "score": 1', {0: 2}),
        ('[{"n": 4, "score": 2}, {"n": 0, "score": 1}]', {}),
        ('[{"n": 1, "score": 3}, {"n": 2, "score": 1.5}, {"n": 3, "score": true}]', {}),
        ('[{"n": 1, "score": 2}, {"n": 1, "score": -2}]', {}),
        ('[{"n": 1, "score": 2}, {"n": 1, "score": 2}]', {0: 2}),
        ('{"n": 1, "score": 2}', {0: 2}),
        ("[1, 2, 3]", {}),
        ("", {}),
    ],
)
def test_answers_of_models_as_they_are(answer, expected):
    assert parse_answer(answer, 3) == expected


def test_prices_are_known_or_asked_for():
    assert prices_of("us.amazon.nova-pro-v1:0", None, None) == Prices(0.80, 3.20)
    assert prices_of("amazon.nova-pro-v1:0", 0.5, None) == Prices(0.5, 3.20)
    with pytest.raises(TeacherError, match="pass --input-price and --output-price"):
        prices_of("some.model", 1.0, None)
