"""AWS Lambda's entry for the rollup, which EventBridge Scheduler calls: `lambda_fn.rollup.handler.handler`."""

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from lambda_fn.bulk.outages import Patience, client
from lambda_fn.contract import ATHENA_PREFIX
from lambda_fn.mood.store import MoodStore
from lambda_fn.rollup.athena import Athena, QueryFailed
from lambda_fn.rollup.hourly import Ask, HourlyRollup
from lambda_fn.rollup.watching import emit, net_moods
from lambda_fn.settings import Settings, SettingsError, get_settings

# Kept for the last PUT when S3 is away; Lambda stops the function after its timeout.
MARGIN_S = 5.0


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Any event in, what was done out. Raises QueryFailed where Athena failed: the function's alarm rings."""
    ends = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - MARGIN_S
    return run(get_settings(), lambda: ends - time.monotonic())


def run(
    settings: Settings,
    left_s: Callable[[], float],
    *,
    ask: Ask | None = None,
    clock: Callable[[], float] = time.time,
    patience: Patience | None = None,
) -> dict[str, Any]:
    """One run. left_s: seconds that are left. ask: instead of Athena. Raises SettingsError, QueryFailed."""
    if not settings.results_bucket:
        raise SettingsError("RESULTS_BUCKET is not set: there is nothing to roll up")
    logger = Logger(service="rollup", level=settings.log_level, utc=True)
    patience = patience or Patience(left_s)
    rollup = HourlyRollup(
        _client("s3"),
        settings.results_bucket,
        ask or _athena(settings, patience, left_s),
        patience=patience,
        loose_days=settings.mood_loose_days,
        left_s=left_s,
        clock=clock,
    )
    report = rollup.run()
    if settings.mood_alarm_coins:
        emit(settings.metrics_namespace, net_moods(MoodStore(rollup.fetch, clock), settings.mood_alarm_coins))
    done = {name: value for name, value in asdict(report).items() if value}
    if report.unreadable:
        logger.error("no result objects inside", extra={"keys": report.unreadable[:20]})
    logger.info("rolled up", extra=done)
    if report.failed:
        raise QueryFailed("; ".join(report.failed))
    return done


def _athena(settings: Settings, patience: Patience, left_s: Callable[[], float]) -> Athena:
    if not (settings.mood_workgroup and settings.mood_database):
        raise SettingsError("MOOD_WORKGROUP and MOOD_DATABASE are not set: there is no Athena to ask")
    answers = f"s3://{settings.results_bucket}/{ATHENA_PREFIX}"
    return Athena(
        _client("athena"), _client("s3"), settings.mood_workgroup, settings.mood_database, answers, patience, left_s
    )


@cache
def _client(service: str) -> Any:
    return client(service)
