import json
import random
import shutil
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambda_fn.model.classifier import ModelError, SentimentClassifier, length_buckets
from lambda_fn.settings import shipped_model
from tests.comments import LONG, NEGATIVE, ODD, POSITIVE, REAL


def test_reads_the_mood(classifier):
    right = [s.label == "positive" for s in classifier.classify(POSITIVE)]
    right += [s.label == "negative" for s in classifier.classify(NEGATIVE)]
    assert sum(right) >= len(right) - 2


def test_a_sentiment_is_whole(classifier):
    for sentiment in classifier.classify(REAL):
        assert 0.5 <= sentiment.score <= 1
        assert sum(sentiment.probabilities.values()) == pytest.approx(1)
        larger = max(("negative", "positive"), key=sentiment.probabilities.__getitem__)
        assert sentiment.label == larger
        sides = sentiment.probabilities["negative"] + sentiment.probabilities["positive"]
        assert sentiment.score == pytest.approx(sentiment.probabilities[larger] / sides)
        assert 3 <= sentiment.tokens <= classifier.max_tokens
        assert not sentiment.truncated


def test_order_is_kept(classifier):
    texts = REAL * 5 + [LONG]
    random.Random(7).shuffle(texts)
    alone = {text: classifier.classify([text])[0].label for text in set(texts)}
    assert [s.label for s in classifier.classify(texts)] == [alone[text] for text in texts]


def test_a_score_does_not_depend_on_its_batch(classifier):
    alone = [classifier.classify([text])[0] for text in REAL]
    for seed in range(3):
        neighbours = random.Random(seed).choices([*REAL, LONG, *ODD.values()], k=50)
        together = classifier.classify(REAL + neighbours)[: len(REAL)]
        for one, other in zip(alone, together, strict=True):
            assert one.label == other.label
            assert one.score == pytest.approx(other.score, abs=0.001)


@pytest.mark.parametrize("text", ["", " \n", *ODD.values()], ids=["empty", "white space", *ODD])
def test_any_string_gets_a_result(classifier, text):
    started = time.monotonic()
    (sentiment,) = classifier.classify([text])
    assert sentiment.label in ("positive", "negative")
    assert sentiment.tokens <= classifier.max_tokens
    assert time.monotonic() - started < 10


def test_a_long_comment_says_that_it_was_cut(classifier):
    assert classifier.classify(["to the moon " * 8_333])[0].truncated


def test_nothing_in_nothing_out(classifier):
    assert classifier.classify([]) == []


def test_an_item_that_is_no_string_is_a_type_error(classifier):
    with pytest.raises(TypeError, match="NoneType"):
        classifier.classify(["to the moon", None])


def test_a_missing_model_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(ModelError, match="nowhere"):
        SentimentClassifier.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["onnx/model_quantized.onnx", "tokenizer.json", "config.json", "manifest.json"])
def test_a_broken_file_is_a_model_error(tmp_path, name):
    folder = shutil.copytree(shipped_model(), tmp_path / "model")
    (folder / name).write_bytes(b"\x00 not what it was")
    with pytest.raises(ModelError, match="model"):
        SentimentClassifier.load(folder)


@pytest.mark.parametrize("field", ["max_tokens", "id2label", "pad_token_id"])
def test_a_config_without_a_field_is_a_model_error(tmp_path, field):
    folder = shutil.copytree(shipped_model(), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    del config[field]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=field):
        SentimentClassifier.load(folder)


def test_a_model_of_before_its_logits_were_calibrated_is_refused(tmp_path):
    folder = shutil.copytree(shipped_model(), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config["calibration"] = {"temperature": 0.6411, "binary_temperature": 0.7032}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="calibration"):
        SentimentClassifier.load(folder)


def test_a_model_with_other_labels_is_refused(tmp_path):
    folder = shutil.copytree(shipped_model(), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "positive", "1": "neutral", "2": "negative"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="labels"):
        SentimentClassifier.load(folder)


def test_buckets_hold_every_index_once_under_the_budget_and_pad_little():
    lengths = [*random.Random(1).choices(range(3, 256), k=500), 9_000]
    batches = list(length_buckets(lengths, batch_tokens=1024))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        widths = [lengths[index] for index in batch]
        assert len(batch) == 1 or max(widths) * len(batch) <= 1024
        assert max(widths) <= min(widths) * 1.25 + 4


def test_one_string_is_not_its_letters(classifier):
    with pytest.raises(TypeError, match=r"classify\(\[text\]\)"):
        classifier.classify("Crypto to the moon!")


def test_the_place_of_what_is_no_text_is_named(classifier):
    with pytest.raises(TypeError, match=r"texts\[1\] must be a string, not NoneType"):
        classifier.classify(["ok", None])


def test_a_classifier_travels_to_another_process(classifier):
    import pickle

    there = pickle.loads(pickle.dumps(classifier))
    assert there.revision == classifier.revision
    assert there.classify(["Best exchange so far!"]) == classifier.classify(["Best exchange so far!"])


@given(
    st.lists(
        st.sampled_from(["a", "moon", "zqxjkvbw" * 12, "é" * 99, "e\u0301", "?!.", "比特币", "\u0301"]), max_size=12
    )
)
@example(["zqxjkvbw" * 12])
@example(["?!."])
@example(["\u0301"])
@settings(deadline=None, max_examples=60)
def test_of_a_long_comment_the_tokens_are_the_same_as_if_all_of_it_had_been_read(classifier, words):
    text = " ".join(words * (5_000 // (1 + sum(map(len, words)))))
    [encoding] = classifier.encode([text])
    whole = classifier.tokenizer.encode(text)
    assert encoding.ids == whole.ids
    assert bool(encoding.overflowing) == bool(whole.overflowing)
