"""What the first stage does on other years, subreddits and kinds of text than most of its labels are of.

    python -m training.evaluate.drift --artifact model_artifacts/distilbert-crypto-sentiment

Prints a Markdown table of the development set's slices: the share settled, and the accuracy of both stages and of the
encoder alone, of which the latter is what FIRST_STAGE=false serves (with the n-grams' share in its logits).
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.model.classifier import LABELS, SentimentClassifier
from lambda_fn.settings import shipped_model
from training.data.comments import scored
from training.data.records import PREPARED
from training.evaluate.evaluate import percent
from training.evaluate.report import table
from training.evaluate.slices import slices


def rights(sentiments: list, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """bool [n] each: whether the binary label, and the likeliest of three classes, is the annotator's."""
    binary = np.array([s.label == "positive" for s in sentiments]) == (scores > 0)
    moods = np.array([LABELS.index(max(s.probabilities, key=s.probabilities.get)) for s in sentiments])
    return binary, moods == np.sign(scores) + 1


def rows(classifier: SentimentClassifier, comments: list[dict]) -> list[list[str]]:
    """A row of cells for all comments and for each slice of at least 30."""
    texts, scores = [c["text"] for c in comments], np.array([c["score"] for c in comments])
    both, encoder = classifier.classify(texts), classifier.classify(texts, stage="encoder")
    settled = np.array([s.settled for s in both])
    ours, theirs = rights(both, scores), rights(encoder, scores)
    parts = {"all": np.ones(len(texts), bool), **slices(comments, [s.tokens for s in both])}
    out = []
    for name, part in parts.items():
        sided = part & (scores != 0)
        values = [settled[part].mean(), ours[0][sided].mean(), theirs[0][sided].mean()]
        values += [ours[1][part].mean(), theirs[1][part].mean()]
        out.append([name, str(part.sum()), *(f"{percent(v):.1f}" for v in values)])
    return out


def drift(
    artifact: Annotated[Path | None, typer.Option(help="artifact folder; default the repository's")] = None,
    data: Path = PREPARED,
) -> None:
    """Print the table."""
    classifier = SentimentClassifier.load(artifact or shipped_model())
    head = ["slice", "comments", "settled %", "binary, both", "binary, encoder", "three classes, both", "…, encoder"]
    print(table(head, rows(classifier, scored(data, "dev"))))


if __name__ == "__main__":
    typer.run(drift)
