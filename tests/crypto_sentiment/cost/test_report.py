"""The first screen, and what doubts it."""

import pytest

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.report.deployed_by import NOT_FROM_HERE, ways
from crypto_sentiment.cost.report.differences import OPTIONS, differences
from crypto_sentiment.cost.report.document import mood
from crypto_sentiment.cost.report.headline import PACKED, SINGLE, WORST, headline, worst_case
from crypto_sentiment.cost.report.plots import LINES
from crypto_sentiment.simulation.latency import latencies


@pytest.fixture(scope="module")
def comparison(inputs) -> Comparison:
    return Comparison.of(inputs, Assumptions())


def test_both_hosts_and_the_latency_stand_beside_each_price(comparison):
    waits = latencies(comparison.own, [*SINGLE, *PACKED])
    assert set(waits) == {*SINGLE, *PACKED}
    assert all(0 < p50 <= p99 for p50, p99 in waits.values())
    _, single, packed, crossings = headline(comparison, waits)
    assert single.columns[1:5] == packed.columns[1:5] == ["VNNI", "AVX2", "p50", "p99"]
    for row in [*single.rows, *packed.rows]:
        vnni, avx2 = (float(cell.replace(",", "")) for cell in row[1:3])
        assert vnni < avx2
        assert row[3]
        assert row[4]
        assert row[6]
    assert crossings.rows
    (premises,) = packed.text
    for word in ("75% of whole tasks at 60% off", "used", "no Savings Plan", "results 365 days", "window 5 s"):
        assert word in premises


def test_what_cannot_run_says_so_in_the_table(inputs):
    small = Comparison.of(inputs, Assumptions(bulk_memory_mb=128))
    _, _, packed, _ = headline(small, {})
    refused = [row for row in packed.rows if row[5].startswith("cannot: 128 MB")]
    assert len(refused) == 2
    assert all(row[1] == "-" for row in refused)


def test_each_assumption_has_a_winner_at_its_worst(comparison):
    rows = worst_case(comparison).rows
    assert [row[0] for row in rows] == [what for what, _ in WORST]
    by_name = {row[0]: row for row in rows}
    assert "Spot" not in by_name["no Spot to be had"][1]


def test_the_steps_from_the_first_bill_end_at_this_one(comparison):
    last = differences(comparison).rows[-1][1:]
    assert last == [f"{comparison.bill(name).total:,.2f}" for name in OPTIONS]


def test_a_plot_has_at_most_eight_lines_with_names():
    assert len(LINES) <= 8
    assert all(" " in label for label, _, _ in LINES.values())


def test_the_report_has_the_mood_s_bill_and_what_deploys_each_way(comparison):
    (total,) = [row[1] for row in mood(comparison).rows if row[0] == "all"]
    assert 0 < float(total) < 100
    deployed = dict(ways(comparison).rows)
    assert deployed["Lambda x86, Function URL, one comment a call"] == "api_front=function-url"
    assert "api_provisioned_schedule=0=" in deployed["Lambda x86, HTTP API, one comment a call, provisioned"]
    assert deployed["Amazon Comprehend"] == NOT_FROM_HERE
