"""The stream of comments: how many, when in the day, and how long."""

from dataclasses import dataclass
from functools import cached_property

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.errors import CostError

HOURS = 24
BURST_HOURS = (4, 12, 20)  # the "bursts" shape: three hours at the peak, the others equal


@dataclass(frozen=True)
class Lengths:
    """Distribution of tokens per comment: (tokens, share) points whose shares sum to 1."""

    points: tuple[tuple[float, float], ...]

    @classmethod
    def from_histogram(cls, document: dict, max_tokens: int) -> "Lengths":
        """Read `{"bins": [{"from", "to", "comments", "tokens"}, …]}`; a comment over `max_tokens` is cut there."""
        try:
            bins = [(b["tokens"] / b["comments"], b["comments"]) for b in document["bins"] if b["comments"]]
        except (KeyError, TypeError) as error:
            raise CostError(f"not a histogram of token lengths: {error!r}") from error
        total = sum(count for _, count in bins)
        if not total or any(count < 0 or tokens <= 0 for tokens, count in bins):
            raise CostError("a histogram of token lengths needs comments, and tokens above zero")
        points: dict[float, float] = {}
        for tokens, count in bins:
            capped = min(tokens, float(max_tokens))
            points[capped] = points.get(capped, 0.0) + count / total
        return cls(tuple(sorted(points.items())))

    @cached_property
    def mean(self) -> float:
        """Tokens of the mean comment."""
        return sum(tokens * share for tokens, share in self.points)


def hourly_factors(shape: str, peak_factor: float, measured_shares: list[float]) -> tuple[float, ...]:
    """Load of each UTC hour in multiples of the day's mean (24 values of mean 1)."""
    if shape == "flat":
        return (1.0,) * HOURS
    if shape == "bursts":
        rest = (HOURS - len(BURST_HOURS) * peak_factor) / (HOURS - len(BURST_HOURS))
        if rest < 0:
            raise CostError(f"shape 'bursts' has {len(BURST_HOURS)} peak hours: peak_factor must be at most 8")
        return tuple(peak_factor if hour in BURST_HOURS else rest for hour in range(HOURS))
    if shape == "measured":
        if len(measured_shares) != HOURS or min(measured_shares) < 0 or not sum(measured_shares):
            raise CostError(f"the hourly shape needs {HOURS} shares, none negative, not all zero")
        return tuple(share * HOURS / sum(measured_shares) for share in measured_shares)
    raise CostError(f"unknown shape '{shape}': measured, flat or bursts")


@dataclass(frozen=True)
class Workload:
    """What arrives. Rates are comments a second."""

    comments_per_day: float
    hourly: tuple[float, ...]
    peak_factor: float
    lengths: Lengths
    hours_in_month: int

    @classmethod
    def build(cls, assumptions: Assumptions, lengths: Lengths, measured_shares: list[float]) -> "Workload":
        hourly = hourly_factors(assumptions.shape, assumptions.peak_factor, measured_shares)
        return cls(assumptions.comments_per_day, hourly, assumptions.peak_factor, lengths, assumptions.hours_in_month)

    @property
    def days(self) -> float:
        """Days in the month."""
        return self.hours_in_month / HOURS

    @property
    def comments(self) -> float:
        """Comments in a month."""
        return self.comments_per_day * self.days

    @property
    def mean_rate(self) -> float:
        """Comments a second, over the day."""
        return self.comments_per_day / 86_400

    @property
    def hourly_rates(self) -> tuple[float, ...]:
        """Mean rate of each hour."""
        return tuple(self.mean_rate * factor for factor in self.hourly)

    @property
    def burst_factor(self) -> float:
        """How far above its own hour's mean the load may jump, so that the busiest hour reaches the peak factor."""
        return max(1.0, self.peak_factor / max(self.hourly))

    @property
    def month_seconds(self) -> float:
        return self.hours_in_month * 3600.0
