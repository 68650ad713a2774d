"""History in the bill: one job's hours and dollars, each way of running it, against the sum done by hand."""

import dataclasses

import pytest

from crypto_sentiment.cost import history as module
from crypto_sentiment.cost.history import MACHINE, crossover, read_history, table


@pytest.fixture(scope="module")
def billion():
    return read_history(1e9, 64, "vnni")


def ways(history):
    return {way.name: way for way in history.ways()}


def test_emr_serverless_by_hand(billion):
    lengths, speed = billion.scenario.workload.lengths, billion.scenario.speed
    hours = 1e9 * speed.batch_ms_per_token.value * lengths.mean / 3.6e6 / billion.spark_share / 64 + 120 / 3600
    usd = hours * (66 * 0.052624 + 136 * 0.0057785) + 1e4 * (5e-6 + 4e-7)
    way = ways(billion)["emr"]
    assert (way.hours, way.usd) == (pytest.approx(hours), pytest.approx(usd, rel=1e-3))


def test_one_machine_by_hand(billion):
    lengths, speed = billion.scenario.workload.lengths, billion.scenario.speed
    hours = 1e9 * speed.batch_ms_per_token.value * lengths.mean / 3.6e6 / 64 + 180 / 3600
    assert ways(billion)["machine"].usd == pytest.approx(hours * (3.28448 + 0.005) + 0.054, rel=1e-3)


def test_lambda_by_hand(billion):
    lengths, speed = billion.scenario.workload.lengths, billion.scenario.speed
    messages = 1e9 / 1_500
    seconds = 1e6 * speed.batch_ms_per_token.value * lengths.mean
    seconds += messages / 10 * speed.invoke_ms.value / 1000 + messages * speed.s3_ms.value / 1000
    usd = seconds * 1769 / 1024 * 0.0000166667 + messages / 10 * 2e-7 + messages * (8.1 * 4e-7 + 5e-6 + 4e-7)
    assert ways(billion)["lambda"].usd == pytest.approx(usd, rel=1e-3)


def test_few_comments_are_lambdas_and_a_billion_is_not(billion):
    cheapest = {count: min(billion.of(count).ways(), key=lambda way: way.usd).name for count in (1e4, 1e9)}
    assert cheapest[1e4] == "lambda"
    assert cheapest[1e9] != "lambda"


def test_at_a_crossover_both_cost_the_same(billion):
    point = crossover(billion, "lambda", "machine")
    usd = {way.name: way.usd for way in billion.of(point).ways()}
    assert usd["lambda"] == pytest.approx(usd["machine"], rel=1e-3)
    assert crossover(dataclasses.replace(billion, spark_share=1.0), "ec2-spot", "machine", 1e8) is None


def test_slower_hosts_take_longer_and_the_table_starts_with_the_cheapest(billion):
    slow = ways(read_history(1e9, 64, "avx2"))
    assert all(slow[name].hours > way.hours for name, way in ways(billion).items())
    first = table(billion.ways()).splitlines()[2]
    assert min(billion.ways(), key=lambda way: way.usd).title in first
    assert billion.scenario.prices.row(MACHINE).mark == "V"


def test_the_command_names_the_crossovers(capsys):
    module.main(1e9, 64, "vnni")
    printed = capsys.readouterr().out
    assert "vCPU-hours" in printed
    assert printed.count("comments Lambda from SQS is cheaper than") >= 2
