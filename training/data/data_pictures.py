"""The data report's pictures. Drawn from aggregates alone; small PNGs that read on a white and on a dark page."""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

BLUE, RED, GREY, GREEN = "#3366aa", "#bb4433", "#888888", "#338855"
COLOURS = {"labelled": RED, "dev": GREEN, "unlabelled": BLUE, "general": GREY}
# One step of five from clearly negative to clearly positive.
SCORE_COLOURS = {"-2": "#bb4433", "-1": "#dd9988", "0": "#aaaaaa", "1": "#88bb99", "2": "#338855"}
LABEL_COLOURS = {
    "negative": "#bb4433",
    "neutral": "#aaaaaa",
    "positive": "#338855",
    "mixed": "#ccaa55",
    "ambiguous": "#7788bb",
}
DPI = 100


def draw(report: dict, tokens: dict[str, np.ndarray], out: Path) -> None:
    """Write lengths.png, labels.png and origin.png to `out`.

    report: data_report's aggregates. tokens: for each file, the tokens of its texts, int64 [texts].
    """
    figure, (density, beyond) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    draw_lengths(density, tokens)
    draw_beyond(beyond, tokens)
    save(figure, out / "lengths.png")

    figure, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
    for axis, name in zip(axes, ("labelled", "dev", "general"), strict=True):
        colours = LABEL_COLOURS if name == "general" else SCORE_COLOURS
        labels = report["files"][name]["labels"]
        order = [label for label in colours if label in labels]
        bars(axis, order, [labels[label] for label in order], [colours[label] for label in order])
        axis.set_title(f"{name}: {report['files'][name]['texts']:,} texts", fontsize=10)
        axis.tick_params(axis="x", labelsize=8)
    save(figure, out / "labels.png")

    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    unlabelled = report["files"]["unlabelled"]
    names = list(unlabelled["subreddits"])[::-1]
    axes[0].barh(names, [unlabelled["subreddits"][name] for name in names], color=BLUE)
    axes[0].set_title("subreddits", fontsize=10)
    axes[0].tick_params(labelsize=8)
    axes[0].locator_params(axis="x", nbins=5)
    axes[0].xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    years = unlabelled["years"]
    bars(axes[1], [year.replace("unknown", "?") for year in years], list(years.values()), BLUE)
    axes[1].set_title("years", fontsize=10)
    axes[1].tick_params(axis="x", rotation=60, labelsize=8)
    axes[2].bar(range(24), [100 * share for share in report["hours_utc"]["shares"]], color=BLUE)
    axes[2].axhline(100 / 24, color=RED, linewidth=1, label="mean")
    axes[2].set_title("hour of the day, UTC (% of comments)", fontsize=10)
    axes[2].set_xticks(range(0, 24, 4))
    axes[2].legend(fontsize=8, loc="lower right")
    save(figure, out / "origin.png")


def draw_lengths(axis: Axes, tokens: dict[str, np.ndarray]) -> None:
    edges = np.geomspace(2, 1024, 46).round().astype(int)
    edges = np.unique(edges)
    for name, values in tokens.items():
        counts, _ = np.histogram(values, edges)
        # Per token of width, so that wide bins do not look fuller; in percent of the file.
        axis.stairs(100 * counts / len(values) / np.diff(edges), edges, color=COLOURS[name], label=name)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_xlabel("tokens")
    axis.set_ylabel("% of texts per token")
    axis.legend(fontsize=8)
    axis.set_title("length", fontsize=10)


def draw_beyond(axis: Axes, tokens: dict[str, np.ndarray]) -> None:
    limits = np.unique(np.geomspace(2, 2048, 120).round().astype(int))
    for name, values in tokens.items():
        ordered = np.sort(values)
        longer = 100 * (1 - np.searchsorted(ordered, limits, side="right") / len(ordered))
        # Zero has no place on a logarithmic axis.
        axis.plot(limits, np.where(longer > 0, longer, np.nan), color=COLOURS[name], label=name)
    for window in (128, 256, 512):
        axis.axvline(window, color=GREY, linewidth=0.8, linestyle=":")
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_xlabel("window, tokens")
    axis.set_ylabel("% of texts longer")
    axis.set_title("texts that a window cuts", fontsize=10)


def bars(axis: Axes, names: list[str], values: list[int], colours: object) -> None:
    axis.bar(names, values, color=colours)
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=DPI, facecolor="white", metadata={"Software": None})
    plt.close(figure)
