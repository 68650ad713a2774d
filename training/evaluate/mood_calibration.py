"""What the mood's estimate has to know of a model: how its probabilities fall for each mood.

    python -m training.evaluate.mood_calibration --data build/training/data

scores the development set, which the model was not trained on, with the model in the repository, and writes its
revision's entry into lambda_fn/mood/calibration.json. Run it whenever the model changes; the entries of revisions
whose results are still about stay.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.model.classifier import LABELS, SentimentClassifier
from lambda_fn.mood import calibration
from training.data.comments import key, scored
from training.data.records import PREPARED

CONCENTRATION = Path(__file__).with_name("concentration.json")
AT_ONCE = 512


def probabilities(classifier: SentimentClassifier, texts: list[str]) -> np.ndarray:
    """[n, 3] of negative, neutral and positive, as the service gives them."""
    found = [s for first in range(0, len(texts), AT_ONCE) for s in classifier.classify(texts[first : first + AT_ONCE])]
    return np.array([[sentiment.probabilities[label] for label in LABELS] for sentiment in found])


def held_out(data: Path, kept: Path | None = None) -> tuple[np.ndarray, np.ndarray, str]:
    """Of the development set: probabilities [n, 3], moods [n] of 0 negative, 1 neutral, 2 positive; and the revision.

    kept: a file that keeps the probabilities of this revision from one run to the next.
    """
    rows = scored(data, "dev")
    classifier = SentimentClassifier.load()
    moods = np.sign([row["score"] for row in rows]) + 1
    keys = np.array([key(row) for row in rows])
    if kept and kept.is_file():
        with np.load(kept) as saved:
            if str(saved["revision"]) == classifier.revision and np.array_equal(saved["keys"], keys):
                return saved["probabilities"], moods, classifier.revision
    found = probabilities(classifier, [row["text"] for row in rows])
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(kept, probabilities=found, keys=keys, revision=classifier.revision)
    return found, moods, classifier.revision


def calibrate(
    data: Annotated[Path, typer.Option(help="folder of training.data.prepare")] = PREPARED,
    out: Annotated[Path, typer.Option(help="JSON file whose entry of this revision is replaced")] = calibration.FILE,
) -> None:
    """Measure the model in the repository on DATA/dev.jsonl.gz."""
    found, _, revision = held_out(data)
    alike = json.loads(CONCENTRATION.read_text())
    entry = calibration.Calibration.of(found, alike["thread"]["net"], alike["author"]["net"]).as_dict()
    known = json.loads(out.read_text())["revisions"] if out.is_file() else {}
    known[revision] = entry
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(known[name])}" for name in sorted(known))
    out.write_text('{"revisions": {\n' + lines + "\n}}\n")
    print(f"{revision}: {entry['comments']:,} comments, thread {entry['thread']}, author {entry['author']} in {out}")


if __name__ == "__main__":
    typer.run(calibrate)
