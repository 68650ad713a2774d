"""The formulas and the played day are two answers to one question: they agree, and a wrong one is noticed."""

import pytest

from crypto_sentiment.cost import fargate, lambda_api, lambda_sqs
from crypto_sentiment.cost.assumptions import FARGATE_SIZES, Assumptions
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.simulation import environments, fargate_day, sqs_day
from crypto_sentiment.simulation.agreement import PLAYS, agree
from crypto_sentiment.simulation.stream import Stream

EVENTS = 12_000


@pytest.mark.parametrize("name", PLAYS)
def test_estimate_and_simulation_agree_within_five_percent(make_scenario, name):
    result = agree(make_scenario(), name, EVENTS)
    assert result.disagreements() == {}
    assert abs(result.difference) < 0.05


@pytest.mark.parametrize(
    ("volume", "name"),
    [(1e5, "lambda-sqs-packed-x86"), (1e8, "lambda-sqs-packed-x86"), (3e7, "lambda-url-single-arm64")],
)
def test_they_agree_at_other_volumes(make_scenario, volume, name):
    assert agree(make_scenario(comments_per_day=volume), name, EVENTS).disagreements() == {}


def test_they_agree_on_other_hosts_memory_and_duplicates(make_scenario):
    scenario = make_scenario(host="avx2", api_memory_mb=1024, duplicates=0.2, shape="bursts")
    assert agree(scenario, "lambda-http-batch-x86", EVENTS).disagreements() == {}


def wrong_rounding(scenario, architecture):
    """Forgets that each call is rounded up to a whole millisecond."""
    slow = scenario.lambda_slowdown(architecture, scenario.assumptions.api_memory_mb)
    return (scenario.speed.http_ms.value + scenario.speed.single_ms(scenario.workload.lengths.mean)) * slow


def wrong_message_count(scenario, architecture, packing):
    """Forgets that an invocation carries several messages."""
    return right_invocation_ms(scenario, architecture, packing) / packing.messages_per_invocation


def wrong_requests(scenario, packing, pollers):
    """Forgets that a message is received as well as sent."""
    return right_sqs_requests(scenario, packing, pollers) - packing.messages


def tasks_from_the_mean(scenario, architecture):
    """Sizes the fleet for the mean rate, without a peak or a latency target."""
    return [2] * 24


right_invocation_ms = lambda_sqs.invocation_ms
right_sqs_requests = lambda_sqs.sqs_requests


@pytest.mark.parametrize(
    ("option", "module", "formula", "mutant", "part"),
    [
        ("lambda-http-single-x86", lambda_api, "single_duration_ms", wrong_rounding, "compute"),
        ("lambda-sqs-packed-x86", lambda_sqs, "invocation_ms", wrong_message_count, "compute"),
        ("lambda-sqs-packed-x86", lambda_sqs, "sqs_requests", wrong_requests, "SQS"),
        ("fargate-alb-x86", fargate, "api_tasks", tasks_from_the_mean, "compute"),
    ],
)
def test_a_wrong_formula_in_the_estimate_breaks_the_agreement(
    make_scenario, monkeypatch, option, module, formula, mutant, part
):
    monkeypatch.setattr(module, formula, mutant)
    scenario = make_scenario(comments_per_day=2e7)
    assert part in agree(scenario, option, EVENTS).disagreements()


@pytest.mark.parametrize(
    ("option", "module", "constant", "wrong", "part"),
    [
        ("lambda-sqs-packed-x86", sqs_day, "CHUNK", 32_768, "SQS"),
        ("fargate-sqs-x86", fargate_day, "MEMORY_GB", dict.fromkeys(FARGATE_SIZES, 8.0), "compute"),
    ],
)
def test_a_wrong_count_in_the_simulator_breaks_the_agreement(
    make_scenario, monkeypatch, option, module, constant, wrong, part
):
    monkeypatch.setattr(module, constant, wrong)
    assert part in agree(make_scenario(), option, EVENTS).disagreements()


