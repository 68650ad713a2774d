"""Step 8: the model in int8 with static scales, little more than a quarter of the fp32 file's size.

    python -m training.ship.quantize --checkpoint build/training/student --out build/training/onnx/model_quantized.onnx

A DistilBERT is written with ONNX Runtime's fused operators (graph.py); another class goes through quantize_qdq.py, from
the ONNX file of the export step (`--model`), a third slower.

Static scales are constants in the file, so a comment's score does not depend on its neighbours in a batch, as it does
with dynamic quantization, which takes one scale over the whole batch. What keeps the accuracy:
- smoothing (SmoothQuant, arXiv 2211.10438): a few features are ten times larger than the rest, and would take the
  steps of all; each feature is divided by a factor that the weights are multiplied by;
- behind GELU, where that cannot be, the few worst features go through a small fp32 product beside the int8 one;
- the range of each activation is the one with the least error, not the widest seen;
- weights are rounded one input feature after the other, each passing its error on to those not yet rounded (GPTQ,
  arXiv 2210.17323).
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import onnxruntime as ort
import typer

from training.data.comments import scored
from training.data.records import PREPARED
from training.ship import quantize_qdq
from training.ship.graph import Activation, Encoder, Weight
from training.train.batches import encode
from training.train.encoder import load_tokenizer

# ---- settings ---------------------------------------------------------------------------------------------------
# Weights in 7 bits: on AVX2 and AVX512 without VNNI two u8*s8 products are added in 16 bits, which would overflow.
WEIGHT_LIMIT = 63
ACTIVATION_STEPS = 255
SMOOTHING = 0.5  # 0: the weights keep their range, 1: the activations' features all get the same
# Behind GELU one or two of 1,536 features reach 14-24, all others 6, and their weights 4-8, the others' 0.15.
OUTLIERS = 8
RANGES = np.linspace(0.25, 1, 31)  # parts of the widest value that are tried as an activation's range
DAMPING = 0.01  # of GPTQ's second moments, as a part of their mean
CALIBRATION_COMMENTS = 400  # of the training set, each alone: padding has no say in the scales
TOKENS_PER_COMMENT = 16  # kept of each to choose ranges and to round weights by
MAX_TOKENS = 128
SEED = 1
# -----------------------------------------------------------------------------------------------------------------


def session_of(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def observe(
    encoder: Encoder, calibration: Iterable[np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Per activation: the smallest and largest value of each feature, and some tokens' values [tokens, features]."""
    session = session_of(encoder.model())
    random = np.random.default_rng(SEED)
    low, high, kept = {}, {}, {name: [] for name in encoder.ranges}
    for ids in calibration:
        row = np.asarray(ids, dtype=np.int64)[None]
        outputs = session.run(list(encoder.ranges.values()), {"input_ids": row, "attention_mask": np.ones_like(row)})
        for name, values in zip(encoder.ranges, outputs, strict=True):
            values = values[0]
            low[name] = np.minimum(low.get(name, 0), values.min(axis=0))
            high[name] = np.maximum(high.get(name, 0), values.max(axis=0))
            kept[name].append(values[random.permutation(len(values))[:TOKENS_PER_COMMENT]])
    return {name: (low[name], high[name], np.concatenate(kept[name])) for name in encoder.ranges}


