"""A month's bill: lines of (part, price row, quantity, USD)."""

from dataclasses import dataclass, field

from crypto_sentiment.cost.prices import PriceTable

PARTS = (
    "compute", "requests", "cold starts", "API Gateway", "SQS", "S3", "load balancer", "IPv4", "logs",
    "monitoring", "API key", "ECR", "data out", "service",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """`quantity` units of price row `key` cost `usd` a month and belong to `part` of the bill."""

    part: str
    key: str
    quantity: float
    usd: float


@dataclass
class Bill:
    """What one option costs a month for one model width. `facts` are figures worth showing beside the money.

    hourly: environments that are kept warm, of each UTC hour.
    """

    option: str
    title: str
    width: int | None
    prices: PriceTable
    lines: list[Line] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)
    note: str = ""
    hourly: list[int] = field(default_factory=list)

    def add(self, part: str, key: str, quantity: float, share: float = 1.0, plan: bool = True) -> None:
        """Charge `quantity` units of row `key`.

        share: scales the price (a discount, a surcharge). plan: whether a Savings Plan may cover it.
        """
        if part not in PARTS:
            raise KeyError(f"unknown part of the bill: {part}")
        if quantity <= 0:
            return
        before = sum(line.quantity for line in self.lines if line.key == key)  # tiers and free tier run over the month
        usd = self.prices.charge(key, before + quantity, plan) - self.prices.charge(key, before, plan)
        self.lines.append(Line(part, key, quantity, usd * share))

    @property
    def total(self) -> float:
        """USD a month."""
        return sum(line.usd for line in self.lines)

    @property
    def parts(self) -> dict[str, float]:
        """USD a month by part, in the order of PARTS, without the empty ones."""
        sums = {part: sum(line.usd for line in self.lines if line.part == part) for part in PARTS}
        return {part: usd for part, usd in sums.items() if usd > 0}

    def weak_keys(self, least_share: float = 0.05) -> list[str]:
        """Price rows marked S or R that carry at least `least_share` of the bill: decisive, but not verified."""
        by_key: dict[str, float] = {}
        for line in self.lines:
            by_key[line.key] = by_key.get(line.key, 0.0) + line.usd
        return [
            key for key, usd in by_key.items() if usd >= least_share * self.total and self.prices.row(key).mark != "V"
        ]
