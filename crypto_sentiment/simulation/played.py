"""What a played day shows."""

from dataclasses import dataclass, field

import numpy as np

from crypto_sentiment.simulation.environments import Pool
from crypto_sentiment.simulation.ledger import Ledger


@dataclass(frozen=True)
class Setting:
    """failures: share of calls and of messages that fail and are tried again."""

    most_events: int = 200_000
    failures: float = 0.001


@dataclass
class Played:
    """One option, one day. Latencies in seconds, from a comment's (or message's) arrival to its score."""

    option: str
    ledger: Ledger = field(default_factory=Ledger)
    latencies: list[float] = field(default_factory=list)
    events: int = 0
    played_s: float = 0.0
    most_concurrent: int = 0
    most_backlog: int = 0
    cold_starts: float = 0.0
    retries: int = 0
    tasks: list[int] = field(default_factory=list)

    def observe(self, latency_s: float) -> None:
        if self.ledger.open:
            self.latencies.append(latency_s)
            self.events += 1

    def note(self, pool: Pool, seconds: float) -> None:
        """A window has been played."""
        self.played_s += seconds
        self.most_concurrent = max(self.most_concurrent, pool.most_running)
        self.cold_starts += pool.cold_starts

    def percentile(self, share: float) -> float:
        """Seconds; nan where nothing was observed."""
        return float(np.percentile(self.latencies, share)) if self.latencies else float("nan")
