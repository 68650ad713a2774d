#!/usr/bin/env bash
# Powertools' metrics in the embedded metric format: a value that is no number, and one name with two units.
#
# Guess: add_metric raises MetricValueError for NaN, and an error of its own for a second unit of one name
# Seen: NaN is taken and written into the log line, which then is no JSON, with all other metrics in it; of two units the last
#   one silently counts for both values
# With: aws-lambda-powertools 3.37.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0
venv/bin/python - <<'PY'
import contextlib
import io
import json

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit


def refuse(constant):
    raise ValueError(f"{constant} is no JSON")


def emitted(*values):
    metrics, line = Metrics(namespace="Sentiment", service="bulk"), io.StringIO()
    metrics.clear_metrics()
    for unit, value in values:
        metrics.add_metric("Score", unit, value)
    with contextlib.redirect_stdout(line):
        metrics.flush_metrics()
    return line.getvalue().strip()


print("aws-lambda-powertools 3.37.0")
line = emitted((MetricUnit.NoUnit, float("nan")))
print(line)
try:
    json.loads(line, parse_constant=refuse)
    raise SystemExit("the line is JSON now")
except ValueError as e:
    print("a strict parser:", e)

two = json.loads(emitted((MetricUnit.Count, 1), (MetricUnit.Seconds, 2)))
print("1 Count and 2 Seconds:", two["Score"], two["_aws"]["CloudWatchMetrics"][0]["Metrics"])
assert two["Score"] == [1.0, 2.0], "the values are kept apart now"
assert two["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "Score", "Unit": "Seconds"}], "units are kept apart now"
PY
