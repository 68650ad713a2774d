"""Which unlabelled comments are worth reading next: what the present model is least sure of, and a random part.

    python -m training.annotate.active_learning --count 64000 --out build/training/to_label.jsonl.gz
    python -m training.annotate.annotate bedrock MODEL --comments build/training/to_label.jsonl.gz

A model learns most from labels of the comments it is unsure of (Lewis and Gale 1994, arXiv cmp-lg/9407020). Of a side
between positive and negative it can be unsure, and of the class; a random part keeps the labels tied to the stream.
"""

import gzip
import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.model.classifier import LABELS, NEGATIVE, NEUTRAL, POSITIVE, SentimentClassifier
from training.data.comments import read
from training.data.records import PREPARED, Record

# ---- settings ---------------------------------------------------------------------------------------------------
SHARES = {"random": 0.25, "side": 0.60, "class": 0.15}
MIN_WORDS, MAX_CHARS = 2, 500  # a longer comment costs as much to read as several
CHUNK = 5000  # comments scored in one call
SEED = 1
# -----------------------------------------------------------------------------------------------------------------


def unsure_of_side(probabilities: np.ndarray) -> np.ndarray:
    """Indices of [n, 3] probabilities, least sure first: by |positive - negative| as a share of their sum.

    Comments that are more likely neutral than not come last: they have no side to be unsure of.
    """
    positive, negative = probabilities[:, POSITIVE], probabilities[:, NEGATIVE]
    margin = np.abs(positive - negative) / (positive + negative)
    return np.argsort(np.where(probabilities[:, NEUTRAL] < 0.5, margin, 2 + margin), kind="stable")


def unsure_of_class(probabilities: np.ndarray) -> np.ndarray:
    """Indices of [n, 3] probabilities, the flattest first."""
    return np.argsort(probabilities.max(axis=1), kind="stable")


def choose(probabilities: np.ndarray, count: int, seed: int = SEED) -> dict[int, str]:
    """Up to `count` indices of [n, 3] probabilities in random order, each with the one of SHARES that chose it."""
    random = np.random.default_rng(seed)
    orders = {
        "random": random.permutation(len(probabilities)),
        "side": unsure_of_side(probabilities),
        "class": unsure_of_class(probabilities),
    }
    chosen: dict[int, str] = {}
    ends = np.rint(np.cumsum(list(SHARES.values())) * count).astype(int)
    for name, end in zip(SHARES, ends, strict=True):
        fresh = [int(i) for i in orders[name] if int(i) not in chosen]
        chosen |= dict.fromkeys(fresh[: end - len(chosen)], name)
    indices = list(chosen)
    return {indices[i]: chosen[indices[i]] for i in random.permutation(len(indices))}


def probabilities_of(classifier: SentimentClassifier, rows: list[Record]) -> np.ndarray:
    """[n, 3] of negative, neutral, positive."""
    out = []
    for start in range(0, len(rows), CHUNK):
        found = classifier.classify([r["text"] for r in rows[start : start + CHUNK]])
        out += [[s.probabilities[label] for label in LABELS] for s in found]
    return np.array(out).reshape(-1, len(LABELS))


def main(
    count: Annotated[int, typer.Option(min=1, help="comments to choose")],
    out: Annotated[Path, typer.Option(help="file to write (.jsonl.gz): the comments, and why each was chosen")],
    artifact: Annotated[Path | None, typer.Option(help="model that is unsure; default the repository's")] = None,
    data: Path = PREPARED,
) -> None:
    """Choose comments of DATA/unlabelled.jsonl.gz to label next."""
    rows = [r for r in read(data, "unlabelled") if len(r["text"]) <= MAX_CHARS and len(r["text"].split()) >= MIN_WORDS]
    if not rows:
        what = f"comment of at least {MIN_WORDS} words and at most {MAX_CHARS} characters"
        typer.secho(f"error: {data} has no unlabelled {what}", fg="red", err=True)
        raise typer.Exit(1)
    chosen = choose(probabilities_of(SentimentClassifier.load(artifact), rows), count)
    out.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(out, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(rows[i] | {"selected": why}, ensure_ascii=False) + "\n" for i, why in chosen.items())
    typer.echo(f"{out}: {len(chosen):,} of {len(rows):,} comments")


if __name__ == "__main__":
    typer.run(main)
