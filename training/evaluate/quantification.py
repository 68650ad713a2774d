"""Are the shares right? Slices of held-out comments with any mix, their shares estimated, and the error.

    python -m training.evaluate.quantification --data build/training/data

The protocol is that of quantification (artificial prevalence, Forman 2005; quapy's APP): each slice draws a mix of
moods uniformly, here with 5 to 80 % positive, then comments of each mood from the pool. Two ways to keep the pool from
the calibration:

- cross-fitted: each comment is judged by a grid that its fold had no part in, and slices draw from all folds;
- strict halves: the grid of one half judges slices of the other half alone, so that the error of 1,250 comments
  against another 1,250 comes on top.

A third table is of natural groups: the subreddits, sources and lengths of the development set as they are. Their mixes
differ as those of slices do, but so do their comments: there EM alone takes what the probabilities have read already
for a change of mood, and `estimate` measures each group against itself (lambda_fn/mood/shares.py).

Absolute errors are means over the three shares, in points; coverage is of 95 % intervals, in slices of 100.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.mood import grid
from lambda_fn.mood.calibration import Calibration, calibrations
from lambda_fn.mood.prevalence import Likelihood, em
from lambda_fn.mood.rollup import Rollup
from lambda_fn.mood.shares import FLAT, estimate, likelihood
from training.data.comments import scored
from training.data.records import PREPARED, repository_of
from training.evaluate.mood_calibration import held_out

# ---- settings ---------------------------------------------------------------------------------------------------
SLICES = 400
SLICES_A_SPLIT = 10  # the folds are drawn anew after so many
FOLDS = 5
SIZES = (1000, 300, 100, 30)
POSITIVE = (0.05, 0.80)
SEED = 1
# -----------------------------------------------------------------------------------------------------------------
METHODS = {
    "counting": "counting the likeliest mood",
    "averaging": "averaging the probabilities",
    "confusion": "adjusting by the confusion matrix",
    "linear": "weights of the grid's cells: what `shares.sql` prints",
    "em": "EM on the probabilities (no grid, no prior)",
    "grid": "EM on the grid with its prior: what `mood` prints",
}
NATURAL = {
    "counting": "counting the likeliest mood",
    "averaging": "averaging the probabilities",
    "em": "EM on the grid, against the calibration",
    "itself": "EM against the group's own usual mix: what `mood` prints for a coin or a subreddit",
}
LEAST_IN_GROUP = 60
JUDGE = "outside the group"  # stands for a model revision
INTERVALS = {
    "covered": "shares inside the 95 % interval, of 100",
    "net_covered": "net mood inside its interval, of 100",
    "margin": "half the interval's width, points",
}


@dataclass
class Split:
    """Who judges whom: `judge` [n] is the column block of each comment's grid; `pool` [m] the comments to draw from."""

    judge: np.ndarray
    pool: np.ndarray
    priors: np.ndarray  # [j, 3] mean probabilities of each judge's comments
    confusions: list[np.ndarray]  # [j] P(likeliest = column | mood = row)
    likelihood: Likelihood
    weights: np.ndarray  # [j * 66, 3]
    known: int


def split(probabilities: np.ndarray, moods: np.ndarray, folds: int, random: np.random.Generator) -> Split:
    """Fold comments at random; fold j is judged by what the others say. Two folds: strict halves, one is the pool."""
    fold = random.permutation(len(moods)) % folds
    grids, priors, confusions = [], [], []
    for j in range(folds):
        rest = fold != j
        grids.append(Calibration.of(probabilities[rest]))
        priors.append(probabilities[rest].mean(axis=0))
        likeliest = np.eye(3)[probabilities[rest].argmax(axis=1)]
        confusions.append(np.stack([likeliest[moods[rest] == mood].mean(axis=0) for mood in range(3)]))
    pool = np.flatnonzero(fold == 0) if folds == 2 else np.arange(len(moods))
    table = np.concatenate([known.likelihood for known in grids])
    weights = np.concatenate([known.weights() for known in grids])
    known = min(known.comments for known in grids)
    return Split(fold, pool, np.array(priors), confusions, Likelihood(table), weights, known)


