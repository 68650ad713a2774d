"""The first stage: what it settles, and that graph and service answer alike."""

import random

import numpy as np
import pytest

from lambda_fn.model.classifier import SentimentClassifier, softmax
from lambda_fn.model.explain import explain, log_odds
from lambda_fn.model.ngrams import NGrams, Rule
from lambda_fn.model.text import normalise
from lambda_fn.settings import get_settings
from tests.comments import LONG, NEGATIVE, ODD, POSITIVE, REAL

TEXTS = [*REAL, *POSITIVE, *NEGATIVE, *ODD.values(), LONG, "this is great, thank you!", "what a total scam"]
# A window's end, unigrams and pairs far apart, and nothing at all.
TEXTS += ["", "moon", " ".join(random.Random(3).choices(["buy", "sell", "scam", "love", "gas", "the"], k=400))]


@pytest.fixture(scope="module")
def ids(classifier):
    return [encoding.ids for encoding in classifier.tokenizer.encode_batch_fast([normalise(t) for t in TEXTS])]


def graph(classifier, rows: list[list[int]], output: str = "logits") -> np.ndarray:
    width = max(map(len, rows))
    feed = {
        "input_ids": np.array([row + [0] * (width - len(row)) for row in rows], dtype=np.int64),
        "attention_mask": np.array([[1] * len(row) + [0] * (width - len(row)) for row in rows], dtype=np.int64),
    }
    return classifier.session.run([output], feed)[0]


def test_some_comments_are_settled_and_some_are_not(classifier):
    settled = [sentiment.settled for sentiment in classifier.classify(TEXTS)]
    assert 3 <= sum(settled) <= len(TEXTS) - 10


def test_a_plain_softmax_of_the_graph_is_the_services_answer_for_either_stage(classifier, ids):
    """The graph settles what numpy settles, whatever the padding beside it."""
    answered = classifier.classify(TEXTS)
    for probabilities in (
        softmax(graph(classifier, ids)),
        np.concatenate([softmax(graph(classifier, [i])) for i in ids]),
    ):
        np.testing.assert_allclose(probabilities, [list(s.probabilities.values()) for s in answered], atol=1e-6)
    differs = np.abs(graph(classifier, ids) - graph(classifier, ids, "mixed_logits")).max(axis=1) > 0
    assert differs.tolist() == [sentiment.settled for sentiment in answered]


def test_a_comment_is_settled_alone_as_in_any_batch(classifier, ids):
    together, logits = classifier.ngrams.read(ids)
    for place, row in enumerate(ids):
        alone, of_one = classifier.ngrams.read([row])
        assert alone[0] == together[place]
        assert (of_one[0] == logits[place]).all()


def test_sums_are_those_of_the_ids_and_their_pairs():
    weights = np.arange(2 * 101, dtype=np.int8).reshape(101, 2)
    sums, features = NGrams(weights, Rule(1, 1, 0, 0, 0)).sums([[5, 9, 7], [5, 7]])
    units = [(i * 7_919 + 13) % 101 for i in (5, 9, 7)]
    pairs = [(a * 1_000_003 + b * 8_191 + 1) % 101 for a, b in ((5, 9), (9, 7), (5, 7))]
    wide = weights.astype(int)
    assert sums[0].tolist() == (wide[units].sum(0) + wide[pairs[:2]].sum(0)).tolist()
    assert sums[1].tolist() == (wide[[units[0], units[2]]].sum(0) + wide[pairs[2]]).tolist()
    assert features.tolist() == [5, 3]


def test_the_setting_leaves_every_comment_to_the_encoder(classifier, monkeypatch):
    monkeypatch.setenv("FIRST_STAGE", "false")
    get_settings.cache_clear()
    try:
        without = SentimentClassifier.load()
    finally:
        get_settings.cache_clear()
    answers = without.classify(TEXTS)
    assert not any(sentiment.settled for sentiment in answers)
    both = classifier.classify(TEXTS)
    for one, other in zip(both, answers, strict=True):
        if not one.settled:
            assert one.score == pytest.approx(other.score, abs=1e-6)
    assert classifier.classify(TEXTS, stage="encoder")[0].score == pytest.approx(answers[0].score, abs=1e-6)


def test_no_comments_are_no_work_for_it(classifier):
    settled, logits = classifier.ngrams.read([])
    assert settled.shape == (0,)
    assert logits.shape == (0, 3)


@pytest.mark.parametrize("wanted", [True, False], ids=["settled", "read by the encoder"])
def test_an_explanation_is_by_the_stage_that_answered(classifier, wanted):
    text = next(t for t, s in zip(TEXTS, classifier.classify(TEXTS), strict=True) if s.settled is wanted and " " in t)
    whole, words = explain(classifier, text, 64)
    assert whole == classifier.classify([text])[0]
    stage = "ngrams" if wanted else "encoder"
    without = classifier.classify([text[: word.start] + text[word.end :] for word in words], stage=stage)
    expected = [log_odds(whole) - log_odds(part) for part in without]
    assert [word.contribution for word in words] == pytest.approx(expected, abs=1e-3)
