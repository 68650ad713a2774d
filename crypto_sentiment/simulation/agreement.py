"""Plays the options and sets each played bill beside the estimate's."""

from collections.abc import Callable
from dataclasses import dataclass

from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.options import option
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation import fargate_day, lambda_day
from crypto_sentiment.simulation.played import Played
from lambda_fn.contract import Standing

TOLERANCE = 0.05
SMALLEST_USD = 1.0  # parts below this are compared in the total only
MOST_EVENTS = 200_000
# (what runs it, from the queue or not) -> the stack that is deployed for it.
DEPLOYED = {
    ("lambda", True): "lambda", ("lambda", False): "lambda",
    ("fargate", True): "fargate-worker", ("fargate", False): "fargate",
}  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """One option: what the formulas say and what the play counted, in USD a month by part."""

    bill: Bill
    played: Played
    parts: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.parts.values())

    @property
    def estimated(self) -> dict[str, float]:
        """The estimate's parts as the ledger groups them: a cold start is compute."""
        parts = dict(self.bill.parts)
        parts["compute"] = parts.get("compute", 0.0) + parts.pop("cold starts", 0.0)
        return parts

    @property
    def difference(self) -> float:
        """Of the total, relative to the estimate."""
        return self.total / self.bill.total - 1

    def disagreements(self) -> dict[str, float]:
        """Parts that differ by more than the tolerance (and "total"), with their relative difference."""
        found = {}
        for part in sorted(self.estimated.keys() | self.parts.keys()):
            ours, theirs = self.estimated.get(part, 0.0), self.parts.get(part, 0.0)
            if max(ours, theirs) >= SMALLEST_USD and abs(theirs - ours) > TOLERANCE * max(ours, theirs):
                found[part] = theirs / ours - 1 if ours else float("inf")
        if abs(self.difference) > TOLERANCE:
            found["total"] = self.difference
        return found


PLAYS: dict[str, Callable[[Scenario, str, int], Played]] = {
    "lambda-http-single-x86": lambda s, name, n: lambda_day.play_api(s, name, "http", "x86", 1, n),
    "lambda-url-single-arm64": lambda s, name, n: lambda_day.play_api(s, name, "url", "arm64", 1, n),
    "lambda-http-batch-x86": lambda s, name, n: lambda_day.play_api(
        s, name, "http", "x86", s.assumptions.comments_per_request, n
    ),
    "lambda-sqs-packed-x86": lambda s, name, n: lambda_day.play_sqs(s, name, "x86", s.assumptions.message_comments, n),
    "lambda-sqs-large-x86": lambda s, name, n: lambda_day.play_sqs(
        s, name, "x86", s.assumptions.largest_message_comments, n
    ),
    "fargate-alb-x86": lambda s, name, n: fargate_day.play_api(s, name, "x86", n),
    "fargate-sqs-x86": lambda s, name, n: fargate_day.play_worker(
        s, name, "x86", option(name).price(s).facts["task vCPUs"], s.assumptions.message_comments
    ),
}


def agree(scenario: Scenario, name: str, most_events: int = MOST_EVENTS) -> Agreement:
    """Price and play one option. Raises CostError for an option that cannot be played."""
    if name not in PLAYS:
        raise CostError(f"'{name}' is not played. Played are: {', '.join(PLAYS)}")
    bill = option(name).price(scenario)
    played = PLAYS[name](scenario, name, most_events)
    played.ledger.scale, played.ledger.open = 1.0, True
    _count_standing(scenario, played)
    return Agreement(bill, played, played.ledger.by_part(scenario.prices, scenario.workload.days))


def _count_standing(scenario: Scenario, played: Played) -> None:
    """What is billed by the month and not by the event, a day's share of it."""
    a, days, ledger = scenario.assumptions, scenario.workload.days, played.ledger
    stack = DEPLOYED[played.option.partition("-")[0], "sqs" in played.option]
    stack = "lambda-url" if "-url-" in played.option else stack
    for key, amount in (
        ("cloudwatch.metric", a.metrics),
        ("cloudwatch.alarm", Standing.ALARMS[stack] if a.alarms is None else a.alarms),
        ("cloudwatch.dashboard", a.dashboards),
        ("secretsmanager.secret", Standing.SECRETS[stack] if a.secrets is None else a.secrets),
        ("ecr.storage", a.image_gb),
    ):
        ledger.count(key, amount / days)
    ledger.count("logs.storage", ledger.counts["logs.ingest"] * a.log_days / days)
