"""The shipped model on the evaluation set of the system that this project succeeds, or any CSV in its form.

    python -m training.evaluate.evaluate_set sentiment.csv

Columns `Comment Text, Sentiment` (Positive or Negative). For evaluation only: `python -m training.data.leakage
--evaluation sentiment.csv --check` says whether the training data holds any of it. Prints JSON: accuracy and
macro-F1 in percent, the accuracy's 95 % bootstrap interval, and the 2 x 2 confusion (rows: truth, negative first).
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from sklearn.metrics import confusion_matrix, f1_score

from lambda_fn.model.classifier import SentimentClassifier
from training.data.sources.errors import SourceError
from training.data.sources.evaluation_set import load_evaluation_set

BOOTSTRAPS = 1000
SEED = 1


def figures(positive: np.ndarray, truth: np.ndarray) -> dict:
    """positive, truth: bool [n], what the model says and what is so."""
    right = positive == truth
    random = np.random.default_rng(SEED)
    draws = [right[random.integers(0, len(right), len(right))].mean() for _ in range(BOOTSTRAPS)]
    return {
        "comments": len(right),
        "accuracy": round(100 * float(right.mean()), 2),
        "accuracy_interval": [round(100 * float(q), 2) for q in np.quantile(draws, (0.025, 0.975))],
        "macro_f1": round(100 * float(f1_score(truth, positive, average="macro")), 2),
        "confusion": confusion_matrix(truth, positive, labels=[False, True]).tolist(),
    }


def main(
    table: Annotated[Path, typer.Argument(help="CSV with the columns Comment Text and Sentiment")],
    artifact: Annotated[Path | None, typer.Option(help="model to evaluate; default the repository's")] = None,
) -> None:
    """Score TABLE with the model as it ships. Exit status 1: the table cannot be read."""
    try:
        rows = load_evaluation_set(table)
    except (OSError, SourceError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None
    if not rows:
        typer.secho(f"error: {table} holds no comment", fg="red", err=True)
        raise typer.Exit(1)
    classifier = SentimentClassifier.load(artifact)
    sentiments = classifier.classify([row["text"] for row in rows])
    positive = np.array([s.label == "positive" for s in sentiments])
    truth = np.array([row["label"] == "positive" for row in rows])
    print(json.dumps({"revision": classifier.revision} | figures(positive, truth)))


if __name__ == "__main__":
    typer.run(main)
