"""Rows of the training data as the training steps read them: JSON lines, plain or gzipped.

DATA_DIR (or --data) names the folder with labelled.jsonl, dev.jsonl, comments.jsonl.gz and general/*.jsonl.gz;
README.md says how to build it from public sources.
"""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lambda_fn.classifier import LABELS

DATA_DIR = Path(os.environ.get("DATA_DIR", "data"))

# What a score of -2..2 says about (negative, neutral, positive): the annotator is sure at 2, bets at about 70 % at 1.
SOFT_TARGETS = {
    -2: (0.93, 0.05, 0.02),
    -1: (0.70, 0.22, 0.08),
    0: (0.12, 0.76, 0.12),
    1: (0.08, 0.22, 0.70),
    2: (0.02, 0.05, 0.93),
}
# The general sets have one label each; other labels (mixed, ambiguous) are left out.
GENERAL_TARGETS = {"negative": (0.90, 0.08, 0.02), "neutral": (0.10, 0.80, 0.10), "positive": (0.02, 0.08, 0.90)}


class DataError(ValueError):
    """A data file is missing, or a row is not what the training steps expect."""


def read_rows(path: Path) -> Iterator[dict]:
    """The JSON objects of `path`, in order. Raises DataError naming the file and line."""
    if not path.is_file():
        raise DataError(f"no {path}: set DATA_DIR or --data; training/README.md says how to build the data")
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                row["text"]
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"{path}:{number}: {error!r}") from error
            yield row


def scored(path: Path) -> list[dict]:
    """Rows with `id, text, score`; score is an integer of -2..2."""
    rows = list(read_rows(path))
    for row in rows:
        if row.get("score") not in SOFT_TARGETS:
            raise DataError(f"{path}: row {row.get('id')} has score {row.get('score')!r}, expected -2..2")
    return rows


def general(folder: Path) -> list[dict]:
    """Rows of the general human-labelled sets that have one of the three labels."""
    paths = sorted(folder.glob("*.jsonl.gz"))
    if not paths:
        raise DataError(f"no *.jsonl.gz in {folder}")
    return [row for path in paths for row in read_rows(path) if row["label"] in LABELS]


def soft_targets(rows: list[dict]) -> np.ndarray:
    """[n, 3] float32 probabilities of negative, neutral, positive, from `score` or `label`."""
    table = [SOFT_TARGETS[r["score"]] if "score" in r else GENERAL_TARGETS[r["label"]] for r in rows]
    return np.array(table, dtype=np.float32).reshape(-1, len(LABELS))
