#!/usr/bin/env bash
# An alarm in CDK on an expression of metrics that were given a period of one minute.
#
# Guess: the metrics keep their minute
# Seen: the expression's own period, five minutes by default, silently replaces it in the template: an alarm that should tell
#   within a minute looks at five; only a period given to the expression counts
# With: aws-cdk-lib 2.275.0 (and Node)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aws-cdk-lib==2.275.0
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1
venv/bin/python - <<'PY'
import aws_cdk as cdk
from aws_cdk import assertions, aws_cloudwatch


def period_in_template(**given):
    stack = cdk.Stack()
    positive, comments = (
        aws_cloudwatch.Metric(namespace="Sentiment", metric_name=name, period=cdk.Duration.minutes(1), statistic="Sum")
        for name in ("Positive", "Comments")
    )
    share = aws_cloudwatch.MathExpression(
        expression="positive / comments", using_metrics={"positive": positive, "comments": comments}, **given
    )
    aws_cloudwatch.Alarm(stack, "Mood", metric=share, threshold=0.2, evaluation_periods=1)
    alarm = next(iter(assertions.Template.from_stack(stack).find_resources("AWS::CloudWatch::Alarm").values()))
    return sorted({m["MetricStat"]["Period"] for m in alarm["Properties"]["Metrics"] if "MetricStat" in m})


print("aws-cdk-lib 2.275.0")
print("metrics of one minute, an expression without a period:", period_in_template(), "s in the template")
print("the expression given one minute too:", period_in_template(period=cdk.Duration.minutes(1)))
assert period_in_template() == [300], "the metrics keep their period now"
assert period_in_template(period=cdk.Duration.minutes(1)) == [60]
PY
