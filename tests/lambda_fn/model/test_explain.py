"""Explanations: what each word of a comment contributed."""

import httpx
import pytest

from lambda_fn.model.explain import MAX_TOKENS, explain, split
from tests.comments import LONG, ODD


def ask(server: str, text: str, **parameters) -> dict:
    return httpx.post(
        f"{server}/analyze", json={"text": text}, params={"explain": "true", **parameters}, timeout=60
    ).json()


def test_every_word_has_its_place_and_its_part(server):
    text = "This exchange is 🚀 a terrible scam, stay away"
    answer = ask(server, text)
    assert [word["text"] for word in answer["words"]] == text.split()
    assert all(text[word["start"] : word["end"]] == word["text"] for word in answer["words"])
    parts = {word["text"]: word["contribution"] for word in answer["words"]}
    assert answer["sentiment"]["label"] == "negative"
    assert min(parts, key=parts.__getitem__) in ("terrible", "scam,")


def test_the_sentiment_is_the_same_with_and_without(server):
    text = "Crypto to the moon!"
    plain = httpx.post(f"{server}/analyze", json={"text": text}).json()["sentiment"]
    explained = ask(server, text)["sentiment"]
    assert explained["label"] == plain["label"]
    assert explained["score"] == pytest.approx(plain["score"], abs=0.001)


def test_good_words_pull_up_and_bad_words_pull_down(classifier):
    _, words = explain(classifier, "great moon but terrible scam", 64)
    parts = {word.text: word.contribution for word in words}
    assert parts["great"] > 0 > parts["scam"]


def test_a_contribution_is_what_the_comment_loses_without_the_word(classifier):
    from lambda_fn.model.explain import log_odds

    whole, words = explain(classifier, "I love this coin", 64)
    without = classifier.classify(["I  this coin"], stage="ngrams" if whole.settled else "encoder")[0]
    love = next(word for word in words if word.text == "love")
    assert love.contribution == pytest.approx(log_odds(whole) - log_odds(without), abs=0.01)


def test_the_cost_is_bounded(classifier, monkeypatch):
    """A spy on the real classifier: the encoder reads each part once at most, and few tokens."""
    results = []
    classify = classifier.classify

    def spy(texts, **stage):
        results.append(classify(texts, **stage))
        return results[-1]

    monkeypatch.setattr(classifier, "classify", spy)
    _, words = explain(classifier, LONG, 64)
    assert len(results[0]) == len(words) + 1 <= 65
    assert sum(s.tokens for scored in results for s in scored if not s.settled) <= 1.25 * MAX_TOKENS
    assert " ".join(word.text for word in words) == LONG.strip()


@pytest.mark.parametrize("text", [text for text in ODD.values() if len(text) < 40_000])
def test_odd_comments_are_explained_too(classifier, text):
    sentiment, words = explain(classifier, text, 8)
    assert sentiment.label in ("negative", "positive")
    assert 1 <= len(words) <= 8


def test_many_words_are_split_into_even_parts():
    text = " ".join(f"w{i}" for i in range(100))
    parts = split(text, 64)
    assert len(parts) == 50
    assert text[slice(*parts[0])] == "w0 w1"
