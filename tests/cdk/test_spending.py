import re

import pytest

from cdk.api import FRONTS
from cdk.context import ContextValues
from cdk.spending import (
    bulk_worst_day,
    fargate_worst_day,
    http_api_worst_day,
    idle_month,
    lambda_sentence,
    markdown_table,
    mood_worst_day,
    warm_environments,
)
from tests.cdk.conftest import REPOSITORY


def test_the_reserved_concurrency_bounds_the_https_bill():
    # 5 environments of 1,769 MB busy for a day: 5 x 86,400 s x 1.7275 GB x $0.0000166667 = $12.44;
    # 864,020 requests: metered 12 times at $1 a million, run at $0.20, 1,500 bytes logged at $0.50 a GB = $11.19
    assert http_api_worst_day(ContextValues()) == pytest.approx(12.438 + 11.189, abs=0.002)


def test_without_it_the_throttle_does_with_every_request_at_the_timeout():
    context = ContextValues(api_concurrency=0, api_rate=1, api_timeout_s=10)
    assert http_api_worst_day(context) == pytest.approx(10 * 86_400 * 1769 / 1024 * 0.0000166667 + 1.119, abs=0.002)


def test_bulk_is_bounded_by_its_concurrency():
    assert bulk_worst_day(ContextValues()) == pytest.approx(12.438, abs=0.001)
    assert bulk_worst_day(ContextValues(architecture="arm64")) == pytest.approx(12.438 * 0.8, abs=0.001)


def test_environments_kept_warm_are_paid_day_and_night():
    more = http_api_worst_day(ContextValues(api_provisioned=1)) - http_api_worst_day(ContextValues())
    assert more == pytest.approx(86_400 * 1769 / 1024 * 0.0000041667)


def test_fargate_is_bounded_by_its_tasks():
    # 14 tasks of 1 vCPU and 2 GB: $0.04048 + 2 x $0.004445 + $0.005 an hour; the balancer and its two addresses
    assert fargate_worst_day(ContextValues()) == pytest.approx(24 * (14 * 0.05437 + 0.0225 + 0.01))


def test_the_mood_s_worst_day_is_a_rollup_that_never_ends_in_time():
    assert mood_worst_day(ContextValues()) == 0
    with_mood = ContextValues(mood=True)
    assert mood_worst_day(with_mood) == pytest.approx(96 * 600 * 0.0000166667)
    assert "bulk $12.44 (5 at once), mood $0.96, data out" in lambda_sentence(with_mood)


def test_synth_says_the_worst_day(default):
    for name, worst in [
        ("SentimentStack", http_api_worst_day(ContextValues()) + bulk_worst_day(ContextValues())),
        ("FargateStack", fargate_worst_day(ContextValues())),
    ]:
        (said,) = [text for level, text in default.messages(name) if level == "INFO" and "worst day" in text]
        assert float(re.search(r"at most \$([\d.]+)", said)[1]) == pytest.approx(worst, abs=0.01)


def test_idle_costs_are_of_what_is_deployed():
    assert sum(idle_month(ContextValues(), "lambda").values()) == pytest.approx(3 + 1.0 + 0.4 + 0.01 + 0.26, abs=0.01)
    assert sum(idle_month(ContextValues(), "fargate").values()) == pytest.approx(
        3 + 1.3 + 0.41 + 720 * 0.07687, abs=0.01
    )
    assert sum(idle_month(ContextValues(), "fargate-worker").values()) == pytest.approx(3 + 0.8 + 0.01)
    assert "API key" not in idle_month(ContextValues(api_auth="none"), "lambda")


def test_the_docs_say_what_the_code_says():
    assert markdown_table() in (REPOSITORY / "docs" / "DEPLOY.md").read_text()


def test_a_schedule_is_paid_by_its_hours():
    """Two from midnight, five from 13:00, three from 22:00: (13 x 2 + 9 x 5 + 2 x 3) / 24."""
    assert warm_environments(ContextValues(api_provisioned_schedule={0: 2, 13: 5, 22: 3})) == pytest.approx(77 / 24)
    assert warm_environments(ContextValues(api_provisioned_schedule={6: 4, 18: 1})) == pytest.approx(2.5)


def test_the_worst_day_follows_the_front():
    by_front = {front: http_api_worst_day(ContextValues(api_front=front)) for front in FRONTS}
    assert by_front["load-balancer"] == pytest.approx(by_front["function-url"] + 24 * 0.0225)
    public = ContextValues(api_front="load-balancer", balancer_access="http")
    assert http_api_worst_day(public) == pytest.approx(by_front["load-balancer"] + 24 * 0.01)
    # 864,020 requests at $3.50 a million instead of 12 times $1
    assert by_front["http-api"] - by_front["rest-api"] == pytest.approx(0.86402 * (12 - 3.5))
