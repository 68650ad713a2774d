"""The mood about each coin: the shipped model and layer, through `Coins.moods`."""

import copy
import json

import numpy as np
import pytest

from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.model.coin_clauses import clauses
from lambda_fn.model.coin_moods import Head
from lambda_fn.model.coins import Coins
from lambda_fn.model.hidden import LAYER, WIDTH

SOLD_AND_BOUGHT = "Got rid of all my ETH, it is garbage, and bought SOL, which I love"


@pytest.fixture(scope="module")
def coins():
    return Coins.load()


def test_two_coins_have_two_moods(classifier, coins):
    (moods,) = coins.moods(classifier, [SOLD_AND_BOUGHT])
    assert [(mood.coin, mood.mood) for mood in moods] == [("ETH", "negative"), ("SOL", "positive")]
    for mood in moods:
        assert mood.p_negative + mood.p_neutral + mood.p_positive == pytest.approx(1, abs=0.001)


def test_a_single_coin_has_the_comments_mood(classifier, coins):
    text = "Bitcoin is the best thing that ever happened to me"
    (sentiment,) = classifier.classify([text])
    ((mood,),) = coins.moods(classifier, [text])
    assert mood.p_positive == pytest.approx(sentiment.probabilities["positive"], abs=1e-4)


def test_a_comment_without_coins_has_no_moods(classifier, coins):
    assert coins.moods(classifier, ["what a day", ""]) == [[], []]
    assert coins.moods(classifier, []) == []


def test_a_mood_does_not_depend_on_the_other_comments(classifier, coins):
    others = ["BTC is king, ETH is finished", "ada", "hello", "doge or shib, which of the two? " * 40]
    alone = coins.moods(classifier, [SOLD_AND_BOUGHT])[0]
    among = coins.moods(classifier, [*others, SOLD_AND_BOUGHT])[-1]
    for one, other in zip(alone, among, strict=True):
        assert one.coin == other.coin
        assert one.p_negative == pytest.approx(other.p_negative, abs=0.002)


def test_a_coin_beyond_the_models_window_has_a_mood_too(classifier, coins):
    text = "I like bitcoin. " + "and so on, and so on. " * 200 + "But I hate ethereum."
    (moods,) = coins.moods(classifier, [text])
    assert [mood.coin for mood in moods] == ["BTC", "ETH"]


def test_another_model_gives_each_coin_the_comments_mood(classifier, coins):
    other = copy.copy(classifier)
    other.revision = "another"
    (moods,) = coins.moods(other, [SOLD_AND_BOUGHT])
    assert moods[0].p_negative == moods[1].p_negative


def test_the_layer_was_fitted_on_the_shipped_model(classifier):
    assert Head.load().revision == classifier.revision


def test_the_inner_layer_is_that_of_the_same_graph(classifier):
    before = SentimentClassifier.load()
    found = []
    ((read,), ids) = classifier.classify(["gm"], states={0: found.append}), classifier.tokenizer.encode("gm").ids
    assert found[0].shape == (len(ids), WIDTH)
    assert [output.name for output in classifier.session.get_outputs()] == ["logits", "mixed_logits", LAYER]
    assert before.classify(["gm"]) == [read]
    logits = [one.session.run(["logits"], one.inputs([ids]))[0] for one in (before, classifier)]
    np.testing.assert_array_equal(*logits)


def test_states_are_given_of_the_texts_they_are_asked_of_whichever_stage_settles_them(classifier):
    texts = ["This coin is a scam", SOLD_AND_BOUGHT, "gm", "what a day " * 300]
    found = {}
    takers = {place: lambda state, place=place: found.update({place: state}) for place in (0, 1, 3)}
    assert classifier.classify(texts, states=takers) == classifier.classify(texts)
    assert {place: len(state) for place, state in found.items()} == {
        place: sentiment.tokens for place, sentiment in enumerate(classifier.classify(texts)) if place in takers
    }


def test_one_reading_says_what_two_say(classifier, coins):
    texts = [SOLD_AND_BOUGHT, "gm", "BTC", "BTC is king, ETH is finished"]
    sentiments, moods = coins.read(classifier, texts)
    assert sentiments == classifier.classify(texts)
    assert moods == coins.moods(classifier, texts, sentiments)


def test_result_lines_carry_plain_fields(classifier, coins):
    _, ((eth, sol),) = coins.reader(classifier)([SOLD_AND_BOUGHT])
    assert list(eth) == ["coin", "mood", "p_negative", "p_neutral", "p_positive"]
    assert json.loads(json.dumps(sol))["coin"] == "SOL"


def test_clauses_go_with_the_coin_they_speak_of(coins):
    text = "BTC is great. It only goes up. But ETH is slow, while SOL keeps going down."
    spoken = clauses(text, coins.named(text))
    read = {coin: [text[start:end] for start, end in spans] for coin, spans in spoken.items()}
    assert read == {
        "BTC": ["BTC is great.", "It only goes up."],
        "ETH": ["But ETH is slow"],
        "SOL": ["while SOL keeps going down."],
    }
