"""The grid: each comment falls into one of 66 cells, the nearest point of the three probabilities in steps of a tenth.

Shares need no comment again once the comments of each cell are counted, and counts add up where shares do not.
`rollup.sql` computes the same cell number; a test compares the two.
"""

from collections.abc import Sequence

import numpy as np

STEPS = 10
# Cell number of a tenths of negative and b tenths of positive: a * STRIDE + b. The rest is neutral.
STRIDE = STEPS + 1
CELLS = np.array([a * STRIDE + b for a in range(STEPS + 1) for b in range(STEPS + 1 - a)])
# Column of a cell number in an array of counts, -1 for a number that is none.
COLUMN = np.full(STRIDE * STRIDE, -1)
COLUMN[CELLS] = np.arange(len(CELLS))


def cells(negative: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Cell numbers [n] of probabilities [n].

    Half a tenth is rounded up, by floor: `round` takes it to the even neighbour in numpy and away from 0 in SQL. Where
    both are half a tenth the sum would be eleven tenths; positive then gives way.
    """
    a = np.floor(STEPS * np.asarray(negative, dtype=np.float64) + 0.5)
    b = np.minimum(np.floor(STEPS * np.asarray(positive, dtype=np.float64) + 0.5), STEPS - a)
    numbers: np.ndarray = (a * STRIDE + b).astype(np.int64)
    return numbers


def counts(numbers: np.ndarray, comments: np.ndarray | None = None) -> np.ndarray:
    """Comments in each cell [66], from cell numbers [n] and, if they stand for more than one, `comments` [n].

    Raises ValueError for a number that is no cell.
    """
    return np.bincount(columns(numbers), comments, minlength=len(CELLS)).astype(np.float64)


def columns(numbers: Sequence[int] | np.ndarray) -> np.ndarray:
    """Where cell numbers [n] are in an array of counts. Raises ValueError for a number that is no cell."""
    numbers = np.asarray(numbers, dtype=np.int64)
    if ((numbers < 0) | (numbers >= len(COLUMN))).any() or (COLUMN[numbers] < 0).any():
        raise ValueError("a cell number is not of this grid")
    found: np.ndarray = COLUMN[numbers]
    return found


def points() -> np.ndarray:
    """The probabilities [66, 3] of negative, neutral and positive that the cells stand for."""
    a, b = np.divmod(CELLS, STRIDE)
    return np.stack([a, STEPS - a - b, b], axis=1) / STEPS
