"""Random comments: when they come and how many tokens they have."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crypto_sentiment.cost.scenario import Scenario


@dataclass(frozen=True)
class Window:
    """`seconds` of hour `hour`, played to stand for `scale` times as long. `rate`: comments a second in it."""

    hour: int
    rate: float
    seconds: float
    scale: float


class Stream:
    """Draws from the workload's distributions; a seed gives the same day again."""

    def __init__(self, scenario: Scenario, seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.tokens = np.array([tokens for tokens, _ in scenario.workload.lengths.points])
        self.shares = np.array([share for _, share in scenario.workload.lengths.points])
        self.shares /= self.shares.sum()
        self.rates = [scenario.workload.comments_per_day / 86_400 * factor for factor in scenario.workload.hourly]

    def windows(self, events_a_comment: float, most_events: int) -> Iterator[Window]:
        """The whole day hour by hour where it has few enough events, else an equal sample of each hour."""
        day_events = sum(self.rates) * 3600 * events_a_comment
        seconds = min(3600.0, 3600.0 * most_events / max(day_events, 1e-9))
        for hour, rate in enumerate(self.rates):
            yield Window(hour, rate, seconds, 3600.0 / seconds)

    def lengths(self, count: int) -> np.ndarray:
        """Tokens of `count` comments."""
        return self.random.choice(self.tokens, size=count, p=self.shares)

    def tokens_of(self, count: int) -> float:
        """Tokens of `count` comments together."""
        return float(self.random.multinomial(count, self.shares) @ self.tokens)

    def gap(self, rate: float, comments: int = 1) -> float:
        """Seconds until `comments` more comments have come."""
        return float(self.random.gamma(comments, 1 / rate))
