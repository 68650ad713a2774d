"""Alarms on the mood, for the coins that a context value names; nobody pays for one that was not asked for.

A metric is $0.30 a month. An alarm on a threshold is $0.10, one on an anomaly $0.30, as it looks at the metric and at
both ends of its band: https://aws.amazon.com/cloudwatch/pricing/
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions

from cdk.bulk_data import metrics_namespace
from cdk.context import ContextValues
from cdk.monitoring import Monitoring
from lambda_fn.contract import MoodMetric

# Of the band that CloudWatch learns from two weeks; at 2, one quarter of an hour in twenty would ring.
STANDARD_DEVIATIONS = 3
# Two rollups that agree: a mood that was only a moment's is none.
PERIODS = 2


def watch_mood(monitoring: Monitoring, context: ContextValues) -> None:
    """A graph and an alarm for each of `mood_alarm_coins`, to the topic. No number, no change."""
    metrics = [_metric(monitoring, context, coin) for coin in context.mood_alarm_coins]
    for coin, metric in zip(context.mood_alarm_coins, metrics, strict=True):
        alarm = _alarm(monitoring, context, coin, metric)
        alarm.add_alarm_action(actions.SnsAction(monitoring.topic))
        alarm.add_ok_action(actions.SnsAction(monitoring.topic))
    if metrics:
        monitoring.graphs(("Net mood of the last three hours", metrics))


def _metric(monitoring: Monitoring, context: ContextValues, coin: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=metrics_namespace(monitoring),
        metric_name=MoodMetric.NAME,
        dimensions_map={MoodMetric.DIMENSION: coin},
        statistic="Average",
        period=Duration.minutes(context.mood_minutes),
        label=coin,
    )


def _alarm(
    monitoring: Monitoring, context: ContextValues, coin: str, metric: cloudwatch.Metric
) -> cloudwatch.Alarm | cloudwatch.AnomalyDetectionAlarm:
    if context.mood_alarm == "anomaly":
        return cloudwatch.AnomalyDetectionAlarm(
            monitoring,
            f"Mood{coin}",
            metric=metric,
            std_devs=STANDARD_DEVIATIONS,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_LOWER_OR_GREATER_THAN_UPPER_THRESHOLD,
            evaluation_periods=PERIODS,
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
            alarm_description=f"The mood about {coin} is unlike that of the last two weeks.",
        )
    return cloudwatch.Alarm(
        monitoring,
        f"Mood{coin}",
        metric=metric,
        threshold=context.mood_alarm_net,
        comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluation_periods=PERIODS,
        treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        alarm_description=f"The net mood about {coin} is below {context.mood_alarm_net}.",
    )
