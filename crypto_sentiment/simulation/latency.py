"""How long a comment waits for its score, each way of running it: short plays, for a column beside the price."""

from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation.agreement import PLAYS
from crypto_sentiment.simulation.played import Setting

EVENTS = 2_500  # enough for a 99th percentile
# Ways that wait as another does: Spot tasks, another gateway.
SAME_AS = {
    "fargate-alb-spot": "fargate-alb-x86",
    "fargate-sqs-spot": "fargate-sqs-x86",
    "lambda-rest-single-x86": "lambda-http-single-x86",
    "lambda-url-single-x86": "lambda-http-single-x86",
    "lambda-alb-single-x86": "lambda-http-single-x86",
    "lambda-url-batch-x86": "lambda-http-batch-x86",
}


def latencies(scenario: Scenario, options: list[str]) -> dict[str, tuple[float, float]]:
    """Option -> (p50, p99) in seconds, from a comment's arrival to its score, without the network between.

    An option that is not played, or cannot run, is left out.
    """
    found: dict[str, tuple[float, float]] = {}
    for name in dict.fromkeys(SAME_AS.get(option, option) for option in options):
        try:
            played = PLAYS[name](scenario, name, Setting(EVENTS))
        except (CostError, KeyError):
            continue
        found[name] = (played.percentile(50), played.percentile(99))
    return {option: found[SAME_AS.get(option, option)] for option in options if SAME_AS.get(option, option) in found}
