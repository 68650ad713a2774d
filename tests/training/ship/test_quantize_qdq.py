import numpy as np
import onnx
import onnxruntime as ort
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.training

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from training.ship import quantize_qdq as quantize  # noqa: E402

WORDS, WIDTH, HIDDEN = 100, 16, 64
CALIBRATION = [np.random.default_rng(i).integers(0, WORDS, 12).astype(np.int32) for i in range(20)]


@pytest.fixture
def feed_forward(tmp_path):
    """Embedding, ReLU, contraction; one hidden channel is a hundred times larger than the others."""
    random = np.random.default_rng(0)
    contract = random.normal(0, 0.3, (HIDDEN, WIDTH)).astype(np.float32)
    table = random.normal(0, 1, (WORDS, HIDDEN)).astype(np.float32)
    gain = np.ones(HIDDEN, np.float32)
    gain[5] = 100
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["x"], "embed"),
            helper.make_node("Mul", ["x", "gain"], ["h"], "gains"),
            helper.make_node("Relu", ["h"], ["g"], "act"),
            helper.make_node("MatMul", ["g", "contract"], ["y"], "lin2"),
            helper.make_node("ReduceMean", ["y", "one"], ["logits"], "pool", keepdims=0),
            helper.make_node("Shape", ["attention_mask"], ["unused"], "mask"),
        ],
        "feed_forward",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["b", "w"]) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", WIDTH])],
        [numpy_helper.from_array(a, n) for a, n in ((table, "table"), (gain, "gain"), (contract, "contract"))]
        + [numpy_helper.from_array(np.array([1], np.int64), "one")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def run(path, ids: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"input_ids": ids.astype(np.int64), "attention_mask": np.ones_like(ids, np.int64)})[
        0
    ]


def error(path, reference) -> float:
    ids = np.stack([c[:10] for c in CALIBRATION])
    return float(np.sqrt(np.mean((run(path, ids) - run(reference, ids)) ** 2)))


def test_outlier_channels_in_fp32_save_the_precision_of_all_others(feed_forward, tmp_path, monkeypatch):
    monkeypatch.setattr(quantize, "quantize_embeddings", lambda model: 0)  # the contraction's error alone
    quantize.quantize_model(feed_forward, CALIBRATION, tmp_path / "split.onnx")
    monkeypatch.setattr(quantize, "OUTLIER_CHANNELS", 0)
    quantize.quantize_model(feed_forward, CALIBRATION, tmp_path / "plain.onnx")
    assert error(tmp_path / "split.onnx", feed_forward) < 0.5 * error(tmp_path / "plain.onnx", feed_forward)


def test_embeddings_and_weights_are_stored_as_int8(feed_forward, tmp_path):
    quantize.quantize_model(feed_forward, CALIBRATION, tmp_path / "q.onnx")
    types = {i.name: i.data_type for i in onnx.load(tmp_path / "q.onnx").graph.initializer}
    assert types["table_int8"] == TensorProto.INT8
    assert "table" not in types
    assert any(name.startswith("contract") and kind == TensorProto.INT8 for name, kind in types.items())


def test_a_row_is_the_same_alone_and_in_a_batch(feed_forward, tmp_path):
    quantize.quantize_model(feed_forward, CALIBRATION, tmp_path / "q.onnx")
    ids = np.stack([c[:8] for c in CALIBRATION])
    together = run(tmp_path / "q.onnx", ids)
    alone = np.concatenate([run(tmp_path / "q.onnx", row[None]) for row in ids])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_weights_stay_in_seven_bits(feed_forward, tmp_path):
    """Two u8*s8 products of AVX2 are added in 16 bits: 2 * 255 * 64 fits, 2 * 255 * 127 does not."""
    quantize.quantize_model(feed_forward, CALIBRATION, tmp_path / "q.onnx")
    for initializer in onnx.load(tmp_path / "q.onnx").graph.initializer:
        if initializer.data_type == TensorProto.INT8 and not initializer.name.startswith("table"):
            assert np.abs(numpy_helper.to_array(initializer).astype(int)).max() <= 64


def test_a_file_over_the_limit_is_refused(feed_forward, tmp_path, monkeypatch):
    monkeypatch.setattr(quantize, "GRAPH_BYTES", 0)  # of this little graph most are nodes, not weights
    with pytest.raises(ValueError, match="more than"):
        quantize.quantize_model(feed_forward, CALIBRATION, tmp_path / "q.onnx")
