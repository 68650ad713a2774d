"""The two pictures of the evaluation: reliability of the binary score, and the confusion of the three classes."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from lambda_fn.model.classifier import LABELS, NEGATIVE, POSITIVE

BINS = 10
INK, MUTED = "#1f5fa8", "#9aa5b1"


def draw_calibration(trained: np.ndarray, calibrated: np.ndarray, scores: np.ndarray, out: Path) -> None:
    """Accuracy against score in equal-mass bins, as trained and as shipped. Logits [n, 3], scores [n]."""
    sided = scores != 0
    figure, axes = plt.subplots(figsize=(4.6, 4.2), dpi=110, layout="constrained")
    axes.plot([0.5, 1], [0.5, 1], color=MUTED, linewidth=1, linestyle="--")
    for logits, colour, label in ((trained, MUTED, "as trained"), (calibrated, INK, "calibrated")):
        margin = (logits[:, POSITIVE] - logits[:, NEGATIVE])[sided].astype(np.float64)
        right = (margin >= 0) == (scores[sided] > 0)
        confidence = 1 / (1 + np.exp(-np.abs(margin)))
        parts = np.array_split(np.argsort(confidence), BINS)
        points = [(confidence[p].mean(), right[p].mean()) for p in parts]
        axes.plot(*zip(*points, strict=True), marker="o", color=colour, label=label, linewidth=1.5, markersize=4)
    axes.set(xlabel="score", ylabel="share right", xlim=(0.48, 1.02), ylim=(0.4, 1.02))
    axes.set_title("Reliability of the binary score", loc="left", fontsize=10)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(out)
    plt.close(figure)


def draw_confusion(confusion: list[list[int]], out: Path) -> None:
    """Confusion of the three classes, rows normalised to percent. confusion: counts [3][3], rows are the truth."""
    counts = np.array(confusion, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(4.6, 4.2), dpi=110, layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i in range(len(LABELS)):
        for j in range(len(LABELS)):
            colour = "white" if shares[i, j] > 0.55 else "black"
            axes.text(
                j, i, f"{100 * shares[i, j]:.0f} %\n({int(counts[i, j])})", ha="center", va="center", color=colour
            )
    axes.set_xticks(range(3), LABELS)
    axes.set_yticks(range(3), LABELS)
    axes.set(xlabel="model", ylabel="label")
    axes.set_title("Confusion on the development set", loc="left", fontsize=10)
    figure.savefig(out)
    plt.close(figure)
