"""optimum-onnx, under transformers 4.57, in the environment of optimum.txt."""

import numpy as np
import pytest

optimum = pytest.importorskip("optimum.onnxruntime")

from tests.hugging_face.conftest import TEXTS, in_our_order  # noqa: E402


@pytest.fixture(scope="module")
def classify(card, folder):
    names = {"FOLDER": folder}
    exec(card["optimum-onnx"], names)
    return names["classify"]


def test_the_cards_pipeline_gives_the_services_probabilities(classify, expected):
    np.testing.assert_allclose(in_our_order(classify(TEXTS)), expected, atol=1e-5)
    np.testing.assert_allclose(in_our_order(classify(TEXTS, batch_size=3, truncation=True)), expected, atol=1e-5)


def test_the_folder_alone_is_enough(folder, expected):
    model = optimum.ORTModelForSequenceClassification.from_pretrained(folder)
    from transformers import AutoTokenizer

    batch = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, truncation=True, return_tensors="pt")
    assert set(batch) == {"input_ids", "attention_mask"}
    np.testing.assert_allclose(model(**batch).logits.softmax(1).numpy(), expected, atol=1e-5)
