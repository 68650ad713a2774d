"""Token ids in length-bucketed batches under a token budget: training pads almost nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from lambda_fn.classifier import length_buckets
from lambda_fn.text import normalise


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
    """The examples `rows` of `ids` in one padded batch."""
    width = max(len(ids[i]) for i in rows)
    input_ids = np.full((len(rows), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for row, i in enumerate(rows):
        input_ids[row, : len(ids[i])] = ids[i]
        mask[row, : len(ids[i])] = 1
    return Batch(np.asarray(rows), torch.from_numpy(input_ids), torch.from_numpy(mask))


def in_order(ids: list[np.ndarray], budget: int, pad_id: int) -> Iterator[Batch]:
    """Batches for scoring, shortest first; `Batch.rows` says whose they are."""
    for rows in length_buckets([len(i) for i in ids], budget):
        yield pad(ids, rows, pad_id)


def shuffled(ids: list[np.ndarray], budget: int, pad_id: int, seed: int) -> list[Sequence[int]]:
    """Row indices of one epoch's batches: examples of like length together, in an order that `seed` decides.

    A jitter on the lengths before sorting puts different comments side by side in every epoch.
    """
    random = np.random.default_rng(seed)
    lengths = np.array([len(i) for i in ids])
    order = np.argsort(lengths * random.uniform(0.9, 1.1, len(ids)) + random.uniform(0, 2, len(ids)), kind="stable")
    batches, batch, width = [], [], 0
    for i in order:
        width_with = max(width, lengths[i])
        if batch and width_with * (len(batch) + 1) > budget:
            batches.append(batch)
            batch, width_with = [], lengths[i]
        batch.append(int(i))
        width = width_with
    if batch:
        batches.append(batch)
    random.shuffle(batches)
    return batches
