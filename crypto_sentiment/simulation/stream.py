"""Random comments: when they come, how many tokens and bytes they have, and how they fill a message."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.inputs import TOKEN_LENGTHS, read_json
from crypto_sentiment.cost.scenario import Scenario

# Measured on 253,813 crypto comments: 152.8 bytes of text and 37.0 tokens in the mean.
TEXT_BYTES_PER_TOKEN = 4.13
# The rest of a record as a stream of Reddit brings it.
RECORD_BYTES = len('{"id": "l1a2b3c", "text": "", "subreddit": "CryptoCurrency", "created_utc": 1767323045}, ')


@dataclass(frozen=True)
class Window:
    """`seconds` of hour `hour`, played to stand for `scale` times as long. `rate`: comments a second in it."""

    hour: int
    rate: float
    seconds: float
    scale: float


@dataclass(frozen=True)
class Message:
    """comments: how many. tokens: what the model reads of them, together. opened: when the first was put in."""

    comments: int
    bytes: float
    tokens: float
    opened: float = 0.0
    sent: float = 0.0
    tried: int = 0


class Stream:
    """Draws comments; a seed gives the same day again. Sizes are its own: nothing is taken from the estimate's.

    Lengths are of the shipped histogram as it was counted, without its cut; where the scenario has other lengths, of
    those. A mean of bytes that was set by hand stretches what is drawn.
    """

    def __init__(self, scenario: Scenario, seed: int = 0):
        self.random = np.random.default_rng(seed)
        points = scenario.workload.lengths.points
        self.longest = max(tokens for tokens, _ in points)
        counted = _counted()
        own = np.minimum(counted[0], self.longest) @ counted[1]
        if abs(own / scenario.workload.lengths.mean - 1) > 0.01:  # another histogram than the shipped one
            counted = (np.array([tokens for tokens, _ in points]), np.array([share for _, share in points]))
        self.tokens, self.shares = counted[0], counted[1] / counted[1].sum()
        self.bytes = RECORD_BYTES + TEXT_BYTES_PER_TOKEN * self.tokens
        by_hand = scenario.assumptions.bytes_per_comment
        if by_hand != Assumptions.model_fields["bytes_per_comment"].default:
            self.bytes = self.bytes * by_hand / (self.bytes @ self.shares)
        self.read = np.minimum(self.tokens, self.longest)
        self.rates = [scenario.workload.comments_per_day / 86_400 * factor for factor in scenario.workload.hourly]

    def windows(self, events_a_comment: float, most_events: int) -> Iterator[Window]:
        """The whole day hour by hour where it has few enough events, else an equal sample of each hour."""
        day_events = sum(self.rates) * 3600 * events_a_comment
        seconds = min(3600.0, 3600.0 * most_events / max(day_events, 1e-9))
        for hour, rate in enumerate(self.rates):
            yield Window(hour, rate, seconds, 3600.0 / seconds)

    def lengths(self, count: int) -> np.ndarray:
        """Tokens that the model reads of `count` comments."""
        return self.read[self._draw(count)]

    def tokens_of(self, count: int) -> float:
        """Tokens that the model reads of `count` comments together."""
        return float(self.random.multinomial(count, self.shares) @ self.read)

    def request_bytes(self, comments: int) -> float:
        """Of a call's body."""
        return float(self.random.multinomial(comments, self.shares) @ self.bytes)

    def message(self, limit_bytes: int | None, comments: int | None = None) -> Message:
        """So many comments; or as many as `limit_bytes` hold, one at least."""
        if comments is None:
            assert limit_bytes
            drawn = self._draw(int(1.5 * limit_bytes / (self.bytes @ self.shares)) + 2)
            fit = int(np.searchsorted(np.cumsum(self.bytes[drawn]), limit_bytes, side="right"))
            drawn = drawn[: max(1, fit)]
        else:
            drawn = self._draw(comments)
        return Message(len(drawn), float(self.bytes[drawn].sum()), float(self.read[drawn].sum()))

    def gap(self, rate: float, comments: int = 1) -> float:
        """Seconds until `comments` more comments have come."""
        return float(self.random.gamma(comments, 1 / rate))

    def happens(self, share: float) -> bool:
        return bool(share) and bool(self.random.random() < share)

    def _draw(self, count: int) -> np.ndarray:
        return self.random.choice(len(self.tokens), size=count, p=self.shares)


def _counted() -> tuple[np.ndarray, np.ndarray]:
    """Tokens and share of each bin of the shipped histogram."""
    bins = [b for b in read_json(TOKEN_LENGTHS)["bins"] if b["comments"]]
    counts = np.array([b["comments"] for b in bins], float)
    return np.array([b["tokens"] / b["comments"] for b in bins]), counts / counts.sum()