def test_the_played_day_shows_latency_concurrency_and_cold_starts(make_scenario):
    played = agree(make_scenario(comments_per_day=1e6), "lambda-sqs-packed-x86", EVENTS).played
    window = make_scenario().assumptions.batching_window_s
    assert window / 2 < played.percentile(50) < played.percentile(99) < 2 * window + 30
    assert played.cold_starts > 0
    assert played.most_concurrent >= 1


def test_cold_starts_are_slower_and_billed(make_scenario, monkeypatch):
    monkeypatch.setattr(environments, "IDLE_S", 0.0)  # nothing stays warm
    scenario = make_scenario(comments_per_day=1e5)
    result = agree(scenario, "lambda-sqs-packed-x86", EVENTS)
    assert result.played.cold_starts == pytest.approx(result.played.events, rel=0.2)
    assert result.parts["compute"] > result.estimated["compute"]


def test_a_second_play_of_the_same_day_is_the_same(make_scenario):
    first, second = (agree(make_scenario(comments_per_day=1e5), "lambda-sqs-packed-x86") for _ in range(2))
    assert first.parts == second.parts


def test_an_option_that_is_not_played_is_refused(make_scenario):
    with pytest.raises(CostError, match="not played"):
        agree(make_scenario(), "comprehend")


@pytest.mark.parametrize("window_s", [0, 1, 20])
def test_they_agree_at_other_batching_windows(make_scenario, window_s):
    assert agree(make_scenario(batching_window_s=window_s), "lambda-sqs-packed-x86", EVENTS).disagreements() == {}


def test_they_agree_with_fewer_comments_a_message(make_scenario):
    scenario = make_scenario(comments_per_message=50)
    assert agree(scenario, "lambda-sqs-packed-x86", EVENTS).disagreements() == {}


@pytest.mark.parametrize(
    ("name", "size", "wrong", "part"),
    [
        ("lambda-sqs-packed-x86", "message_comments", 150, "S3"),
        ("lambda-sqs-large-x86", "largest_message_comments", 1000, "S3"),
        ("fargate-sqs-x86", "message_comments", 150, "S3"),
    ],
)
def test_a_wrong_size_of_messages_in_the_estimate_is_noticed(make_scenario, monkeypatch, name, size, wrong, part):
    """How many comments fill a message is drawn and packed here: it is not the estimate's figure."""
    monkeypatch.setattr(Assumptions, size, property(lambda assumptions: wrong))
    assert part in agree(make_scenario(), name, EVENTS).disagreements()


def test_a_wrong_task_size_in_the_estimate_is_noticed(make_scenario, monkeypatch):
    """The simulation finds the cheapest size of task itself."""
    monkeypatch.setattr(fargate, "FARGATE_SIZES", {4.0: 8.0})
    assert "compute" in agree(make_scenario(), "fargate-sqs-x86", EVENTS).disagreements()


def test_they_agree_on_a_mix_of_hosts(make_scenario):
    scenario = make_scenario(vnni_share=0.5)
    assert agree(scenario, "lambda-http-batch-x86", EVENTS).disagreements() == {}


def test_what_fails_comes_back_and_is_billed_again(make_scenario):
    scenario = make_scenario(comments_per_day=2e7)
    calm, stormy = (agree(scenario, "lambda-sqs-packed-x86", EVENTS, failures) for failures in (0.0, 0.2))
    assert calm.played.retries == 0
    assert stormy.played.retries > 100
    assert stormy.parts["compute"] == pytest.approx(1.25 * calm.parts["compute"], rel=0.05)
    assert stormy.played.percentile(99) > 60 > calm.played.percentile(99)
    assert "compute" in stormy.disagreements()  # of failures the estimate knows nothing


@pytest.mark.parametrize("limit", [64 * 1024, 1024 * 1024])
def test_messages_are_filled_to_their_limit_and_not_beyond(make_scenario, limit):
    messages = [Stream(make_scenario(), seed).message(limit) for seed in range(20)]
    assert all(0.9 * limit < message.bytes <= limit for message in messages)
    assert len({message.comments for message in messages}) > 1


def test_a_comment_larger_than_a_message_s_request_travels_alone(make_scenario):
    message = Stream(make_scenario(bytes_per_comment=40_000, comments_per_message=1)).message(1)
    assert message.comments == 1
