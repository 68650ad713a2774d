"""The prepared data as the training steps read it, and the targets that scores and labels stand for.

Every step takes the folder that `training.data.prepare` wrote (`--data`, by default build/training/data).
"""

from pathlib import Path

import numpy as np

from lambda_fn.model.classifier import LABELS
from training.data.records import DataError, Record, read_records

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


def read(data: Path, name: str) -> list[Record]:
    """The records of one of the four files (records.FILES) of the prepared folder `data`.

    Raises DataError if the file is missing, or names it and the line that is not as it should be.
    """
    path = data / f"{name}.jsonl.gz"
    if not path.is_file():
        raise DataError(f"no {path}: run `make data` (training/DATA.md), or name the prepared folder with --data")
    return list(read_records(path, ("id", "text", "source")))


def scored(data: Path, name: str) -> list[Record]:
    """Records of the labelled or dev file; score is an integer of -2..2."""
    rows = read(data, name)
    for row in rows:
        if row.get("score") not in SOFT_TARGETS:
            raise DataError(f"{data / name}.jsonl.gz: row {row['id']} has score {row.get('score')!r}, expected -2 to 2")
    return rows


def general(data: Path) -> list[Record]:
    """The general human-labelled texts that have one of the three labels."""
    return [row for row in read(data, "general") if row["label"] in LABELS]


def key(row: Record) -> str:
    """Names a comment: its id alone does not, because several sources number their rows."""
    return f"{row['source']} {row['id']}"


def soft_targets(rows: list[dict]) -> np.ndarray:
    """[n, 3] float32 probabilities of negative, neutral, positive, from `score` or `label`."""
    table = [SOFT_TARGETS[r["score"]] if "score" in r else GENERAL_TARGETS[r["label"]] for r in rows]
    return np.array(table, dtype=np.float32).reshape(-1, len(LABELS))
