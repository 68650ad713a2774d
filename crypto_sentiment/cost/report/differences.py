"""The first bill beside this one: each premise that changed, one after the other, and what it moved.

The first bill's totals are quoted; every other row is computed, so the steps add up to today's.
"""

from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.options import option
from crypto_sentiment.cost.report.sections import Section, usd
from lambda_fn.contract import Metric, Standing

OPTIONS = {
    "lambda-http-single-x86": ("HTTP API, one a call", 544.41),
    "lambda-url-single-x86": ("Function URL, one a call", 244.41),
    "lambda-sqs-packed-x86": ("SQS, 273 a message", 37.72),
    "lambda-sqs-large-x86": ("SQS, 4,369 a message", 31.34),
    "fargate-alb-x86": ("Fargate, ALB", 120.45),
    "fargate-sqs-spot": ("Spot worker", 26.08),
}
ALARMS = Standing.ALARMS.values()
# The first bill's model took 0.0787 ms a token in batches; with 35.2 tokens in the mean comment:
OLD_MS = 2.77
# What the first bill assumed, in the order in which the rows put it right: (why, the old values).
STEPS: tuple[tuple[str, dict], ...] = (
    ("the gateway's access log is 200 bytes a call, no function line of 800", {"access_log_bytes": 800}),
    ("logs are kept 30 days, not 14", {"log_days": 14}),
    ("results are kept 365 days, not 30", {"result_days": 30}),
    ("a result takes 39 bytes, not 40; an invocation logs 1,000, not 800", {"result_bytes": 40, "log_bytes": 800}),
    ("the batching window is 5 s, not 20", {"batching_window_s": 20}),
    (
        f"{len(Metric.ALL)} metrics and {min(ALARMS)} to {max(ALARMS)} alarms, not 6 and 6; a secret",
        {"metrics": 6, "alarms": 6, "secrets": 0},
    ),
    ("an image of 0.1 GB, not 0.3", {"image_gb": 0.3}),
)


def differences(comparison: Comparison) -> Section:
    """USD a month of six ways, from the first bill to this one; empty where the question is another than its."""
    section = Section("What changed since the first bill")
    if comparison.assumptions.comments_per_day != 10e6 or comparison.assumptions.host != "vnni":
        return section
    section.columns = ["USD a month", *(title for title, _ in OPTIONS.values())]
    section.rows.append(["as it was first printed", *(usd(first) for _, first in OPTIONS.values())])
    old = {name: value for _, values in STEPS for name, value in values.items()}
    what = "how it is counted: whole tasks on Spot, a worker's own requests and lines, no log of a Function URL"
    section.rows.append([what, *_totals(comparison, old, OLD_MS)])
    for why, values in STEPS:
        for name in values:
            del old[name]
        section.rows.append([why, *_totals(comparison, old, OLD_MS)])
    section.rows.append(["the shipped model's speed, measured: this bill", *_totals(comparison, old, None)])
    section.text = ["Each row puts one premise right, and keeps those above it."]
    return section


def _totals(comparison: Comparison, assumptions: dict, ms_per_comment: float | None) -> list[str]:
    changed = comparison.assumptions.model_copy(update=assumptions)
    own = Comparison.of(comparison.inputs, changed, ms_per_comment, options=()).own
    cells = []
    for name in OPTIONS:
        try:
            cells.append(usd(option(name).price(own).total))
        except CostError:
            cells.append("-")
    return cells
