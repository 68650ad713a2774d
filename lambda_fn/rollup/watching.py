"""A CloudWatch metric of the mood about each coin that is watched, for alarms: one EMF line a coin and run."""

from collections.abc import Sequence

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from lambda_fn.contract import MoodMetric
from lambda_fn.mood import questions
from lambda_fn.mood.calendar import HOUR
from lambda_fn.mood.store import MoodStore

# The hour that has just begun says little; with the two before it a coin of a few hundred comments a day has a number.
WATCHED_HOURS = 3


def net_moods(store: MoodStore, coins: Sequence[str]) -> dict[str, float]:
    """Net mood of the last hours, -100 to 100, of each coin that enough was written of."""
    until = int(store.clock() // HOUR + 1) * HOUR
    found = questions.mood(store, coins=coins, since=until - WATCHED_HOURS * HOUR, until=until)
    net = {group["coin"]: group["net"]["value"] for group in found["groups"]}
    return {coin: round(100 * value, 2) for coin, value in net.items() if value is not None}


def emit(namespace: str, moods: dict[str, float]) -> None:
    """Print them where CloudWatch reads metrics. No number, no data point: an alarm then stays as it is."""
    for coin, net in moods.items():
        with single_metric(
            name=MoodMetric.NAME,
            unit=MetricUnit.NoUnit,
            value=net,
            namespace=namespace,
            default_dimensions={MoodMetric.DIMENSION: coin},
        ):
            pass
