"""The bill is of what is deployed: each default of the estimate is read out of the synthesized templates here."""

import json

import pytest
from annotated_types import Le

from cdk.context import ContextValues
from cdk.fronts.http_api import ACCESS_LOG
from cdk.spending import warm_environments
from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.deployment import CONTEXT, deployed, from_template
from crypto_sentiment.cost.inputs import PRICES, Inputs
from crypto_sentiment.cost.options import OPTIONS
from crypto_sentiment.cost.report.deployed_by import MOST, context_of, deployed_by
from lambda_fn.contract import Default, Metric, Standing
from tests.cdk.conftest import ARN

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


@pytest.mark.parametrize(
    ("variant", "runs"),
    [("default", "lambda"), ("url", "lambda-url"), ("rest", "lambda-rest"), ("balanced", "lambda-alb")],
)
def test_each_front_has_the_alarms_and_secrets_that_its_bill_says(deployment, variant, runs):
    found = from_template(deployment(variant).stack().template)
    canaries = 2 if variant == "url" else 0  # their alarms stand while a rollout is careful
    assert found["alarms"] - canaries == Standing.ALARMS[runs]
    assert found["secrets"] == Standing.SECRETS[runs]


@pytest.mark.parametrize(("variant", "who"), [("default", "gateway"), ("domain", "function"), ("rest-domain", "none")])
def test_who_logs_a_call_is_read_out_of_the_template(deployment, variant, who):
    assert from_template(deployment(variant).stack().template)["access_log"] == who


def test_the_template_says_all_that_the_bill_asks_of_a_lambda_deployment(default):
    assert set(from_template(default.stack().template)) == {
        "alarms", "dashboards", "secrets", "log_days", "result_days", "api_memory_mb", "api_timeout_s",
        "bulk_memory_mb", "bulk_timeout_s", "architecture", "messages_per_invocation", "batching_window_s",
        "access_log",
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


@pytest.mark.parametrize("volume", [1e5, 1e7, 1e8])
def test_every_option_that_is_priced_can_be_deployed_or_says_that_it_cannot(volume):
    comparison = Comparison.of(Inputs.read(PRICES / "us-east-1.json"), Assumptions(comments_per_day=volume))
    bills = [bill for bill in comparison.bills[384] if bill.lines]
    given = {bill.option: context_of(comparison, bill) for bill in bills}
    refused = {name for name, values in given.items() if values is None}
    assert refused == {o.name for o in OPTIONS if o.group == "reference"} | {"lambda-managed"}
    for bill in bills:
        if "cannot" in deployed_by(comparison, bill) or bill.option in refused:
            continue
        values = {name: ARN if value == "…" else str(value) for name, value in given[bill.option].items()}
        ContextValues.from_context(values)


def test_what_one_deployment_cannot_take_is_said_with_its_limit():
    fields = ContextValues.model_fields
    for name, most in MOST.items():
        assert most == next(m.le for m in fields[name].metadata if isinstance(m, Le)), name
    comparison = Comparison.of(Inputs.read(PRICES / "us-east-1.json"), Assumptions(comments_per_day=1e9))
    assert deployed_by(comparison, comparison.bill("lambda-http-single-x86")).startswith(
        "cannot at this volume: api_rate"
    )


def test_the_schedule_that_is_priced_is_the_one_that_is_deployed():
    comparison = Comparison.of(Inputs.read(PRICES / "us-east-1.json"), Assumptions(comments_per_day=1e8))
    bill = comparison.bill("lambda-http-provisioned-x86")
    text = context_of(comparison, bill)["api_provisioned_schedule"]
    context = ContextValues(api_provisioned_schedule=text, api_concurrency=100)
    assert warm_environments(context) == pytest.approx(sum(bill.hourly) / 24)
