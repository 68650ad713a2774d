"""A region's prices: tiers, free tiers, and how far each row can be trusted. Knows no file and no formula."""

import datetime as dt
from dataclasses import dataclass

from crypto_sentiment.cost.errors import CostError

STALE_AFTER_DAYS = 180
# Compute Savings Plans, by term and payment. They cover Lambda's duration and provisioned concurrency (not requests),
# Fargate on demand (not Spot) and EC2 on demand: https://docs.aws.amazon.com/savingsplans/latest/userguide/
SAVINGS_PLANS = {
    "none": "no Savings Plan",
    "1y": "Compute Savings Plan, one year, nothing upfront",
    "3y": "Compute Savings Plan, three years, all upfront",
}
COVERED = (
    ("lambda.duration", "lambda"), ("lambda.provisioned", "lambda"),
    ("fargate.vcpu", "fargate"), ("fargate.memory", "fargate"), ("ec2.", "ec2"),
)  # fmt: skip


@dataclass(frozen=True)
class Tier:
    """`usd` a unit, up to `up_to` units a month in all (None: without end)."""

    up_to: float | None
    usd: float


@dataclass(frozen=True)
class Price:
    """One row of the price file.

    mark: "V" read in an AWS document or a tested price file, "S" secondary source, "R" from memory.
    free_tier: units a month that an account gets for nothing, for ever.
    """

    key: str
    unit: str
    tiers: tuple[Tier, ...]
    mark: str
    source: str
    date: dt.date
    free_tier: float = 0.0

    @property
    def first_rate(self) -> float:
        """USD a unit in the first tier."""
        return self.tiers[0].usd

    def charge(self, quantity: float, free_tier: bool = False) -> float:
        """USD for `quantity` units in one month, tier by tier (the marginal scheme of every AWS price page)."""
        if quantity < 0:
            raise CostError(f"cannot charge {quantity} {self.unit} of {self.key}: a quantity is never negative")
        left = max(0.0, quantity - (self.free_tier if free_tier else 0.0))
        total, floor = 0.0, 0.0
        for tier in self.tiers:
            width = left if tier.up_to is None else min(left, tier.up_to - floor)
            total += width * tier.usd
            left -= width
            if left <= 0 or tier.up_to is None:
                break
            floor = tier.up_to
        return total


@dataclass(frozen=True)
class PriceTable:
    """The prices of one region. `savings_plan` and `free_tier` are applied where a row is charged."""

    region: str
    rows: dict[str, Price]
    free_tier: bool = False
    savings_plan: str = "none"

    @classmethod
    def from_dict(cls, document: dict, free_tier: bool = False, savings_plan: str = "none") -> "PriceTable":
        """Read the price file's JSON. Raises CostError for a row that is not a price."""
        try:
            rows = {key: _price(key, row) for key, row in document["rows"].items()}
            return cls(document["region"], rows, free_tier, savings_plan)
        except (KeyError, TypeError, AttributeError) as error:
            raise CostError(f"not a price file: {error}") from error

    def row(self, key: str) -> Price:
        """Raises CostError for a row the file does not have."""
        try:
            return self.rows[key]
        except KeyError:
            raise CostError(
                f"the prices of {self.region} have no row '{key}'. Add it, with source and date, or refresh the file "
                f"with --refresh-prices --region {self.region}."
            ) from None

    def rate(self, key: str) -> float:
        """USD a unit in the first tier."""
        return self.row(key).first_rate

    def charge(self, key: str, quantity: float, plan: bool = True) -> float:
        """USD for a month's quantity, after the free tier and, if `plan`, the Savings Plan, where they are on."""
        return self.row(key).charge(quantity, self.free_tier) * (self._after_savings(key) if plan else 1.0)

    def stale(self, today: dt.date, keys: set[str] | None = None) -> list[Price]:
        """The rows (of `keys`, default all) that were last checked more than 180 days before `today`."""
        rows = [price for key, price in self.rows.items() if keys is None or key in keys]
        return [price for price in rows if (today - price.date).days > STALE_AFTER_DAYS]

    def _after_savings(self, key: str) -> float:
        """What a Compute Savings Plan of the chosen term leaves of a price: 1 for what no plan covers."""
        product = next((product for start, product in COVERED if key.startswith(start)), None)
        if self.savings_plan == "none" or not product:
            return 1.0
        return 1 - self.rate(f"savings_plan.{self.savings_plan}.{product}")


def _price(key: str, row: dict) -> Price:
    try:
        tiers = tuple(Tier(tier["up_to"], float(tier["usd"])) for tier in row["tiers"])
        date = dt.date.fromisoformat(row["date"])
    except (KeyError, TypeError, ValueError) as error:
        raise CostError(f"price row '{key}' is not usable: {error!r}") from error
    ends = [tier.up_to for tier in tiers if tier.up_to is not None]
    if not tiers or tiers[-1].up_to is not None or len(ends) != len(tiers) - 1 or ends != sorted(ends):
        raise CostError(f"price row '{key}': tiers must rise, and the last must have no end")
    if any(tier.usd < 0 for tier in tiers):
        raise CostError(f"price row '{key}': a price is never negative")
    if row.get("mark") not in ("V", "S", "R"):
        raise CostError(f"price row '{key}': mark must be V, S or R")
    if not row.get("source"):
        raise CostError(f"price row '{key}' has no source")
    return Price(key, row["unit"], tiers, row["mark"], row["source"], date, float(row.get("free_tier", 0)))
