"""Structured logs and EMF metrics by Powertools. No comment's text goes into either.

A custom metric costs $0.30 a month per combination of dimensions, so the only dimension is the service; what else one
may ask Logs Insights about (cold_start, messages put back) rides along as metadata.
"""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lambda_fn.bulk.scoring import Tally
from lambda_fn.settings import get_settings

SERVICE = "bulk"


def get_logger() -> Logger:
    """JSON logs of the bulk service."""
    return Logger(service=SERVICE, level=get_settings().log_level, utc=True)


def emit_metrics(tally: Tally, messages: int, failed: int, put_back: int, cold_start: bool) -> None:
    """Print one EMF blob: what this invocation did."""
    metrics = Metrics(namespace=get_settings().metrics_namespace, service=SERVICE)
    metrics.add_metric("Comments", MetricUnit.Count, tally.comments)
    metrics.add_metric("Tokens", MetricUnit.Count, tally.tokens)
    metrics.add_metric("CommentErrors", MetricUnit.Count, tally.errors)
    metrics.add_metric("FailedMessages", MetricUnit.Count, failed)
    if tally.scored:
        metrics.add_metric("MsPerComment", MetricUnit.Milliseconds, 1000 * tally.seconds / tally.scored)
        # The share is the mood at a glance; Positive / (Comments - CommentErrors) weighs invocations by their size.
        metrics.add_metric("Positive", MetricUnit.Count, tally.positive)
        metrics.add_metric("SharePositive", MetricUnit.Percent, 100 * tally.positive / tally.scored)
    metrics.add_metadata("cold_start", cold_start)
    metrics.add_metadata("messages", messages)
    metrics.add_metadata("put_back", put_back)
    metrics.add_metadata("repeated_texts", tally.repeated)
    metrics.flush_metrics()
