"""Sentiment over time: the share of positive comments, with its uncertainty, and how many comments there were."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from lambda_fn.bulk.messages import parse_time

HOUR = 3600
# The narrowest of these that gives at most MOST_BINS points.
BINS = {"hour": HOUR, "6 hours": 6 * HOUR, "day": 24 * HOUR, "week": 7 * 24 * HOUR, "30 days": 30 * 24 * HOUR}
MOST_BINS = 120


class MoodOverTime:
    """Counts of comments by hour since 1970."""

    def __init__(self, comments: Counter[int], positive: Counter[int]):
        self.comments, self.positive = comments, positive

    @classmethod
    def read(cls, lines: Path) -> "MoodOverTime | None":
        """Count the scored lines of a file; None if none of them carries a time."""
        mood = cls(Counter(), Counter())
        with lines.open() as file:
            for text in file:
                line = json.loads(text)
                time = parse_time(line.get("created_utc"))
                if time and "label" in line:
                    hour = int(time.timestamp() // HOUR)
                    mood.comments[hour] += 1
                    mood.positive[hour] += line["label"] == "positive"
        return mood if mood.comments else None

    def binned(self) -> tuple[str, list[datetime], list[int], list[float]]:
        """Name of the bin, starts of the bins that have comments, comments and share positive (0 to 1) of each."""
        hours = max(self.comments) - min(self.comments) + 1
        name, width = next(
            ((n, w) for n, w in BINS.items() if hours * HOUR / w <= MOST_BINS), ("30 days", BINS["30 days"])
        )
        counts: Counter[int] = Counter()
        positive: Counter[int] = Counter()
        for hour, count in self.comments.items():
            counts[hour * HOUR // width] += count
            positive[hour * HOUR // width] += self.positive[hour]
        starts = sorted(counts)
        times = [datetime.fromtimestamp(start * width, UTC) for start in starts]
        return name, times, [counts[s] for s in starts], [positive[s] / counts[s] for s in starts]

    def draw(self, path: Path) -> None:
        """Write the chart; the suffix of `path` chooses the format."""
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        name, times, counts, shares = self.binned()
        margins = [1.96 * (share * (1 - share) / count) ** 0.5 for share, count in zip(shares, counts, strict=True)]
        figure, (top, bottom) = plt.subplots(
            2, sharex=True, figsize=(10, 5.5), gridspec_kw={"height_ratios": [3, 1]}, layout="constrained"
        )
        low = [100 * max(0.0, s - m) for s, m in zip(shares, margins, strict=True)]
        high = [100 * min(1.0, s + m) for s, m in zip(shares, margins, strict=True)]
        top.fill_between(times, low, high, alpha=0.2, linewidth=0)
        top.plot(times, [100 * share for share in shares], marker=".", linewidth=1.5)
        top.axhline(50, color="grey", linewidth=0.8, linestyle=":")
        top.set(ylabel="positive, %", title=f"Sentiment of {sum(counts):,} comments, by {name} (band: 95 % interval)")
        width = (times[1] - times[0]) if len(times) > 1 else 0.02
        bottom.bar(times, counts, width=width, align="edge")
        bottom.set(ylabel="comments")
        figure.autofmt_xdate()
        figure.savefig(path, dpi=150)
        plt.close(figure)
