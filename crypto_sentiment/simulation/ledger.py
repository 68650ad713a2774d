"""Counts billable events and prices them."""

from collections import defaultdict
from dataclasses import dataclass, field

from crypto_sentiment.cost.prices import PriceTable

# Which part of the bill a price row belongs to, by the start of its key; the first that fits.
PART_BY_KEY = (
    ("lambda.requests", "requests"),
    ("lambda.", "compute"),
    ("fargate.", "compute"),
    ("apigateway.", "API Gateway"),
    ("sqs.", "SQS"),
    ("s3.", "S3"),
    ("alb.", "load balancer"),
    ("ipv4.", "IPv4"),
    ("logs.", "logs"),
    ("cloudwatch.", "monitoring"),
    ("secretsmanager.", "API key"),
    ("ecr.", "ECR"),
    ("data.", "data out"),
)


@dataclass
class Ledger:
    """Quantities by price row. `scale` stretches what a played window counts to the time that it stands for."""

    counts: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    scale: float = 1.0
    open: bool = True

    def count(self, key: str, quantity: float = 1.0) -> None:
        if self.open:
            self.counts[key] += quantity * self.scale

    def by_part(self, prices: PriceTable, days: float) -> dict[str, float]:
        """USD a month: a day's counts `days` times, each row charged once so that its tiers hold."""
        parts: defaultdict[str, float] = defaultdict(float)
        for key, quantity in self.counts.items():
            part = next(name for start, name in PART_BY_KEY if key.startswith(start))
            parts[part] += prices.charge(key, quantity * days)
        return dict(parts)
