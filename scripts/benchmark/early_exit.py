"""What leaving early could save: comments that a small classifier on layer k's first token is sure of need no more.

    python -m scripts.benchmark.early_exit --data shared/data    # labelled.jsonl to fit on, dev.jsonl to judge on

The small classifier is a logistic regression, fitted to the model's own answers. Its threshold is the lowest with
which the whole is as accurate on the development set as the model alone; chosen there, so the saving is at most this.
The work that is saved is that of the products of weights in the layers not run, and none is lost to regrouping.
"""

import json
import os
import random
from pathlib import Path
from typing import Annotated

os.environ["ORT_THREADS"] = "1"

import numpy as np
import onnx
import onnxruntime as ort
import typer
from onnx import TensorProto, helper, numpy_helper

from lambda_fn.model.classifier import (
    NEGATIVE,
    POSITIVE,
    SentimentClassifier,
    length_buckets,
    normalise,
    session_options,
)
from lambda_fn.settings import get_settings

EXITS = (2, 3, 4)
RIDGE = 30.0
STEPS = 15  # of Newton's method
WIDTH = 384
LAYER_MMAC = 12 * WIDTH**2 / 1e6
LAST_LAYER_MMAC = 2 * WIDTH**2 / 1e6  # keys and values: all else is the first token's
LAYERS = 6


def opinions(file: Path, limit: int) -> tuple[list[str], np.ndarray]:
    """Texts with a mood, and whether it is positive."""
    rows = [row for row in map(json.loads, file.read_text().splitlines()) if row["score"]]
    random.Random(1).shuffle(rows)
    return [row["text"] for row in rows[:limit]], np.array([row["score"] > 0 for row in rows[:limit]])


def session_with_exits() -> ort.InferenceSession:
    """The model, which also gives the first token [n, width] behind each of EXITS."""
    model = onnx.load(get_settings().model_dir / "onnx" / "model_quantized.onnx")
    model.graph.initializer.append(numpy_helper.from_array(np.array(0), "exit.first"))
    for layer in EXITS:
        x = f"transformer.layer.{layer - 1}.output_layer_norm.out"
        model.graph.node.append(helper.make_node("Gather", [x, "exit.first"], [f"exit.{layer}"], axis=1))
        model.graph.output.append(helper.make_tensor_value_info(f"exit.{layer}", TensorProto.FLOAT, None))
    return ort.InferenceSession(model.SerializeToString(), session_options(1), ["CPUExecutionProvider"])


def read(session: ort.InferenceSession, texts: list[str]) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Margins of positive over negative [n], the first tokens behind each exit, and tokens [n]."""
    tokenizer, pad = (loaded := SentimentClassifier.load()).tokenizer, loaded._pad_id
    ids = [encoding.ids for encoding in tokenizer.encode_batch_fast([normalise(text) for text in texts])]
    lengths = np.array(list(map(len, ids)))
    margins, exits = np.empty(len(ids)), [np.empty((len(ids), WIDTH), np.float32) for _ in EXITS]
    names = ["logits", *(f"exit.{layer}" for layer in EXITS)]
    for batch in length_buckets(lengths.tolist(), loaded.batch_tokens):
        mask = (np.arange(lengths[batch].max()) < lengths[batch][:, None]).astype(np.int64)
        rows = np.full_like(mask, pad)
        rows[mask.astype(bool)] = np.concatenate([ids[i] for i in batch])
        logits, *tokens = session.run(names, {"input_ids": rows, "attention_mask": mask})
        margins[batch] = logits[:, POSITIVE] - logits[:, NEGATIVE]
        for kept, values in zip(exits, tokens, strict=True):
            kept[batch] = values
    return margins, exits, lengths


def logistic(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Weights of a ridge logistic regression; `features` end in a column of ones, `target` is a probability."""
    weights = np.zeros(features.shape[1])
    ridge = RIDGE * np.r_[np.ones(len(weights) - 1), 0]
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-features @ weights))
        hessian = (features * (p * (1 - p))[:, None]).T @ features + np.diag(ridge + 1e-6)
        weights -= np.linalg.solve(hessian, features.T @ (p - target) + ridge * weights)
    return weights


def early_exit(
    data: Annotated[Path, typer.Option(help="folder with labelled.jsonl and dev.jsonl")],
    limit: Annotated[int, typer.Option(help="labelled comments to fit on")] = 8_000,
) -> None:
    session = session_with_exits()
    (fit_texts, _), (texts, positive) = opinions(data / "labelled.jsonl", limit), opinions(data / "dev.jsonl", 10**9)
    fit_margins, fit_exits, _ = read(session, fit_texts)
    margins, exits, tokens = read(session, texts)
    whole = margins > 0
    accuracy = (whole == positive).mean()
    typer.echo(f"{len(texts):,} comments with a mood: the model is right on {100 * accuracy:.2f} %")
    all_mmac = (LAYERS - 1) * LAYER_MMAC + LAST_LAYER_MMAC
    for layer, fit_first, first in zip(EXITS, fit_exits, exits, strict=True):
        mean, spread = fit_first.mean(axis=0), fit_first.std(axis=0) + 1e-6
        fit_features, features = (np.c_[(x - mean) / spread, np.ones(len(x))] for x in (fit_first, first))
        answer = features @ logistic(fit_features, 1 / (1 + np.exp(-fit_margins)))
        shares = [0.0]
        for threshold in np.quantile(np.abs(answer), np.linspace(0, 1, 201)):
            sure = np.abs(answer) >= threshold
            if (np.where(sure, answer > 0, whole) == positive).mean() >= accuracy:
                shares.append(tokens[sure].sum() / tokens.sum())
        left_mmac = all_mmac - layer * LAYER_MMAC
        saved = max(shares) * left_mmac / all_mmac
        typer.echo(
            f"layer {layer}: alone right on {100 * ((answer > 0) == positive).mean():.2f} %; at the model's accuracy "
            f"{100 * max(shares):.1f} % of the tokens leave, which saves {100 * saved:.1f} % of the products"
        )


early_exit.__doc__ = __doc__

if __name__ == "__main__":
    typer.run(early_exit)
