import pytest

from crypto_sentiment.cost.errors import CostError, Infeasible
from crypto_sentiment.cost.lambda_sqs import empty_receives_a_second, pack
from crypto_sentiment.cost.options import OPTIONS, option, price_all


def usd(scenario, name: str, part: str | None = None) -> float:
    bill = option(name).price(scenario)
    return bill.parts.get(part, 0.0) if part else bill.total


def test_every_option_has_a_bill_of_its_own_name_for_both_widths(make_scenario):
    for width in (384, 768):
        bills = price_all(make_scenario(width))
        assert [bill.option for bill in bills] == [o.name for o in OPTIONS]
        assert all(bill.total == pytest.approx(sum(bill.parts.values())) for bill in bills)


def test_ten_million_single_requests_a_day_cost_what_the_price_pages_say(make_scenario):
    scenario = make_scenario()
    assert usd(scenario, "lambda-http-single-x86", "API Gateway") == pytest.approx(300)
    assert usd(scenario, "lambda-rest-single-x86", "API Gateway") == pytest.approx(1050)
    assert usd(scenario, "lambda-url-single-x86", "API Gateway") == 0
    assert usd(scenario, "lambda-http-single-x86", "requests") == pytest.approx(60)


def test_a_large_batch_is_metered_in_pieces_of_512_kb(make_scenario):
    one = make_scenario(comments_per_request=500, bytes_per_comment=1000)
    two = make_scenario(comments_per_request=500, bytes_per_comment=2000)
    assert usd(two, "lambda-http-batch-x86", "API Gateway") == pytest.approx(
        2 * usd(one, "lambda-http-batch-x86", "API Gateway")
    )


def test_half_the_memory_takes_twice_the_time_and_costs_the_same_compute(make_scenario):
    full, half = make_scenario(api_memory_mb=1770), make_scenario(api_memory_mb=885)
    bills = [option("lambda-http-batch-x86").price(scenario) for scenario in (full, half)]
    assert bills[1].facts["billed ms per comment"] == pytest.approx(
        2 * bills[0].facts["billed ms per comment"], rel=0.01
    )
    assert bills[1].parts["compute"] == pytest.approx(bills[0].parts["compute"], rel=0.01)


def test_each_single_call_is_rounded_up_to_a_whole_millisecond(make_scenario):
    scenario = make_scenario()
    speed = scenario.speed
    exact = speed.http_ms.value + speed.single_ms(scenario.workload.lengths.mean)
    billed = option("lambda-url-single-x86").price(scenario).facts["billed ms per comment"]
    assert exact < billed < exact + 1


def test_avx2_hosts_and_graviton_take_their_factor(make_scenario):
    plain, old = make_scenario(), make_scenario(host="avx2")
    factor = plain.speed.host_factors["avx2"].value
    assert usd(old, "lambda-http-batch-x86", "compute") == pytest.approx(
        factor * usd(plain, "lambda-http-batch-x86", "compute"), rel=0.01
    )
    assert usd(old, "lambda-http-batch-arm64", "compute") == usd(plain, "lambda-http-batch-arm64", "compute")


def test_an_idle_queue_is_polled_by_five_pollers_every_twenty_seconds():
    month = 720 * 3600
    assert empty_receives_a_second(5, 0) * month == pytest.approx(648_000)
    assert empty_receives_a_second(5, 100) < 1e-6


def test_larger_messages_cut_puts_and_leave_the_queue_as_it_was(make_scenario):
    scenario = make_scenario(batching_window_s=20)  # so that polls bring full batches either way
    packed, large = (option(f"lambda-sqs-{size}-x86").price(scenario) for size in ("packed", "large"))
    assert large.parts["SQS"] == pytest.approx(packed.parts["SQS"], rel=0.15)
    puts = [sum(line.usd for line in bill.lines if line.key == "s3.put") for bill in (large, packed)]
    assert puts[0] < puts[1] / 5


def test_one_comment_a_message_is_what_kills_the_budget(make_scenario):
    bill = option("lambda-sqs-packed-x86").price(make_scenario(comments_per_message=1))
    assert bill.parts["S3"] > 1500
    assert bill.parts["SQS"] > 240


def test_a_thin_stream_fills_messages_only_as_far_as_the_producer_waits(make_scenario):
    packing = pack(make_scenario(comments_per_day=86_400, producer_wait_s=60), wanted=273)
    assert packing.comments_per_message == pytest.approx(60)


def test_the_batching_window_gathers_no_more_than_it_may(make_scenario):
    assert pack(make_scenario(comments_per_day=1e9), 273).messages_per_invocation == 10
    assert pack(make_scenario(comments_per_day=3e9, messages_per_invocation=100), 4369).messages_per_invocation == 5
    assert pack(make_scenario(batching_window_s=0), 273).messages_per_invocation == 1


