"""One bad comment costs only itself. A mock: no text is known that the real classifier cannot score."""

import logging
import math

import pytest

from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.isolation import classify_each
from lambda_fn.model.text import TextError


class Choking:
    """The real classifier, but for texts with a word in them."""

    def __init__(self, classifier, word: str):
        self._classifier, self._word = classifier, word
        self.calls = 0

    def classify(self, texts):
        self.calls += 1
        if any(self._word in text for text in texts):
            raise RuntimeError(f"choked on {texts}")
        return self._classifier.classify(texts)


@pytest.mark.parametrize("bad", [set(), {0}, {99}, {3, 4}, set(range(0, 100, 7))])
def test_only_the_bad_comments_are_errors_and_the_rest_are_as_alone(classifier, bad):
    texts = [f"{'poison' if i in bad else 'comment'} number {i}" for i in range(100)]
    choking = Choking(classifier, "poison")
    results = classify_each(choking, texts)
    assert {i for i, result in enumerate(results) if isinstance(result, TextError)} == bad
    assert all(result.code == "text_unreadable" for result in results if isinstance(result, TextError))
    good = [text for i, text in enumerate(texts) if i not in bad]
    assert [r.label for r in results if isinstance(r, Sentiment)] == [s.label for s in classifier.classify(good)]
    assert choking.calls <= 1 + len(bad) * (2 * math.ceil(math.log2(100)) + 1)


def test_a_fault_of_the_model_itself_is_no_comments(classifier):
    with pytest.raises(RuntimeError):
        classify_each(Choking(classifier, ""), ["a", "b", "c"])


def test_no_comment_reaches_the_log(classifier, caplog):
    caplog.set_level(logging.DEBUG)
    classify_each(Choking(classifier, "poison"), ["a private poison"])
    assert "RuntimeError" in caplog.text
    assert "private" not in caplog.text
