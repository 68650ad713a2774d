"""transformers 5 and fastembed read the tokenizer; ONNX Runtime the graph. In the environment of transformers.txt."""

from pathlib import Path

import numpy as np
import pytest

transformers = pytest.importorskip("transformers", minversion="5.0")
from onnxruntime import InferenceSession  # noqa: E402

from tests.hugging_face.conftest import TEXTS  # noqa: E402


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def session(folder):
    return InferenceSession(f"{folder}/onnx/model_quantized.onnx")


def test_the_cards_lines_run(card, folder):
    names = {"FOLDER": folder}
    exec(card["transformers"], names)
    assert softmax(names["logits"])[0].argmax() == 2


def test_a_plain_softmax_gives_the_services_probabilities(folder, session, expected):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    batch = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="np")
    assert set(batch) == {"input_ids", "attention_mask"} == {i.name for i in session.get_inputs()}
    assert batch["input_ids"].shape == (len(TEXTS), 256)
    np.testing.assert_allclose(softmax(session.run(["logits"], dict(batch))[0]), expected, atol=1e-5)


def test_what_nobody_truncated_is_cut_in_the_graph_as_the_service_cuts(folder, session, expected):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    batch = tokenizer(TEXTS, padding=True, return_tensors="np")
    assert batch["input_ids"].shape[1] > 1000
    np.testing.assert_allclose(softmax(session.run(["logits"], dict(batch))[0]), expected, atol=1e-5)


def test_the_config_names_classes_and_architecture(folder):
    config = transformers.AutoConfig.from_pretrained(folder)
    assert config.model_type == "distilbert"
    assert config.id2label == {0: "negative", 1: "neutral", 2: "positive"}


def test_fastembeds_tokenizer_pads_and_truncates_alike(folder, session, expected):
    loading = pytest.importorskip("fastembed.common.preprocessor_utils")
    tokenizer, special = loading.load_tokenizer(Path(folder))
    encodings = tokenizer.encode_batch(TEXTS)
    feed = {
        "input_ids": np.array([e.ids for e in encodings], dtype=np.int64),
        "attention_mask": np.array([e.attention_mask for e in encodings], dtype=np.int64),
    }
    assert feed["input_ids"].shape == (len(TEXTS), 256)
    assert special["[PAD]"] == 0
    np.testing.assert_allclose(softmax(session.run(["logits"], feed)[0]), expected, atol=1e-5)