def test_fargate_is_sized_by_queueing_for_the_peak(make_scenario):
    calm, wild = make_scenario(shape="flat", peak_factor=1), make_scenario(shape="flat", peak_factor=10)
    bills = [option("fargate-alb-x86").price(scenario) for scenario in (calm, wild)]
    assert bills[1].facts["tasks, most"] > bills[0].facts["tasks, most"] >= 2
    assert bills[1].facts["utilisation"] < 0.5


def test_a_fleet_that_cannot_meet_its_target_has_no_bill_and_says_why(make_scenario):
    bills = {bill.option: bill for bill in price_all(make_scenario(768, p99_target_ms=5))}
    assert not bills["fargate-alb-x86"].lines
    assert "even without waiting" in bills["fargate-alb-x86"].note
    assert bills["fargate-sqs-x86"].lines


def test_connections_without_keep_alive_cost_load_balancer_capacity(make_scenario):
    kept, single = make_scenario(), make_scenario(requests_per_connection=1)
    assert usd(single, "fargate-alb-x86", "load balancer") > usd(kept, "fargate-alb-x86", "load balancer") + 20


def test_spot_takes_its_share_off_the_tasks_only(make_scenario):
    scenario = make_scenario(spot_share=1.0)
    on_demand, spot = (option(f"fargate-alb-{kind}").price(scenario).parts for kind in ("x86", "spot"))
    discount = scenario.prices.rate("fargate.spot_discount")
    assert spot["compute"] == pytest.approx((1 - discount) * on_demand["compute"])
    assert spot["load balancer"] == on_demand["load balancer"]


def test_managed_instances_never_stand_below_three_and_cost_15_percent_more(make_scenario):
    bill = option("lambda-managed").price(make_scenario(comments_per_day=1000))
    assert bill.parts["compute"] == pytest.approx(3 * 720 * 0.0725 * 1.15)


def test_provisioned_concurrency_costs_more_while_little_used(make_scenario):
    scenario = make_scenario()
    provisioned = option("lambda-http-provisioned-x86").price(scenario)
    assert provisioned.facts["provisioned in use"] < 0.6
    assert provisioned.total > usd(scenario, "lambda-http-single-x86")


def test_known_scores_need_no_compute(make_scenario):
    plain, repeated = make_scenario(), make_scenario(duplicates=0.5)
    assert usd(repeated, "lambda-http-batch-x86", "compute") == pytest.approx(
        usd(plain, "lambda-http-batch-x86", "compute") / 2, rel=0.03
    )


def test_comprehend_bills_three_units_at_least(make_scenario):
    bill = option("comprehend").price(make_scenario(comments_per_day=1e5))
    assert 3 < bill.facts["units per comment"] < 4
    assert bill.total > 3 * 3e6 * 0.0001


def test_an_unknown_option_is_answered_with_the_known_ones():
    with pytest.raises(CostError, match=r"Known: lambda-rest-single-x86"):
        option("lambda-gpu")


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("lambda-sqs-packed-x86", {"bulk_memory_mb": 128}, "the process needs 256 MB"),
        ("lambda-http-single-x86", {"api_memory_mb": 128}, "the process needs 256 MB"),
        ("lambda-sqs-packed-x86", {"bulk_memory_mb": 256, "messages_per_invocation": 1000, "batching_window_s": 300,
                                   "comments_per_day": 1e9, "host": "avx2", "bulk_timeout_s": 60},
         "the function is stopped after 60 s"),
        ("lambda-http-batch-x86", {"api_memory_mb": 256, "comments_per_request": 512, "host": "avx2",
                                   "api_timeout_s": 5}, "gives up after 5 s"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused_with_its_reason_and_not_priced(make_scenario, name, changes, reason):
    scenario = make_scenario(**changes)
    with pytest.raises(Infeasible, match=reason):
        option(name).price(scenario)
    (bill,) = [bill for bill in price_all(scenario) if bill.option == name]
    assert not bill.lines
    assert reason in bill.note


def test_spot_takes_whole_tasks(make_scenario):
    """A fleet of one or two tasks cannot be three quarters on Spot: each task is either."""
    bill = option("fargate-sqs-spot").price(make_scenario(comments_per_day=1e5, spot_share=0.75))
    assert bill.facts["tasks, most"] == 1
    assert bill.facts["tasks on Spot"] == 1
    none = option("fargate-sqs-spot").price(make_scenario(comments_per_day=1e5, spot_share=0.4))
    assert none.facts["tasks on Spot"] == 0
    assert (
        none.parts["compute"] == option("fargate-sqs-x86").price(make_scenario(comments_per_day=1e5)).parts["compute"]
    )


def test_a_call_to_the_http_api_bills_the_gateways_log_and_a_function_url_none(make_scenario):
    scenario = make_scenario()
    calls, days = scenario.workload.comments, scenario.assumptions.log_days / scenario.workload.days
    gigabytes = calls * scenario.assumptions.access_log_bytes / 1e9
    assert usd(scenario, "lambda-http-single-x86", "logs") == pytest.approx(gigabytes * (0.5 + 0.03 * days))
    assert usd(scenario, "lambda-url-single-x86", "logs") == 0
