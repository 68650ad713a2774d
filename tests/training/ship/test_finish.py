"""What is added to the encoder's graph: the window, and the calibration that makes a plain softmax right."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.training

import onnx  # noqa: E402
import onnxruntime as ort  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from training.ship.finish import encoder_of, finished, matrix  # noqa: E402

CALIBRATION = {"binary_temperature": 0.7, "neutral_temperature": 0.5, "neutral_bias": -0.2}
WINDOW, END = 6, 9


@pytest.fixture
def encoder() -> onnx.ModelProto:
    """Adds up its tokens' vectors [10, 3], each times its place, so that every token and its place count."""
    vectors = np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["vectors", "input_ids"], ["embedded"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("CumSum", ["mask", "one"], ["place"]),
        helper.make_node("Mul", ["mask", "place"], ["factor"]),
        helper.make_node("Unsqueeze", ["factor", "two"], ["column"]),
        helper.make_node("Mul", ["embedded", "column"], ["weighed"]),
        helper.make_node("ReduceSum", ["weighed", "ones"], ["logits"], keepdims=0),
    ]
    constants = {"vectors": vectors, "one": np.array(1), "ones": np.array([1]), "two": np.array([2])}
    names = "batch", "tokens"
    graph = helper.make_graph(
        nodes,
        "places",
        [helper.make_tensor_value_info(n, TensorProto.INT64, names) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ("batch", 3))],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def run(model: onnx.ModelProto, rows: list[list[int]]) -> np.ndarray:
    width = max(map(len, rows))
    feed = {
        "input_ids": np.array([row + [0] * (width - len(row)) for row in rows], dtype=np.int64),
        "attention_mask": np.array([[1] * len(row) + [0] * (width - len(row)) for row in rows], dtype=np.int64),
    }
    return ort.InferenceSession(model.SerializeToString()).run(["logits"], feed)[0]


def test_the_binary_score_and_three_classes_come_of_one_softmax(encoder):
    rows = [[8, 1, 2, END], [8, 4, END], [8, 3, 7, 2, END]]
    raw, ours = run(encoder, rows).astype(float), run(finished(encoder, CALIBRATION, WINDOW, END), rows)
    weight, bias = matrix(CALIBRATION)
    np.testing.assert_allclose(ours, raw @ weight[:3] + bias, atol=1e-5)
    np.testing.assert_allclose(ours[:, 2] - ours[:, 0], (raw[:, 2] - raw[:, 0]) / 0.7, atol=1e-5)
    neutral = (raw[:, 1] - (raw[:, 0] + raw[:, 2]) / 2) / 0.5 - 0.2
    np.testing.assert_allclose(ours[:, 1] - (ours[:, 0] + ours[:, 2]) / 2, neutral, atol=1e-5)


@pytest.mark.parametrize("longer", [1, 2, 30])
def test_a_longer_row_keeps_its_first_tokens_and_its_end_whatever_it_stands_beside(encoder, longer):
    model = finished(encoder, CALIBRATION, WINDOW, END)
    long = [8, 1, 2, 3, 4, *[5] * longer, END]
    cut, full, short = [8, 1, 2, 3, 4, END], [8, 7, 6, 5, 4, END], [8, 2, END]
    np.testing.assert_array_equal(run(model, [long, full, short]), run(model, [cut, full, short]))
    np.testing.assert_array_equal(run(model, [long]), run(model, [cut]))


def test_a_finished_graph_gives_its_encoder_back_and_can_be_finished_anew(encoder):
    once = finished(encoder, CALIBRATION, WINDOW, END)
    other = {**CALIBRATION, "binary_temperature": 2.0}
    assert encoder_of(once).SerializeToString() == encoder.SerializeToString()
    twice = finished(once, other, WINDOW, END)
    assert twice.SerializeToString() == finished(encoder, other, WINDOW, END).SerializeToString()
