"""Plays the options and sets each played bill beside the estimate's."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.options import option
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation import api_day, fargate_day, sqs_day
from crypto_sentiment.simulation.played import Played, Setting
from lambda_fn.contract import Standing

TOLERANCE = 0.05
SMALLEST_USD = 1.0  # parts below this are compared in the total only
MOST_EVENTS = 200_000
FAILURES = 0.001  # share of calls and of messages that fail and are tried again; the estimate knows of none

Play = Callable[[Scenario, str, Setting], Played]


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


# A message that is billed as one request, and the largest that SQS takes.
ONE_CHUNK, LARGEST = 64 * 1024, 1024 * 1024
BATCH = None  # comments a call: as many as the scenario says


def _api(gateway: str, architecture: str, size: int | None) -> Play:
    def play(scenario: Scenario, name: str, setting: Setting) -> Played:
        comments = size or scenario.assumptions.comments_per_request
        return api_day.play_api(scenario, name, gateway, architecture, comments, setting)

    return play


def _sqs(limit_bytes: int) -> Play:
    return lambda scenario, name, setting: sqs_day.play_sqs(
        _as_large_as_that(scenario, limit_bytes), name, "x86", limit_bytes, setting
    )


def _as_large_as_that(scenario: Scenario, limit_bytes: int) -> Scenario:
    """A number of comments that was set by hand is of the usual messages, not of the largest."""
    if limit_bytes != LARGEST:
        return scenario
    return replace(scenario, assumptions=scenario.assumptions.model_copy(update={"comments_per_message": None}))


PLAYS: dict[str, Play] = {
    "lambda-http-single-x86": _api("http", "x86", 1),
    "lambda-rest-single-x86": _api("rest", "x86", 1),
    "lambda-alb-single-x86": _api("alb", "x86", 1),
    "lambda-url-single-arm64": _api("url", "arm64", 1),
    "lambda-http-batch-x86": _api("http", "x86", BATCH),
    "lambda-sqs-packed-x86": _sqs(ONE_CHUNK),
    "lambda-sqs-large-x86": _sqs(LARGEST),
    "fargate-alb-x86": lambda s, name, setting: fargate_day.play_api(s, name, "x86", setting),
    "fargate-sqs-x86": lambda s, name, setting: fargate_day.play_worker(s, name, "x86", ONE_CHUNK, setting),
}


def agree(scenario: Scenario, name: str, most_events: int = MOST_EVENTS, failures: float = FAILURES) -> Agreement:
    """Price and play one option. Raises CostError for an option that cannot be played."""
    if name not in PLAYS:
        raise CostError(f"'{name}' is not played. Played are: {', '.join(PLAYS)}")
    bill = option(name).price(scenario)
    played = PLAYS[name](scenario, name, Setting(most_events, failures))
    played.ledger.scale, played.ledger.open = 1.0, True
    _count_standing(scenario, played)
    return Agreement(bill, played, played.ledger.by_part(scenario.prices, scenario.workload.days))


def _count_standing(scenario: Scenario, played: Played) -> None:
    """What is billed by the month and not by the event, a day's share of it."""
    a, days, ledger = scenario.assumptions, scenario.workload.days, played.ledger
    stack = deployed_for(played.option)
    for key, amount in (
        ("cloudwatch.metric", a.metrics),
        ("cloudwatch.alarm", Standing.ALARMS[stack] if a.alarms is None else a.alarms),
        ("cloudwatch.dashboard", a.dashboards),
        ("secretsmanager.secret", Standing.SECRETS[stack] if a.secrets is None else a.secrets),
        ("ecr.storage", a.image_gb),
    ):
        ledger.count(key, amount / days)
    ledger.count("logs.storage", ledger.counts["logs.ingest"] * a.log_days / days)


def deployed_for(option: str) -> str:
    """The stack that runs an option, as contract.Standing names it."""
    runs, front = option.split("-")[:2]
    if runs == "fargate":
        return "fargate-worker" if front == "sqs" else "fargate"
    return f"lambda-{front}" if front in ("rest", "url", "alb") else "lambda"
