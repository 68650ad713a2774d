"""Where one way of running it becomes cheaper than another."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from crypto_sentiment.cost.assumptions import MB_PER_VCPU, Assumptions
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.fargate import FARGATE_SIZES
from crypto_sentiment.cost.options import option
from crypto_sentiment.cost.prices import PriceTable
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.cost.workload import Workload

DAILY = (1e4, 1e9)  # comments a day between which crossings are looked for
STEPS = 40


@dataclass(frozen=True)
class Crossing:
    """At `value` (of `unit`), `cheaper` begins to cost less than `dearer`; both cost `usd` a month there."""

    dearer: str
    cheaper: str
    value: float
    unit: str
    usd: float | None = None


def crossings(difference: Callable[[float], float], low: float, high: float) -> list[float]:
    """Points in [low, high] where `difference` changes sign, by bisection between logarithmic steps.

    A step function (whole tasks) may cross several times; each crossing is found once.
    """
    grid = [low * (high / low) ** (step / STEPS) for step in range(STEPS + 1)]
    values = [difference(point) for point in grid]
    found = []
    for a, b, at_a, at_b in zip(grid, grid[1:], values, values[1:], strict=False):
        if (at_a < 0) == (at_b < 0):
            continue
        left, right = a, b
        for _ in range(24):
            middle = math.sqrt(left * right)
            if (difference(middle) < 0) == (at_a < 0):
                left = middle
            else:
                right = middle
        found.append(right)
    return found


def at_volume(scenario: Scenario, comments_per_day: float) -> Scenario:
    """The same scenario with another number of comments."""
    assumptions = Assumptions(**(scenario.assumptions.model_dump() | {"comments_per_day": comments_per_day}))
    return replace(
        scenario,
        assumptions=assumptions,
        workload=replace(scenario.workload, comments_per_day=comments_per_day),
    )


def at_ms(scenario: Scenario, ms: float) -> Scenario:
    """The same scenario with a model that takes `ms` of a vCPU for the mean comment in a batch."""
    return replace(scenario, speed=scenario.speed.with_ms_per_comment(ms, scenario.workload.lengths))


def price(scenario: Scenario, name: str) -> Bill:
    return option(name).price(scenario)


def volume_crossings(scenario: Scenario, first: str, second: str) -> list[Crossing]:
    """Comments a day at which the cheaper of two options changes."""

    def difference(volume: float) -> float:
        return price(at_volume(scenario, volume), first).total - price(at_volume(scenario, volume), second).total

    found = []
    for volume in crossings(difference, *DAILY):
        rising = difference(volume * 1.001) > 0
        dearer, cheaper = (first, second) if rising else (second, first)
        usd = price(at_volume(scenario, volume), cheaper).total
        found.append(Crossing(dearer, cheaper, volume, "comments a day", usd))
    return found


def ms_at_budget(scenario: Scenario, name: str, budget: float) -> float | None:
    """ms of a vCPU per comment at which an option's bill reaches `budget`; None if no speed in 0.01..1000 does."""

    def difference(ms: float) -> float:
        try:
            return price(at_ms(scenario, ms), name).total - budget
        except CostError:
            return math.inf

    found = crossings(difference, 0.01, 1000)
    return found[0] if found else None


def comments_per_call_at_budget(comparison: Comparison, name: str) -> int | None:
    """The fewest comments in a call with which a batched option fits the budget."""
    for size in range(1, 513):
        assumptions = Assumptions(**(comparison.assumptions.model_dump() | {"comments_per_request": size}))
        if price(replace(comparison.own, assumptions=assumptions), name).total <= assumptions.budget:
            return size
    return None


def lambda_vcpu_hour(prices: PriceTable, architecture: str) -> float:
    """USD for one vCPU of Lambda, busy for an hour."""
    return prices.rate(f"lambda.duration.{architecture}") * 3600 * MB_PER_VCPU / 1024


def fargate_vcpu_hour(prices: PriceTable, architecture: str) -> float:
    """USD for one vCPU of Fargate with the least memory it can have, standing for an hour."""
    memory = prices.rate(f"fargate.memory.{architecture}") * FARGATE_SIZES[1.0]
    return prices.rate(f"fargate.vcpu.{architecture}") + memory


def fargate_utilisation(prices: PriceTable, architecture: str) -> float:
    """Share of its time a Fargate vCPU must be busy to cost less than Lambda for the same work."""
    return fargate_vcpu_hour(prices, architecture) / lambda_vcpu_hour(prices, architecture)


def provisioned_utilisation(prices: PriceTable, architecture: str) -> float:
    """Share of its time a provisioned environment must be busy to cost less than on demand."""
    saved = prices.rate(f"lambda.duration.{architecture}") - prices.rate(f"lambda.provisioned_duration.{architecture}")
    return prices.rate(f"lambda.provisioned.{architecture}") / saved


def graviton_factor(prices: PriceTable) -> float:
    """How much slower an arm64 host may be before Lambda on arm64 costs more per comment than on x86."""
    return prices.rate("lambda.duration.x86") / prices.rate("lambda.duration.arm64")


def mean_vcpus(workload: Workload, ms: float) -> float:
    """vCPUs that the mean rate keeps busy at `ms` a comment."""
    return workload.mean_rate * ms / 1000
