"""The int8 matrix peak of this core, measured with bare MatMulInteger, and the encoder's part of it."""

import time

import numpy as np

SHAPES = ((384, 384), (384, 1536), (1536, 384))  # of the encoder's products: features in, out
ROWS = 512
REPEATS = 50
PEAK_REPEATS = 1000  # a product takes less than a millisecond


def products(width: int = 384, layers: int = 6) -> tuple[float, float]:
    """Million multiply-adds per token of the weights' products: the network's, and those that the graph computes.

    The graph leaves out the last layer's queries, output and feed-forward for all tokens but the first.
    """
    layer = 4 * width**2 + 2 * width * 4 * width
    return layers * layer / 1e6, (layers * layer - (2 * width**2 + 8 * width**2)) / 1e6


def matmul_integer_peak() -> float:
    """GMAC/s, the best of the encoder's shapes; u8 activations, s8 weights, one thread."""
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper

    best = 0.0
    for inputs, outputs in SHAPES:
        weight = np.random.default_rng(0).integers(-63, 64, (inputs, outputs)).astype(np.int8)
        constants = [numpy_helper.from_array(weight, "b"), numpy_helper.from_array(np.uint8(128), "zero")]
        graph = helper.make_graph(
            [helper.make_node("MatMulInteger", ["a", "b", "zero"], ["y"])], "peak",
            [helper.make_tensor_value_info("a", TensorProto.UINT8, [ROWS, inputs])],
            [helper.make_tensor_value_info("y", TensorProto.INT32, [ROWS, outputs])], constants,
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        session = ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        feed = {"a": np.random.default_rng(1).integers(0, 256, (ROWS, inputs)).astype(np.uint8)}
        for _ in range(PEAK_REPEATS):
            started = time.perf_counter()
            session.run(None, feed)
            best = max(best, ROWS * inputs * outputs / (time.perf_counter() - started) / 1e9)
    return best


def encoder_tokens_per_s(rows: int = 16, tokens: int = 32) -> float:
    """Tokens a second of the project's session alone, at its best batch shape, one thread."""
    from lambda_fn.model.classifier import SentimentClassifier

    session = SentimentClassifier.load().session
    ids = np.random.default_rng(0).integers(1000, 20000, (rows, tokens))
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    best = np.inf
    for _ in range(REPEATS):
        started = time.perf_counter()
        session.run(None, feed)
        best = min(best, time.perf_counter() - started)
    return rows * tokens / best


def shares(texts: list[str]) -> dict:
    """Seconds of CPU of the parts of `classify` over `texts`: the session's, and all else (tokenizer and Python)."""
    from lambda_fn.model.classifier import SentimentClassifier

    classifier = SentimentClassifier.load()
    classifier.classify(texts[:50])
    session, spent = classifier.session, 0.0

    class Timed:
        def run(self, *args):
            nonlocal spent
            started = time.process_time()
            try:
                return session.run(*args)
            finally:
                spent += time.process_time() - started

    classifier.session = Timed()
    started = time.process_time()
    tokens = sum(sentiment.tokens for sentiment in classifier.classify(texts))
    total = time.process_time() - started
    return {
        "tokens": tokens,
        "seconds": total,
        "encoder_s": spent,
        "tokenizer_and_python_percent": 100 * (1 - spent / total),
    }
