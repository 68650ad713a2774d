"""Structured logs and EMF metrics by Powertools. No comment's text goes into either.

A custom metric costs $0.30 a month per combination of dimensions, so the only dimension is the service; what else one
may ask Logs Insights about (cold_start, messages requeued) rides along as metadata.
"""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lambda_fn.bulk.scoring import Tally
from lambda_fn.contract import Metric
from lambda_fn.settings import get_settings


def get_logger() -> Logger:
    """JSON logs of the bulk service."""
    return Logger(service=Metric.SERVICE, level=get_settings().log_level, utc=True)


def emit_metrics(tally: Tally, messages: int, failed: int, requeued: int, cold_start: bool) -> None:
    """Print one EMF blob: what this invocation did."""
    metrics = Metrics(namespace=get_settings().metrics_namespace, service=Metric.SERVICE)
    metrics.add_metric(Metric.COMMENTS, MetricUnit.Count, tally.comments)
    metrics.add_metric(Metric.TOKENS, MetricUnit.Count, tally.tokens)
    metrics.add_metric(Metric.COMMENT_ERRORS, MetricUnit.Count, tally.errors)
    metrics.add_metric(Metric.FAILED_MESSAGES, MetricUnit.Count, failed)
    if tally.scored:
        metrics.add_metric(Metric.MS_PER_COMMENT, MetricUnit.Milliseconds, 1000 * tally.seconds / tally.scored)
        # The mood at a glance: counts, so that sums over Comments - CommentErrors weigh invocations by their size.
        metrics.add_metric(Metric.NEGATIVE, MetricUnit.Count, tally.moods["negative"])
        metrics.add_metric(Metric.POSITIVE, MetricUnit.Count, tally.moods["positive"])
        # By n-grams alone: where it falls, the stream's words are no longer those that the n-grams know.
        metrics.add_metric(Metric.SHARE_SETTLED, MetricUnit.Percent, 100 * tally.settled / max(tally.read, 1))
    metrics.add_metadata("cold_start", cold_start)
    metrics.add_metadata("messages", messages)
    metrics.add_metadata("requeued", requeued)
    metrics.add_metadata("repeated_texts", tally.repeated)
    metrics.flush_metrics()
