"""Step 9: the n-grams of lambda_fn/model/ngrams.py: a logistic regression on all labels, in seconds.

    python -m training.train.ngrams --tokenizer build/training/student --out build/training/ngrams.npz

Two weights a feature, of positive against negative and of neutral against both, so that one softmax serves three
classes and the binary score (training.evaluate.calibrate has the formula). Learned by AdaGrad, whose steps are smaller
for what is frequent; rounded to int8 at the end. What the sums mean is fitted on the development set, by the
calibration.
"""

import json
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from lambda_fn.model.ngrams import slots
from training.data.comments import scored, soft_targets
from training.data.records import PREPARED
from training.train.batches import encode
from training.train.encoder import load_tokenizer

# ---- hyper-parameters -------------------------------------------------------------------------------------------
SLOTS = 433_003  # a prime; with two weights of a byte each the graph stays below 25 MB
EPOCHS = 2
LEARNING_RATE = 0.3
BATCH = 512  # comments
BIAS_RATE = 0.05
CLIP = 4.0  # standard deviations of the weights of frequent features that int8's 127 stands for
MAX_TOKENS = 256
SEED = 1
# -----------------------------------------------------------------------------------------------------------------


def features(ids: list[np.ndarray], count: int = SLOTS) -> tuple[np.ndarray, np.ndarray]:
    """Slots of all comments one after the other, and how many each has."""
    parts = [np.concatenate(slots(row.astype(np.int64), count)) for row in ids]
    return np.concatenate(parts), np.array([len(part) for part in parts])


def fit(slot: np.ndarray, lengths: np.ndarray, targets: np.ndarray, count: int = SLOTS) -> np.ndarray:
    """Weights [count, 2] of least cross-entropy to `targets` [n, 3]."""
    table = torch.nn.EmbeddingBag(count, 2, mode="sum", sparse=True)
    torch.nn.init.zeros_(table.weight)
    bias = torch.zeros(2, requires_grad=True)
    adagrad = torch.optim.Adagrad(table.parameters(), lr=LEARNING_RATE)
    plain = torch.optim.SGD([bias], lr=BIAS_RATE)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    scale = (lengths**-0.5).astype(np.float32)
    random = np.random.default_rng(SEED)
    batches = [
        order[k : k + BATCH]
        for order in (random.permutation(len(lengths)) for _ in range(EPOCHS))
        for k in range(0, len(order), BATCH)
    ]
    for step, rows in enumerate(batches):
        n = lengths[rows]
        offsets = np.cumsum(n) - n
        index = np.repeat(starts[rows] - offsets, n) + np.arange(n.sum())
        weight = torch.from_numpy(np.repeat(scale[rows], n))
        margin, neutral = (table(torch.from_numpy(slot[index]), torch.from_numpy(offsets), weight) + bias).T
        logits = torch.stack([-margin / 2, neutral, margin / 2], dim=1)
        loss = -(torch.from_numpy(targets[rows]) * torch.log_softmax(logits, 1)).sum(1).mean()
        for group in adagrad.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / len(batches))
        adagrad.zero_grad()
        plain.zero_grad()
        loss.backward()
        adagrad.step()
        plain.step()
    return table.weight.detach().numpy()


def rounded(weights: np.ndarray) -> np.ndarray:
    """int8 [slots, 2], each column by a step of its own, which the calibration takes up in its scales."""
    used = weights[np.abs(weights).sum(axis=1) > 0]
    step = CLIP * used.std(axis=0) / 127
    return np.clip(np.rint(weights / step), -127, 127).astype(np.int8)


def train(
    tokenizer: Annotated[Path, typer.Option(help="folder with tokenizer.json: the checkpoint or an artifact")],
    out: Annotated[Path, typer.Option(help="npz file to write")],
    data: Path = PREPARED,
) -> None:
    """Learn from DATA's labelled comments and write the int8 weights."""
    started = time.monotonic()
    torch.manual_seed(SEED)
    rows = scored(data, "labelled")
    ids = encode(load_tokenizer(str(tokenizer)), [r["text"] for r in rows], MAX_TOKENS)
    weights = rounded(fit(*features(ids), soft_targets(rows)))
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, weights=weights)
    figures = {"labels": len(rows), "slots": len(weights), "seconds": round(time.monotonic() - started)}
    print(json.dumps(figures | {"used": int((weights != 0).any(axis=1).sum()), "bytes": out.stat().st_size}))


if __name__ == "__main__":
    typer.run(train)