def smoothing(low: np.ndarray, high: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """One factor per feature, with geometric mean 1, from the ranges of activation and weight [features, outputs]."""
    activation = np.maximum(np.maximum(high, -low), 1e-3)
    factor = activation**SMOOTHING / np.maximum(np.abs(weight).max(axis=1), 1e-4) ** (1 - SMOOTHING)
    return (factor / np.exp(np.log(factor).mean())).astype(np.float32)


def worst_features(low: np.ndarray, high: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The OUTLIERS features with the largest product of their reach and their largest weight, in order."""
    reach = np.maximum(high, -low) * np.abs(weight).max(axis=1)
    return np.sort(np.argsort(reach)[-OUTLIERS:])


def activation_range(low: float, high: float, values: np.ndarray, weight: np.ndarray) -> tuple[np.float32, np.uint8]:
    """Step and zero point with the least error in values @ weight: wide ones round coarsely, narrow ones cut."""
    importance = (weight**2).sum(axis=1)
    best = (np.inf, 0.0, 0.0)
    for part in RANGES:
        bound = part * max(-low, high)
        bottom, top = max(low, -bound), min(high, bound)
        step = (top - bottom) / ACTIVATION_STEPS
        zero = np.rint(-bottom / step)
        rounded = (np.clip(np.rint(values / step) + zero, 0, ACTIVATION_STEPS) - zero) * step
        error = float((((rounded - values) ** 2).mean(axis=0) * importance).sum())
        best = min(best, (error, step, zero))
    return np.float32(best[1]), np.uint8(best[2])


def round_weight(weight: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 [features, outputs] and one step per output, so that values @ weight changes least (GPTQ)."""
    step = np.maximum(np.abs(weight).max(axis=0), 1e-8) / WEIGHT_LIMIT
    moments = values.T.astype(np.float64) @ values / len(values)
    moments[np.diag_indices_from(moments)] += DAMPING * np.diag(moments).mean()
    order = np.argsort(-np.diag(moments))  # the largest features first, while others can still make up for them
    factor = np.linalg.cholesky(np.linalg.inv(moments[np.ix_(order, order)])).T
    left, rounded = weight[order].astype(np.float64), np.empty(weight.shape, dtype=np.int8)
    for i, feature in enumerate(order):
        rounded[feature] = np.clip(np.rint(left[i] / step), -WEIGHT_LIMIT, WEIGHT_LIMIT)
        error = (left[i] - rounded[feature] * step) / factor[i, i]
        left[i + 1 :] -= np.outer(factor[i, i + 1 :], error)
    return rounded, step.astype(np.float32)


def quantize_model(checkpoint: Path, calibration: Iterable[np.ndarray], out: Path) -> None:
    """Write OUT from the fp32 checkpoint. calibration: token ids of comments. Raises ValueError if OUT is too large."""
    encoder = Encoder(checkpoint)
    seen = observe(encoder, calibration)
    weights = {name: encoder.linear_weights(name) for names in encoder.readers.values() for name in names}
    activations, outliers = {}, {}
    for name, (low, high, values) in seen.items():
        weight = np.concatenate([weights[reader][0] for reader in encoder.readers[name]], axis=1)
        if OUTLIERS and name.endswith(".hidden"):
            outliers[name] = worst_features(low, high, weight)
            for array in (low, high, values.T, weight):  # what is left to int8 knows nothing of them
                array[outliers[name]] = 0
        # GELU stands between the hidden activation and the weights that could carry its factor.
        smooth = None if name.endswith(".hidden") else smoothing(low, high, weight)
        factor = 1 if smooth is None else smooth
        weight = (weight.T * factor).T
        limits = float((low / factor).min()), float((high / factor).max())
        activations[name] = Activation(*activation_range(*limits, values / factor, weight), smooth)
    products = {}
    for name, readers in encoder.readers.items():
        factor = 1 if activations[name].smooth is None else activations[name].smooth
        for reader in readers:
            weight, bias = weights[reader]
            if reader.endswith("v_lin"):  # carries the context's factor, so that dividing by it costs nothing
                context = activations[reader.replace("attention.v_lin", "context")].smooth
                weight, bias = weight / context, bias / context
            few = outliers.get(name)
            rows = None if few is None else weight[few]
            if few is not None:
                weight = weight.copy()
                weight[few] = 0
            products[reader] = Weight(*round_weight((weight.T * factor).T, seen[name][2] / factor), bias, few, rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(Encoder(checkpoint, activations, products).model(), out)
    quantize_qdq.check_size(out, checkpoint / "model.safetensors")


def quantize(
    checkpoint: Annotated[Path, typer.Option(help="fp32 checkpoint folder")],
    out: Annotated[Path, typer.Option(help="int8 ONNX file to write")],
    model: Annotated[Path | None, typer.Option(help="fp32 ONNX file, for classes other than DistilBERT")] = None,
    data: Path = PREPARED,
) -> None:
    """Quantize CHECKPOINT with ranges seen on labelled training comments (never on the development set)."""
    rows = scored(data, "labelled")[:CALIBRATION_COMMENTS]
    calibration = encode(load_tokenizer(str(checkpoint)), [r["text"] for r in rows], MAX_TOKENS)
    if json.loads((checkpoint / "config.json").read_text())["model_type"] == "distilbert":
        quantize_model(checkpoint, calibration, out)
    elif model:
        quantize_qdq.quantize_model(model, calibration, out)
    else:
        raise typer.BadParameter(f"{checkpoint} is no DistilBERT: name its fp32 ONNX file with --model")


if __name__ == "__main__":
    typer.run(quantize)
