"""The bill is of what is deployed: each default of the estimate is read out of the synthesized templates here."""

import json

import pytest

from cdk.api import ACCESS_LOG
from cdk.context import ContextValues
from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.deployment import CONTEXT, deployed, from_template
from lambda_fn.contract import Default, Metric, Standing

STACKS = [
    ("default", "SentimentStack", "lambda"),
    ("default", "FargateStack", "fargate"),
    ("worker", "FargateStack", "fargate-worker"),
]


@pytest.mark.parametrize(("variant", "stack", "runs"), STACKS)
def test_the_bill_of_a_default_deployment_is_the_bill_without_any_flag(deployment, variant, stack, runs):
    found = from_template(deployment(variant).stack(stack).template)
    standing = {name: found.pop(name) for name in ("alarms", "secrets")}
    assert standing == {"alarms": Standing.ALARMS[runs], "secrets": Standing.SECRETS[runs]}
    default = Assumptions()
    expected = {name: getattr(default, name) for name in found}
    expected |= {"fargate_memory_gb": default.task_gb} if "fargate_memory_gb" in found else {}
    expected |= {"architecture": {"x86_64": "x86"}[Default.ARCHITECTURE]} if "architecture" in found else {}
    assert found == expected


def test_the_template_says_all_that_the_bill_asks_of_a_lambda_deployment(default):
    assert set(from_template(default.stack().template)) == {
        "alarms", "dashboards", "secrets", "log_days", "result_days", "api_memory_mb", "api_timeout_s",
        "bulk_memory_mb", "bulk_timeout_s", "architecture", "messages_per_invocation", "batching_window_s",
    }  # fmt: skip


def test_a_changed_deployment_changes_the_bill(deployment, tmp_path):
    template = deployment("url").stack().template
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Logs::LogGroup":
            resource["Properties"]["RetentionInDays"] = 7
    file = tmp_path / "one.template.json"
    file.write_text(json.dumps(template))
    made = deployed(Assumptions(), file, ["results_days=30"])
    assert (made.log_days, made.result_days, made.batching_window_s) == (7, 30, Default.BULK_WINDOW_S)


def test_every_context_value_that_the_bill_reads_is_one_of_cdk_s_and_has_the_same_default():
    context, default = ContextValues(), Assumptions()
    for name, (field, read) in CONTEXT.items():
        assert name in ContextValues.model_fields
        ours = getattr(default, field)
        if ours is None or (name, ours) in (("architecture", "both"), ("fargate_spot_percent", 0.75)):
            continue  # not one value, but what each option of the comparison has
        if name == "fargate_spot_percent":
            continue
        assert read(str(getattr(context, name))) == ours, name


def test_each_custom_metric_is_billed():
    assert Assumptions().metrics == len(Metric.ALL)


def test_the_access_log_is_as_long_as_the_bill_says():
    """API Gateway replaces each variable; a line of plausible values, as long as real ones."""
    values = {
        "$context.requestId": "b7T2ohZJIAMEVxg=",
        "$context.requestTimeEpoch": "1767323045",
        "$context.identity.sourceIp": "203.0.113.117",
        "$context.httpMethod": "POST",
        "$context.path": "/analyze",
        "$context.status": "200",
        "$context.responseLength": "118",
        "$context.responseLatency": "14",
        "$context.integrationLatency": "12",
        "$context.error.message": "-",
    }
    line = json.dumps({name: values[variable] for name, variable in ACCESS_LOG.items()})
    assert len(line) == pytest.approx(Assumptions().access_log_bytes, rel=0.05)
