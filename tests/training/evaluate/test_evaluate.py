import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.training

from training.evaluate import evaluate  # noqa: E402
from training.evaluate.evaluate import (  # noqa: E402
    figures,
    huggingface_logits,
    paired,
    resampled,
    saved_logits,
    side,
)
from training.evaluate.predict import save_logits  # noqa: E402
from training.evaluate.slices import slices, year  # noqa: E402


@pytest.fixture(autouse=True)
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(evaluate, "BOOTSTRAPS", 200)


SCORES = np.array([-2, -1, 0, 1, 2] * 40)


def logits_right(share: float) -> np.ndarray:
    """Logits that are right on `share` of the rows and reversed on the rest."""
    logits = np.eye(3)[np.sign(SCORES) + 1] * 4.0
    wrong = np.random.default_rng(1).random(len(SCORES)) > share
    logits[wrong] = logits[wrong][:, ::-1]
    return logits


def test_figures_come_with_an_interval_around_them():
    logits = logits_right(0.8)
    got = figures(logits, SCORES, resampled(logits, SCORES))
    low, high = got["binary_interval"]
    assert low < got["binary"] < high
    assert high - low < 20
    assert np.sum(got["confusion"]) == len(SCORES)


def test_paired_difference_excludes_zero_only_where_models_differ():
    values = {share: resampled(logits_right(share), SCORES) for share in (0.95, 0.6)}
    table = {share: figures(logits_right(share), SCORES, values[share]) for share in values}
    better = paired(table[0.95], table[0.6], values[0.95], values[0.6])["binary"]
    same = paired(table[0.95], table[0.95], values[0.95], values[0.95])["binary"]
    assert better["interval"][0] > 0
    assert same == {"difference": 0, "interval": [0, 0]}


def test_saved_logits_come_back_in_the_order_asked_for(tmp_path):
    """Two sources number their rows, so an id alone names two comments."""
    one, other, absent = ({"source": source, "id": "7"} for source in ("a", "b", "c"))
    save_logits(tmp_path / "a.npz", [one, other], np.array([[1, 2, 3], [4, 5, 6]]))

    assert saved_logits(tmp_path / "a.npz", [other, one]).tolist() == [[4, 5, 6], [1, 2, 3]]
    with pytest.raises(ValueError, match="lacks 1 of the rows, c 7 first"):
        saved_logits(tmp_path / "a.npz", [absent])


def test_slices_name_length_emoji_sarcasm_subreddit_and_year():
    rows = [{"text": "to the moon 🚀", "subreddit": "Bitcoin", "created_utc": "2021-05-01 10:00:00"}] * 40
    rows += [{"text": "great, another crash. what could go wrong /s", "subreddit": None, "created_utc": 1.65e9}] * 40
    parts = slices(rows, [6] * 40 + [200] * 40)
    assert {"1–16 tokens", "over 128 tokens", "with emoji", "sarcasm candidates", "r/bitcoin", "2021", "2022"} <= set(
        parts
    )
    assert parts["with emoji"].tolist() == [True] * 40 + [False] * 40
    assert parts["sarcasm candidates"].sum() == 40
    assert year("not a date") is None


def test_any_hugging_face_classifier_can_be_compared(tmp_path):
    from corpus import write_checkpoint

    folder = write_checkpoint(tmp_path / "other", "distilbert")
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": {"0": "NEGATIVE", "1": "POSITIVE"}, "label2id": {"NEGATIVE": 0, "POSITIVE": 1}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}'
    )
    logits = huggingface_logits(str(folder), ["to the moon", "total scam"])
    assert logits.shape == (2, 3)
    assert side(logits).dtype == bool
    np.testing.assert_allclose(np.exp(logits).sum(1), 1, atol=1e-4)
