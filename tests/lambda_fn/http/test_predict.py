"""/predict: Hugging Face's own client against it, and text-embeddings-inference's requests."""

import httpx
import pytest
from huggingface_hub import InferenceClient

from tests.comments import NEGATIVE, POSITIVE
from tests.conftest import API_KEY


def predict(server: str, body: object, path: str = "/predict") -> httpx.Response:
    return httpx.post(f"{server}{path}", json=body)


def labels(answer: list[dict]) -> list[str]:
    return [item["label"] for item in answer]


@pytest.mark.parametrize("path", ["/predict", "/predict/", "/", ""])
def test_hugging_faces_client_works_unchanged(server, path):
    found = InferenceClient(model=f"{server}{path}").text_classification(POSITIVE[0])
    assert sorted(item.label for item in found) == ["negative", "neutral", "positive"]
    assert found[0].label == "positive"
    assert found[0].score == max(item.score for item in found)
    assert sum(item.score for item in found) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("top_k", [1, 2, 3, 9])
def test_hugging_faces_client_gets_as_many_classes_as_it_asks_for(server, top_k):
    found = InferenceClient(model=f"{server}/predict").text_classification(NEGATIVE[0], top_k=top_k)
    assert found[0].label == "negative"
    assert len(found) == min(top_k, 3)


def test_hugging_faces_token_is_the_api_key(keyed_server):
    client = InferenceClient(model=f"{keyed_server}/predict", token=API_KEY)
    assert client.text_classification("to the moon")[0].label == "positive"
    for token in (None, "another-key"):
        with pytest.raises(Exception, match="401"):
            InferenceClient(model=f"{keyed_server}/predict", token=token).text_classification("to the moon")
    assert httpx.post(keyed_server, json={"inputs": "to the moon", "parameters": {}}).status_code == 401


def test_with_parameters_every_text_has_its_list(server):
    one = predict(server, {"inputs": POSITIVE[0], "parameters": {}}).json()
    many = predict(server, {"inputs": [POSITIVE[0], NEGATIVE[0]], "parameters": {"top_k": 1}}).json()
    assert (len(one), len(one[0])) == (1, 3)
    assert [labels(item) for item in many] == [["positive"], ["negative"]]


def test_without_parameters_it_is_text_embeddings_inferences_shape(server):
    flat = predict(server, {"inputs": POSITIVE[0]}).json()
    assert flat == predict(server, {"inputs": [POSITIVE[0]], "raw_scores": False, "truncate": True}).json()
    assert labels(flat)[0] == "positive"
    batch = predict(server, {"inputs": [[POSITIVE[0]], [NEGATIVE[0]]]}).json()
    assert labels(batch[0]) == labels(flat)
    assert [labels(item)[0] for item in batch] == ["positive", "negative"]
    assert len(predict(server, {"inputs": [[POSITIVE[0]]]}).json()) == 1


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"inputs": ["to the moon", "a scam"]}, "pair"),
        ({"inputs": [["to the moon", "a scam"]]}, "pair"),
        ({"inputs": [["to the moon"], "a scam"]}, "inputs[1]"),
        ({"inputs": [["to the moon"], []]}, "inputs[1]"),
        ({"inputs": [["to the moon"], [""]]}, "inputs[1]: text is empty"),
        ({"inputs": {"text": "to the moon", "text_pair": "a scam"}, "parameters": {}}, "pairs"),
        ({"inputs": [["to the moon", "a scam"]], "parameters": {}}, "pairs"),
        ({"inputs": 7}, "inputs is"),
        ({"inputs": ""}, "inputs: text is empty"),
        ({"inputs": "moon", "raw_scores": True}, "raw_scores"),
        ({"inputs": "moon", "parameters": {"top_k": 0}}, "top_k"),
        ({"inputs": "moon", "parameters": {"top_k": True}}, "top_k"),
        ({"inputs": "moon", "parameters": {"function_to_apply": "none"}}, "function_to_apply"),
        ({"inputs": "moon", "parameters": []}, "parameters"),
        ({"text": "moon"}, "inputs"),
        (["moon"], "inputs"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_word(server, body, word):
    answer = predict(server, body)
    assert answer.status_code == 422
    assert word in answer.json()["error"]["message"]


def test_a_batch_has_its_limits(tight_server):
    assert predict(tight_server, {"inputs": [["a"], ["b"], ["c"]]}).json()["error"]["code"] == "batch_too_large"
    assert predict(tight_server, {"inputs": "a" * 11, "parameters": {}}).json()["error"]["code"] == "text_too_long"


def test_a_batch_takes_strings_as_well_as_objects(server):
    mixed = httpx.post(f"{server}/batch_analyze", json=[POSITIVE[0], {"text": NEGATIVE[0]}]).json()["sentiment"]
    assert [item["label"] for item in mixed] == ["positive", "negative"]
    bad = httpx.post(f"{server}/batch_analyze", json=["to the moon", ""])
    assert (bad.status_code, bad.json()["error"]["message"][:12]) == (422, "body[1].text")
    lines = httpx.post(
        f"{server}/batch_analyze", content='"to the moon"\n', headers={"content-type": "application/x-ndjson"}
    )
    assert lines.json()["sentiment"]["label"] == "positive"
