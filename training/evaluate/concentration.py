"""How alike the moods of one thread's, or one author's, comments are: what the mood's interval is widened by.

    python -m training.evaluate.concentration --sources build/training/sources

joins `training/data/labels.csv.gz` to the snapshots of anatosun/reddit-cryptocurrency-analysis, the one source that
has threads and authors, and writes the intraclass correlations of the labels to concentration.json: numbers, no names.

The correlation is that of a one-way analysis of variance with groups of unequal size (Donner 1986, International
Statistical Review 54). `week` is how far a subreddit's day lies from the week before it, in points of share.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from training.data.labels import DEFAULT_LABELS, read_labels
from training.data.records import repository_of
from training.data.sources.checkouts import DEFAULT_FOLDER, checkout
from training.data.sources.comments import SNAPSHOT, walk
from training.data.sources.registry import SOURCES
from training.evaluate.mood_calibration import CONCENTRATION

REPOSITORY = "anatosun/reddit-cryptocurrency-analysis"
DAY = 86_400
# Days and weeks with fewer labels say more about sampling than about the mood.
LEAST_IN_DAY, LEAST_IN_WEEK = 300, 500


def snapshots(checkout: Path) -> Iterator[tuple[str, str, str | None, str, float]]:
    """(id, thread, author, subreddit, created_utc) of every comment of the checkout, each once."""
    seen: set[str] = set()
    for path in sorted((checkout / "data").glob("*.json")):
        if not SNAPSHOT.fullmatch(path.name):
            continue
        for post in json.loads(path.read_text(encoding="utf-8"))["posts"]:
            for comment in walk(post["comments"]):
                if comment["id"] not in seen:
                    seen.add(comment["id"])
                    author = comment.get("author")
                    yield comment["id"], post["id"], author, post["subreddit"], float(comment["created_utc"])


def intraclass(groups: list, values: np.ndarray) -> float:
    """Intraclass correlation of `values` [n] within `groups` [n]: 1 where a group is of one mind, 0 where by chance."""
    _, codes = np.unique(np.array(groups), return_inverse=True)
    n = np.bincount(codes)
    means = np.bincount(codes, values) / n
    total, k = len(values), len(n)
    between = (n * (means - values.mean()) ** 2).sum() / (k - 1)
    within = ((values**2).sum() - (n * means**2).sum()) / (total - k)
    size = (total - (n**2).sum() / total) / (k - 1)
    return float((between - within) / (between + (size - 1) * within))


def from_week_before(days: dict[tuple[str, int], np.ndarray]) -> np.ndarray:
    """Differences [d, 3] of a subreddit's shares of a day from those of the seven days before it."""
    found = []
    for (subreddit, day), counts in days.items():
        before = sum((days.get((subreddit, day - k), np.zeros(3)) for k in range(1, 8)), np.zeros(3))
        if counts.sum() >= LEAST_IN_DAY and before.sum() >= LEAST_IN_WEEK:
            found.append(counts / counts.sum() - before / before.sum())
    return np.array(found)


def measure(comments: list[tuple[str, str, str | None, str, float]], labels: dict[str, int]) -> dict:
    """Of the comments that have a label (-1, 0 or 1 by id): correlations by thread and author, and the day's drift."""
    rows = [(*comment[1:], labels[comment[0]]) for comment in comments if comment[0] in labels]
    out: dict = {"source": REPOSITORY, "comments": len(rows)}
    for name, column in (("thread", 0), ("author", 1)):
        known = [row for row in rows if row[column] not in (None, "", "[deleted]")]
        groups, moods = [row[column] for row in known], np.array([row[4] for row in known], dtype=float)
        out[name] = {
            "groups": len(set(groups)),
            "comments": len(known),
            **{mood: round(intraclass(groups, (moods == value).astype(float)), 3)
               for mood, value in (("negative", -1), ("neutral", 0), ("positive", 1))},
            "net": round(intraclass(groups, moods), 3),
        }  # fmt: skip
    days: dict[tuple[str, int], np.ndarray] = defaultdict(lambda: np.zeros(3))
    for _, _, subreddit, created, mood in rows:
        days[subreddit, int(created // DAY)][mood + 1] += 1
    drift = from_week_before(dict(days))
    if len(drift):
        out["week"] = {"days": len(drift), "points": [round(100 * float(sd), 1) for sd in drift.std(axis=0)]}
    return out


def main(
    sources: Annotated[Path, typer.Option(help="folder of the checkouts")] = DEFAULT_FOLDER,
    out: Annotated[Path, typer.Option(help="JSON file to write")] = CONCENTRATION,
) -> None:
    """Measure on the labelled comments of the one source that tells threads and authors."""
    labels = {
        label.id: int(np.sign(label.score))
        for label in read_labels(DEFAULT_LABELS)
        if repository_of(label.source) == REPOSITORY
    }
    folder = checkout(SOURCES[REPOSITORY], sources)
    found = measure(list(snapshots(folder)), labels)
    out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
