"""What the estimate knows of the model: how its probabilities fall for each mood, measured on labelled comments.

`calibration.json` is written by `python -m training.evaluate.mood_calibration`, one entry for each model revision
whose results are still about.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lambda_fn.mood import grid

FILE = Path(__file__).with_name("calibration.json")


@dataclass(frozen=True)
class Calibration:
    """Measured on comments that the model was not trained on.

    likelihood: [66, 3], the chance of each cell given negative, neutral and positive; columns sum to 1.
    comments: how many it was measured on: no estimate knows more than as many comments do.
    thread, author: intraclass correlation of the moods of comments of one thread, of one author, of a subreddit.
    """

    likelihood: np.ndarray
    comments: int
    thread: float
    author: float

    @classmethod
    def of(cls, probabilities: np.ndarray, thread: float = 0.0, author: float = 0.0) -> "Calibration":
        """Measure it on calibrated probabilities [n, 3] of comments drawn like those the labels were.

        P(cell | mood) is proportional to the sum of P(mood) over the cell's comments: calibrated probabilities say it
        with less noise than counts of labels do. A cell that holds no comment is taken to mean what it stands for.
        """
        numbers = grid.cells(probabilities[:, 0], probabilities[:, 2])
        sums = np.stack([grid.counts(numbers, mood) for mood in probabilities.T], axis=1)
        sums += 0.01 * (grid.points() + 0.001)
        return cls(sums / sums.sum(axis=0), len(probabilities), thread, author)

    def weights(self) -> np.ndarray:
        """[66, 3]: the shares are, to first order, the mean over comments of the weights of their cells.

        Generalised least squares at a level mix: unbiased for any mix, as EM is, but linear, so that SQL can do it.
        """
        scaled = self.likelihood / self.likelihood.mean(axis=1, keepdims=True)
        return np.asarray(scaled @ np.linalg.inv(self.likelihood.T @ scaled))

    def as_dict(self) -> dict[str, Any]:
        table = [[float(f"{value:.4g}") for value in row] for row in self.likelihood]
        return {"comments": self.comments, "thread": self.thread, "author": self.author, "likelihood": table}


class UnknownRevision(KeyError):
    """No calibration of this model revision."""

    def __str__(self) -> str:
        return (
            f"{FILE.name} has no model revision {self.args[0]}: run `python -m training.evaluate.mood_calibration` "
            "with that model, or score the comments with the model of this repository"
        )


@lru_cache(maxsize=1)
def calibrations() -> dict[str, Calibration]:
    """The committed calibrations, by model revision."""
    return {
        revision: Calibration(np.array(entry["likelihood"]), entry["comments"], entry["thread"], entry["author"])
        for revision, entry in json.loads(FILE.read_text())["revisions"].items()
    }


def calibration_of(revision: str) -> Calibration:
    """Raises UnknownRevision."""
    try:
        return calibrations()[revision]
    except KeyError:
        raise UnknownRevision(revision) from None