def draw(moods: np.ndarray, pool: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    """`size` comments of `pool` whose mix is drawn uniformly among those with POSITIVE."""
    while True:
        mix = random.dirichlet(np.ones(3))
        if POSITIVE[0] <= mix[2] <= POSITIVE[1]:
            break
    wanted = np.floor(mix * size).astype(int)
    wanted[1] += size - wanted.sum()
    return np.concatenate([random.choice(pool[moods[pool] == mood], wanted[mood]) for mood in range(3)])


def estimates(probabilities: np.ndarray, chosen: np.ndarray, by: Split) -> tuple[dict, np.ndarray, np.ndarray]:
    """Shares [3] by each method, and low and high [4] of the grid's interval, for the comments `chosen`."""
    found, judge = probabilities[chosen], by.judge[chosen]
    likeliest = np.bincount(found.argmax(axis=1), minlength=3) / len(found)
    confusion = sum(by.confusions[j] * (judge == j).mean() for j in range(len(by.confusions)))
    adjusted = np.clip(np.linalg.solve(confusion.T, likeliest), 0, None)
    exact = em(np.ones((1, len(found))), found / by.priors[judge], np.full((1, 3), 1 + 1e-9))[0]
    blocks = [grid.cells(found[judge == j, 0], found[judge == j, 2]) for j in range(len(by.priors))]
    counts = np.concatenate([grid.counts(block) for block in blocks])[None]
    mix, low, high = by.likelihood.estimate(counts / (1 + len(found) / by.known), np.full((1, 3), FLAT))
    linear = np.clip(counts[0] @ by.weights / len(found), 0, 1)
    shares = {
        "counting": likeliest,
        "averaging": found.mean(axis=0),
        "confusion": adjusted / adjusted.sum(),
        "linear": linear,
        "em": exact,
        "grid": mix[0],
    }
    return shares, low[0], high[0]


def measure(probabilities: np.ndarray, moods: np.ndarray, folds: int, size: int, slices: int = SLICES) -> dict:
    """Mean absolute error of each method in points, coverage in percent (three shares; net) and half a width."""
    random = np.random.default_rng(SEED)
    errors: dict[str, list[float]] = {name: [] for name in METHODS}
    covered, widths = [], []
    for number in range(slices):
        if number % SLICES_A_SPLIT == 0:
            by = split(probabilities, moods, folds, random)
        chosen = draw(moods, by.pool, size, random)
        truth = np.bincount(moods[chosen], minlength=3) / size
        shares, low, high = estimates(probabilities, chosen, by)
        for name, share in shares.items():
            errors[name].append(float(np.abs(share - truth).mean()))
        all_four = np.append(truth, truth[2] - truth[0])
        covered.append((low <= all_four) & (all_four <= high))
        widths.append((high - low)[:3].mean() / 2)
    inside = np.array(covered)
    return {
        "comments": size,
        **{name: round(100 * float(np.mean(values)), 2) for name, values in errors.items()},
        "covered": round(100 * float(inside[:, :3].mean()), 1),
        "net_covered": round(100 * float(inside[:, 3].mean()), 1),
        "margin": round(100 * float(np.mean(widths)), 1),
    }


def natural(probabilities: np.ndarray, moods: np.ndarray, groups: dict[str, np.ndarray]) -> dict:
    """Mean absolute error in points, over groups (masks [n]), each judged by what all comments outside it say."""
    errors: dict[str, list[float]] = {name: [] for name in NATURAL}
    covered = []
    numbers = grid.cells(probabilities[:, 0], probabilities[:, 2])

    def line(chosen: np.ndarray, coin: str) -> dict:
        found, comments = np.unique(numbers[chosen], return_counts=True)
        none = {"hour": -1, "subreddit": "", "model": JUDGE, "thread_pairs": 0, "author_pairs": 0, "left_out": {}}
        return {**none, "coin": coin, "cells": found, "comments": comments}

    for group in groups.values():
        truth = np.bincount(moods[group], minlength=3) / group.sum()
        calibrations()[JUDGE] = Calibration.of(probabilities[~group])
        likelihood.cache_clear()
        rollup = Rollup.of_lines([line(np.ones(len(group), bool), ""), line(group, "GROUP")])
        shares = estimate(rollup, ("coin",))
        row = shares.rollup.coin.tolist().index("GROUP")
        counts = rollup.counts[rollup.coin == "GROUP"].astype(float)
        found = {
            "counting": np.bincount(probabilities[group].argmax(axis=1), minlength=3) / group.sum(),
            "averaging": probabilities[group].mean(axis=0),
            "em": em(counts, calibrations()[JUDGE].likelihood, np.full((1, 3), FLAT))[0],
            "itself": shares.value[row, :3],
        }
        for name, share in found.items():
            errors[name].append(float(np.abs(share - truth).mean()))
        covered.append((shares.low[row, :3] <= truth) & (truth <= shares.high[row, :3]))
    del calibrations()[JUDGE]
    likelihood.cache_clear()
    means = {name: round(100 * float(np.mean(values)), 2) for name, values in errors.items()}
    return {"groups": len(groups), **means, "covered": round(100 * float(np.mean(covered)), 1)}


def natural_groups(rows: list[dict]) -> dict[str, np.ndarray]:
    """The subreddits, sources and lengths of at least LEAST_IN_GROUP comments, as masks [n]."""
    words = [min(int(np.log2(len(row["text"].split()) + 1)), 6) for row in rows]
    names = {
        "subreddit": [str(row.get("subreddit") or "").lower() for row in rows],
        "source": [repository_of(row["source"]) for row in rows],
        "words": [f"{2**n} and more" for n in words],
    }
    masks = {
        f"{kind} {name}": np.array([value == name for value in values])
        for kind, values in names.items()
        for name in sorted(set(values))
        if name
    }
    return {name: mask for name, mask in masks.items() if LEAST_IN_GROUP <= mask.sum() < len(rows)}


def natural_markdown(found: dict) -> str:
    lines = [f"| {found['groups']} natural groups | error, points |", "|---|---:|"]
    lines += [f"| {text} | {found[key]:.2f} |" for key, text in NATURAL.items()]
    return "\n".join([*lines, f"| shares inside its 95 % interval, of 100 | {found['covered']:.1f} |"])


def markdown(name: str, rows: list[dict]) -> str:
    """One protocol's table."""
    lines = [f"| {name} | " + " | ".join(f"{row['comments']:,} comments" for row in rows) + " |"]
    lines += ["|---|" + "---:|" * len(rows)]
    lines += [f"| {text} | " + " | ".join(f"{row[key]:.2f}" for row in rows) + " |" for key, text in METHODS.items()]
    for key, text in INTERVALS.items():
        lines.append(f"| {text} | " + " | ".join(f"{row[key]:.1f}" for row in rows) + " |")
    return "\n".join(lines)


def main(
    data: Annotated[Path, typer.Option(help="folder of training.data.prepare")] = PREPARED,
    slices: Annotated[int, typer.Option(min=10, help="slices of each size")] = SLICES,
    kept: Annotated[Path, typer.Option(help="keeps the probabilities for the next run")] = Path(
        "build/training/mood.npz"
    ),
    out: Annotated[
        Path | None, typer.Option(help="JSON file to write too; its tables go beside it as Markdown")
    ] = None,
) -> None:
    """Print both protocols' tables for the model in the repository."""
    probabilities, moods, revision = held_out(data, kept)
    found: dict = {"revision": revision, "held_out": len(moods), "slices": slices}
    tables = []
    for name, folds in ((f"cross-fitted, {FOLDS} folds", FOLDS), ("strict halves", 2)):
        found[name] = [measure(probabilities, moods, folds, size, slices) for size in SIZES]
        tables.append(markdown(name, found[name]))
    found["natural"] = natural(probabilities, moods, natural_groups(scored(data, "dev")))
    text = "\n\n".join([*tables, natural_markdown(found["natural"])]) + "\n"
    print(text, end="")
    if out:
        out.write_text(json.dumps(found, indent=1) + "\n")
        out.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    typer.run(main)
