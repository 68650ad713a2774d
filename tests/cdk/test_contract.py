"""Facts that two rooms share have one home: each room, seen through its own door, says what the contract says."""

import json
from collections import Counter

import pytest

from cdk.context import ContextValues
from lambda_fn.bulk.scoring import Tally
from lambda_fn.bulk.telemetry import emit_metrics
from lambda_fn.contract import VERSION, Default, Env, Metric
from lambda_fn.settings import Settings
from tests.conftest import REPOSITORY

STACKS = ("SentimentStack", "FargateStack")
NAMES = {name for name in vars(Env) if name.isupper()}


def emitted(capsys) -> dict:
    """The EMF blob that one invocation with a scored comment prints."""
    emit_metrics(
        Tally(comments=2, errors=1, moods=Counter(positive=1), tokens=9, seconds=0.1), 1, 0, 0, cold_start=False
    )
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_bulk_scoring_emits_the_metrics_of_the_contract_and_no_other(capsys):
    blob = emitted(capsys)
    [directive] = blob["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in directive["Metrics"]} == set(Metric.ALL)
    assert directive["Dimensions"] == [[Metric.DIMENSION]]
    assert blob[Metric.DIMENSION] == Metric.SERVICE


def test_every_custom_metric_that_the_dashboard_draws_is_emitted(default):
    drawn = set()
    for stack in STACKS:
        [dashboard] = default.resources("AWS::CloudWatch::Dashboard", stack)
        drawn |= {metric[1] for metric in custom_metrics(dashboard_body(dashboard))}
    assert drawn
    assert drawn <= set(Metric.ALL)


def dashboard_body(dashboard: dict) -> dict:
    """The body as CloudWatch gets it; names that only a deployment knows stand as "?"."""
    _, parts = dashboard["DashboardBody"]["Fn::Join"]
    return json.loads("".join(part if isinstance(part, str) else "?" for part in parts))


def custom_metrics(node) -> list[list]:
    """Metrics of our namespace anywhere in a dashboard's body: [namespace, name, dimension, value, ...]."""
    if isinstance(node, list):
        if node and isinstance(node[0], str) and node[0].startswith(Metric.NAMESPACE):
            assert node[2:4] == [Metric.DIMENSION, Metric.SERVICE]
            return [node]
        return [found for item in node for found in custom_metrics(item)]
    if isinstance(node, dict):
        return [found for item in node.values() for found in custom_metrics(item)]
    return []


def test_every_environment_name_is_a_setting():
    assert {name for name in NAMES if name.lower() not in Settings.model_fields} == set()
    assert {getattr(Env, name) for name in NAMES} == NAMES


def test_a_deployment_sets_only_variables_that_the_service_reads(default):
    functions = [f for stack in STACKS for f in default.resources("AWS::Lambda::Function", stack)]
    tasks = [t for stack in STACKS for t in default.resources("AWS::ECS::TaskDefinition", stack)]
    set_by_cdk = {name for f in functions for name in f.get("Environment", {}).get("Variables", {})}
    set_by_cdk |= {v["Name"] for t in tasks for c in t["ContainerDefinitions"] for v in c["Environment"]}
    assert {"QUEUE_URL", "RESULTS_BUCKET", "API_AUTH"} <= set_by_cdk
    assert set_by_cdk <= NAMES


def test_the_deployment_s_defaults_are_those_of_the_contract():
    values = ContextValues.from_context({})
    defaults = {name.lower(): value for name, value in vars(Default).items() if name.isupper()}
    assert {name: getattr(values, name) for name in defaults} == defaults


def test_the_service_writes_where_the_contract_says(monkeypatch):
    for name in ("RESULTS_PREFIX", "PARTS_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert (settings.results_prefix, settings.parts_prefix) == ("results/", "parts/")


def test_a_price_that_changes_changes_the_worst_day_too(tmp_path, monkeypatch):
    from cdk import prices, spending

    document = json.loads(prices.PRICES.read_text())
    before = spending.bulk_worst_day(ContextValues())
    for row in document["rows"].values():
        for tier in row["tiers"]:
            tier["usd"] *= 2
    doubled = tmp_path / "prices.json"
    doubled.write_text(json.dumps(document))
    monkeypatch.setattr(prices, "PRICES", doubled)
    assert spending.bulk_worst_day(ContextValues()) == pytest.approx(2 * before)


def test_one_version_everywhere():
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "lambda_fn/contract.py"
    assert json.loads((REPOSITORY / "docs" / "openapi.json").read_text())["info"]["version"] == VERSION


def test_the_image_is_built_from_one_base_by_digest():
    dockerfile = (REPOSITORY / "lambda_fn" / "Dockerfile").read_text()
    assert f"ARG BASE_IMAGE={Default.BASE_IMAGE}\n" in dockerfile
    assert "@sha256:" in Default.BASE_IMAGE
