"""What the report says: reach, break-even points, the predecessor, the findings."""

import dataclasses
import math

import pytest

from crypto_sentiment.cost import breakeven, predecessor
from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.findings import answer, findings
from crypto_sentiment.cost.sensitivity import sensitivities


@pytest.fixture(scope="module")
def comparison(inputs) -> Comparison:
    return Comparison.of(inputs, Assumptions())


def test_the_best_option_costs_at_most_45_dollars_with_everything_counted(comparison):
    best = comparison.cheapest_passing
    assert best.total <= 45
    packed = comparison.bill("lambda-sqs-large-x86")
    assert packed.total <= 45
    assert {"compute", "SQS", "S3", "monitoring", "API key", "ECR"} <= packed.parts.keys()
    assert not comparison.inputs.prices.free_tier


def test_on_avx2_hosts_an_x86_option_still_fits_100_dollars(comparison):
    old = comparison.changed(host="avx2")
    x86 = [bill for bill in old.cheapest(count=99) if bill.option.startswith("lambda") and bill.option.endswith("x86")]
    assert x86[0].total <= 100


def test_the_answer_names_budget_option_and_price(comparison):
    text = answer(comparison)
    assert text.startswith("Yes: 10,000,000 comments a day against $100 a month.")
    assert f"${comparison.cheapest_passing.total:,.2f}" in text
    assert answer(comparison.changed(budget=1)).startswith("No:")


def test_three_findings_with_figures(comparison):
    found = findings(comparison)
    assert len(found) == 3
    assert all("$" in text for text in found)


def test_findings_about_options_that_are_not_listed_are_left_out(inputs):
    arm = Comparison.of(inputs, Assumptions(architecture="arm64"))
    assert len(findings(arm)) == 1


def test_fargate_beats_lambda_above_48_percent_use_and_provisioned_above_60(inputs):
    assert breakeven.fargate_utilisation(inputs.prices, "x86") == pytest.approx(0.476, abs=0.002)
    assert breakeven.provisioned_utilisation(inputs.prices, "x86") == pytest.approx(0.6, abs=0.001)
    assert breakeven.graviton_factor(inputs.prices) == pytest.approx(1.25, abs=0.001)


def test_both_options_cost_the_same_at_their_crossing(comparison):
    points = breakeven.volume_crossings(comparison.own, "lambda-http-single-x86", "fargate-alb-x86")
    assert points
    scenario = breakeven.at_volume(comparison.own, points[0].value)
    prices = [breakeven.price(scenario, name).total for name in ("lambda-http-single-x86", "fargate-alb-x86")]
    assert prices[0] == pytest.approx(prices[1], rel=0.01)
    assert points[0].cheaper == "fargate-alb-x86"


def test_crossings_finds_every_change_of_sign():
    found = breakeven.crossings(lambda x: math.sin(math.log(x)), 1.5, 1000)
    assert found == pytest.approx([math.exp(math.pi), math.exp(2 * math.pi)], rel=1e-3)


def test_at_the_budgets_speed_the_bill_is_the_budget(comparison):
    ms = breakeven.ms_at_budget(comparison.own, "lambda-sqs-packed-x86", 100)
    bill = breakeven.price(breakeven.at_ms(comparison.own, ms), "lambda-sqs-packed-x86")
    assert bill.total == pytest.approx(100, abs=0.1)


def test_the_predecessors_130_dollars_are_tasks_for_the_mean(inputs):
    claim, peak, addresses = predecessor.reconstruct(inputs.prices)
    assert claim.usd == pytest.approx(predecessor.CLAIM_USD, abs=1)
    assert (claim.tasks, peak.tasks) == (3, 7)
    assert claim.usd < peak.usd < addresses.usd


def test_the_sensitivities_hold_the_base_between_their_ends(comparison):
    name, base, rows = sensitivities(comparison)
    assert name == "lambda-sqs-packed-x86"
    assert [row.swing for row in rows] == sorted((row.swing for row in rows), reverse=True)
    assert all(min(row.low_usd, row.high_usd) <= base * 1.001 for row in rows)
    assert all(max(row.low_usd, row.high_usd) >= base * 0.999 for row in rows)


def test_a_decisive_price_that_is_not_verified_is_pointed_out(comparison):
    assert "ipv4.hour" in comparison.bill("fargate-alb-x86").weak_keys()
    assert comparison.bill("lambda-http-single-x86").weak_keys() == []


def test_a_bill_charges_tiers_over_all_its_lines(comparison):
    bill = dataclasses.replace(comparison.bill("lambda-http-single-x86"), lines=[])
    bill.add("API Gateway", "apigateway.http", 200e6)
    bill.add("API Gateway", "apigateway.http", 200e6)
    assert bill.total == pytest.approx(390)
