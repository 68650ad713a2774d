import copy
import datetime as dt

import pytest

from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.inputs import PRICES, read_json
from crypto_sentiment.cost.options import option
from crypto_sentiment.cost.prices import PriceTable


@pytest.fixture
def document() -> dict:
    return read_json(PRICES / "us-east-1.json")


def test_every_row_has_unit_mark_source_and_date(inputs):
    for price in inputs.prices.rows.values():
        assert price.unit
        assert price.mark in "VSR"
        assert price.source
        assert dt.date(2026, 1, 1) <= price.date


def test_a_quantity_is_charged_tier_by_tier(inputs):
    # 400 million calls: 300 million at $1.00, 100 million at $0.90
    assert inputs.prices.charge("apigateway.http", 400e6) == pytest.approx(390)
    # 25 billion REST calls cross all four tiers
    expected = 333 * 3.5 + 667 * 2.8 + 19_000 * 2.38 + 5_000 * 1.51
    assert inputs.prices.charge("apigateway.rest", 25e9) == pytest.approx(expected)


def test_the_free_tier_is_subtracted_only_when_asked_for(document):
    with_free = PriceTable.from_dict(document, free_tier=True)
    without = PriceTable.from_dict(document)
    assert without.charge("lambda.requests.x86", 3e6) == pytest.approx(0.60)
    assert with_free.charge("lambda.requests.x86", 3e6) == pytest.approx(0.40)
    assert with_free.charge("lambda.requests.x86", 10) == 0


@pytest.mark.parametrize(
    ("plan", "key", "share"),
    [
        ("1y", "lambda.duration.x86", 0.88),
        ("3y", "lambda.duration.x86", 0.83),
        ("3y", "lambda.provisioned.arm64", 0.83),
        ("3y", "lambda.requests.x86", 1),
        ("1y", "fargate.vcpu.arm64", 0.8),
        ("3y", "fargate.memory.x86", 0.48),
        ("3y", "ec2.c7g.large", 0.47),
        ("3y", "sqs.requests", 1),
    ],
)
def test_a_savings_plan_is_right_for_each_product_and_term(document, plan, key, share):
    planned, list_price = PriceTable.from_dict(document, savings_plan=plan), PriceTable.from_dict(document)
    assert planned.charge(key, 1e6) == pytest.approx(share * list_price.charge(key, 1e6))


def test_no_plan_covers_spot(document, make_scenario):
    from dataclasses import replace

    scenario = make_scenario(spot_share=1.0)
    planned = replace(scenario, prices=PriceTable.from_dict(document, savings_plan="3y"))
    spot = [option("fargate-alb-spot").price(s).parts["compute"] for s in (scenario, planned)]
    assert spot[0] == pytest.approx(spot[1])


def test_a_missing_row_is_named(inputs):
    with pytest.raises(CostError, match=r"no row 'sqs\.fifo'.*--refresh-prices"):
        inputs.prices.charge("sqs.fifo", 1)


def test_rows_older_than_180_days_are_stale(inputs):
    assert inputs.prices.stale(dt.date(2026, 11, 23)) == []
    stale = {price.key for price in inputs.prices.stale(dt.date(2027, 1, 20))}
    assert "ec2.c7g.large" in stale
    assert "lambda.duration.x86" not in stale


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tiers": []}, "tiers must rise"),
        ({"tiers": [{"up_to": 5, "usd": 1}]}, "the last must have no end"),
        ({"tiers": [{"up_to": 9, "usd": 1}, {"up_to": 5, "usd": 1}, {"up_to": None, "usd": 1}]}, "tiers must rise"),
        ({"tiers": [{"up_to": None, "usd": -1}]}, "never negative"),
        ({"tiers": [{"up_to": None, "usd": "cheap"}]}, "not usable"),
        ({"mark": "X"}, "mark must be"),
        ({"source": ""}, "no source"),
        ({"date": "yesterday"}, "not usable"),
    ],
)
def test_a_row_that_is_no_price_is_refused(document, change, message):
    broken = copy.deepcopy(document)
    broken["rows"]["sqs.requests"].update(change)
    with pytest.raises(CostError, match=message):
        PriceTable.from_dict(broken)


def test_a_file_that_is_no_price_file_is_refused():
    with pytest.raises(CostError, match="not a price file"):
        PriceTable.from_dict({"rows": {}})
