"""How well coins are found, and the mood about each, on the half of the labels that nothing was tuned on.

    python -m training.evaluate.coins --data FOLDER --out docs/model/coins.md

Prints three tables as Markdown: the coins that comments name (precision and recall, with Wilson's 95 % interval), the
mood about each coin of comments that name several (accuracy of three classes, intervals by bootstrap over comments),
and what both cost beside scoring.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.model.classifier import LABELS, SentimentClassifier
from lambda_fn.model.coins import Coins
from training.annotate.coin_labels import COMMENTS, LabelledComment, mood_comments, named_comments
from training.data.records import read_records
from training.evaluate.report import table

BOOTSTRAPS = 2000
SEED = 1
TIMED_COMMENTS = 4000
Z = 1.96


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    share, square = hits / n, Z * Z / n
    middle, half = share + square / 2, Z * np.sqrt(share * (1 - share) / n + square / n / 4)
    return (middle - half) / (1 + square), (middle + half) / (1 + square)


def found(coins: Coins, comments: list[LabelledComment]) -> tuple[int, int, int]:
    """Coins named and found, found, and named, counted once for each comment."""
    right = total = named = 0
    for comment in comments:
        symbols = {mention.coin for mention in coins.named(comment.text)}
        right, total, named = right + len(symbols & comment.coins), total + len(symbols), named + len(comment.coins)
    return right, total, named


def names_table(coins: Coins, data: Path) -> str:
    rows = []
    for name, comments in (
        ("drawn among those that may name a coin", named_comments(data, reported=True)),
        ("drawn among those that name several", mood_comments(data, reported=True)),
    ):
        right, total, named = found(coins, comments)
        cells = [f"{right / n:.3f} ({low:.3f}–{high:.3f})" for n in (total, named) for low, high in [wilson(right, n)]]
        rows.append([name, str(len(comments)), str(named), *cells])
    return table(["comments", "n", "coins named", "precision", "recall"], rows)


def readings(
    classifier: SentimentClassifier, coins: Coins, comments: list[LabelledComment]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each labelled coin: the comment's place, and whether the whole comment's mood and ours are right.

    A coin that is not found has no mood of its own, and counts with the whole comment's.
    """
    sentiments = classifier.classify([comment.text for comment in comments])
    ours = coins.moods(classifier, [comment.text for comment in comments], sentiments)
    places, whole_right, ours_right = [], [], []
    for place, (comment, sentiment, moods) in enumerate(zip(comments, sentiments, ours, strict=True)):
        whole = max(sentiment.probabilities, key=sentiment.probabilities.__getitem__)
        read = {mood.coin: mood.mood for mood in moods}
        for coin, label in comment.moods.items():
            places.append(place)
            whole_right.append(whole == LABELS[label + 1])
            ours_right.append(read.get(coin, whole) == LABELS[label + 1])
    return np.array(places), np.array(whole_right, float), np.array(ours_right, float)


def interval(places: np.ndarray, statistic: Callable[[np.ndarray], float]) -> str:
    """`statistic` of all rows in points, and its 95 % interval by bootstrap over comments."""
    rng = np.random.default_rng(SEED)
    of_place = [np.flatnonzero(places == place) for place in np.unique(places)]
    draws = [
        statistic(np.concatenate([of_place[i] for i in rng.integers(len(of_place), size=len(of_place))]))
        for _ in range(BOOTSTRAPS)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{100 * statistic(np.arange(len(places))):.1f} ({100 * low:.1f} to {100 * high:.1f})"


def moods_table(classifier: SentimentClassifier, coins: Coins, data: Path) -> str:
    comments = mood_comments(data, reported=True)
    places, whole, ours = readings(classifier, coins, comments)
    rows = [
        ["the whole comment's mood for each coin", interval(places, lambda i: whole[i].mean())],
        ["the mood about each coin", interval(places, lambda i: ours[i].mean())],
        ["difference in points", interval(places, lambda i: (ours[i] - whole[i]).mean())],
    ]
    return table([f"{len(places)} coins in {len(comments)} comments", "accuracy in percent"], rows)


def cost_table(classifier: SentimentClassifier, coins: Coins, data: Path) -> str:
    """Processor time over comments of the stream, in the order of the file."""
    texts = [record["text"] for _, record in zip(range(TIMED_COMMENTS), read_records(data / COMMENTS), strict=False)]

    def seconds(work: Callable[[], object]) -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    coins.moods(classifier, texts[:64])  # loads what is loaded once
    scoring = seconds(lambda: classifier.classify(texts))
    naming = seconds(lambda: [coins.named(text) for text in texts])
    sentiments = classifier.classify(texts)
    both = seconds(lambda: coins.moods(classifier, texts, sentiments))
    several = sum(len({mention.coin for mention in coins.named(text)}) > 1 for text in texts)
    rows = [
        ["naming the coins", f"{1e6 * naming / len(texts):.0f}", f"{100 * naming / scoring:.1f}"],
        ["and the mood about each", f"{1e6 * both / len(texts):.0f}", f"{100 * both / scoring:.1f}"],
    ]
    head = [f"{len(texts)} comments, {100 * several / len(texts):.1f} % name several", "µs each", "% of scoring"]
    return table(head, rows)


def main(
    data: Annotated[Path, typer.Option(help="folder with comments.jsonl.gz")] = Path("../data"),
    out: Annotated[Path | None, typer.Option(help="also write the tables here, as Markdown")] = None,
) -> None:
    """Print the coin tables."""
    classifier, coins = SentimentClassifier.load(), Coins.load()
    tables = [names_table(coins, data), moods_table(classifier, coins, data), cost_table(classifier, coins, data)]
    print("\n".join(tables))
    if out:
        out.write_text("\n".join(tables))


if __name__ == "__main__":
    typer.run(main)
