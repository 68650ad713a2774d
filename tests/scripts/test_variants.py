"""Run by `make test-training`, whose environment has onnx: those variants that promise what ships compute just that."""

import numpy as np
import pytest

from lambda_fn.settings import get_settings
from scripts.benchmark.operators import feed

onnx = pytest.importorskip("onnx")

from scripts.benchmark import variants  # noqa: E402

SAME = {
    "MultiHeadAttention -> Attention": 0,
    "embeddings: DequantizeLinear -> Cast and Mul": 0,
    "outliers: Gather -> Slice, the features put in order": 1e-5,
    "MatMulIntegerToFloat -> QGemm": 0.5,  # its bias is rounded to the products' step
    "one product for queries, keys and values, and a Split": 0,
    "optimization level basic -> all": 1e-3,
}


def logits(name: str | None) -> np.ndarray:
    """Of a batch with padding, by a variant or by what ships."""
    model = onnx.load(get_settings().model_dir / "onnx" / "model_quantized.onnx")
    variant = variants.VARIANTS[name] if name else variants.Variant()
    batch = feed(2, 9)
    batch["attention_mask"][0, 5:] = 0
    return variants.session(model, variant).run(None, batch)[0]


@pytest.mark.parametrize(("name", "tolerance"), SAME.items())
def test_a_variant_gives_the_same_logits(name, tolerance):
    assert np.abs(logits(name) - logits(None)).max() <= tolerance


@pytest.mark.parametrize("name", variants.VARIANTS)
def test_a_variant_runs(name):
    assert logits(name).shape == (2, 3)
