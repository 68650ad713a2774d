"""The linear layer that weighs the readings of a comment of several coins: `lambda_fn/model/coin_moods.npz`.

    python -m training.train.coin_moods --data FOLDER

Fitted on the tuning half of training/annotate/coins alone, so `training.evaluate.coins` reports on comments it never
saw. It reads the shipped model's inner states: fit it again for every new revision of the model (seconds).
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from sklearn.linear_model import LogisticRegression

from lambda_fn.model.classifier import LABELS, SentimentClassifier
from lambda_fn.model.coin_moods import HEAD, read_with_coins
from lambda_fn.model.coins import Coins
from lambda_fn.model.hidden import WIDTH
from training.annotate.coin_labels import LabelledComment, mood_comments

# ---- settings: chosen by cross-validation within the tuning half --------------------------------------------------
INVERSE_PENALTY = 0.0007
# The whole comment's three logits count this much more than one of the 1,152 states before the penalty.
LOGITS_FACTOR = 3.0
# -------------------------------------------------------------------------------------------------------------------


def examples(
    classifier: SentimentClassifier, coins: Coins, comments: list[LabelledComment]
) -> tuple[np.ndarray, np.ndarray]:
    """Features [n, FEATURES] and classes [n] of the labelled coins that are found."""
    texts = [comment.text for comment in comments]
    _, rows, features = read_with_coins(classifier, coins.named, texts, range(len(texts)))
    known = [i for i, (place, coin) in enumerate(rows) if coin in comments[place].moods]
    classes = [comments[rows[i][0]].moods[rows[i][1]] + 1 for i in known]
    return features[known], np.array(classes)


def fit(features: np.ndarray, classes: np.ndarray) -> dict[str, np.ndarray]:
    """mean, scale, weights [FEATURES, 3] and bias [3] of the layer."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    factor = np.ones(features.shape[1])
    factor[3 * WIDTH :] = LOGITS_FACTOR
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000)
    model.fit((features - mean) / scale * factor, classes)
    if list(model.classes_) != list(range(len(LABELS))):
        raise ValueError(f"the labels have classes {model.classes_}, expected all of {LABELS}")
    return {"mean": mean, "scale": scale, "weights": model.coef_.T * factor[:, None], "bias": model.intercept_}


def main(
    data: Annotated[Path, typer.Option(help="folder with comments.jsonl.gz")] = Path("../data"),
    out: Annotated[Path, typer.Option(help="the layer's file")] = HEAD,
) -> None:
    """Fit the layer on the tuning half of the labels."""
    classifier = SentimentClassifier.load()
    features, classes = examples(classifier, Coins.load(), mood_comments(data, reported=False))
    arrays = {name: array.astype(np.float16) for name, array in fit(features, classes).items()}
    np.savez(out, **arrays, revision=np.array(classifier.revision))
    print(f"{out}: {len(classes)} labelled coins, {out.stat().st_size / 1024:.0f} KiB, for model {classifier.revision}")


if __name__ == "__main__":
    typer.run(main)
