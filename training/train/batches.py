"""Token ids in length-bucketed batches under a token budget: few shapes, little padding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from lambda_fn.model.text import normalise

# oneDNN builds its matrix kernels once for each shape it meets, and that takes longer than to run them: so few shapes.
WIDTHS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512)


def encode(tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int) -> list[np.ndarray]:
    """Token ids (int32) of each text, normalised and cut exactly as the service does."""
    tokenizer.enable_truncation(max_length=max_tokens)
    encodings = tokenizer.encode_batch_fast([normalise(text) for text in texts])
    return [np.array(e.ids, dtype=np.int32) for e in encodings]


@dataclass(frozen=True)
class Batch:
    """rows: indices of the examples; input_ids, attention_mask: int64 [n, width]."""

    rows: np.ndarray
    input_ids: torch.Tensor
    attention_mask: torch.Tensor


def pad(ids: list[np.ndarray], rows: Sequence[int], pad_id: int) -> Batch:
    """The examples `rows` of `ids` in one batch, padded to the next of WIDTHS."""
    width = padded_width(max(len(ids[i]) for i in rows))
    input_ids = np.full((len(rows), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for row, i in enumerate(rows):
        input_ids[row, : len(ids[i])] = ids[i]
        mask[row, : len(ids[i])] = 1
    return Batch(np.asarray(rows), torch.from_numpy(input_ids), torch.from_numpy(mask))


def padded_width(length: int) -> int:
    """The smallest of WIDTHS that holds `length` tokens."""
    return next((w for w in WIDTHS if w >= length), length)


def by_width(ids: list[np.ndarray], order: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Row indices of batches of one width each, budget // width rows in every one but the last.

    What does not fill a batch of its width is padded to the next width, so that nearly all batches have one of few
    shapes.
    """
    classes: dict[int, list[int]] = {}
    for i in order:
        classes.setdefault(padded_width(len(ids[i])), []).append(int(i))
    left: list[int] = []
    for width in sorted(classes):
        rows = left + classes[width]
        n = max(1, budget // width)
        full = len(rows) // n * n
        yield from (rows[k : k + n] for k in range(0, full, n))
        left = rows[full:]
    if left:
        yield left


def in_order(ids: list[np.ndarray], budget: int, pad_id: int) -> Iterator[Batch]:
    """Batches for scoring, shortest first; `Batch.rows` says whose they are."""
    for rows in by_width(ids, range(len(ids)), budget):
        yield pad(ids, rows, pad_id)


def shuffled(ids: list[np.ndarray], budget: int, seed: int) -> list[list[int]]:
    """Row indices of one epoch's batches: comments of like length together, otherwise in an order `seed` decides."""
    random = np.random.default_rng(seed)
    batches = list(by_width(ids, random.permutation(len(ids)), budget))
    random.shuffle(batches)
    return batches
