import json

import pytest

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.command import read_assumptions
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.inputs import BENCHMARK, PRICES, Inputs, read_json, shipped_revision
from crypto_sentiment.cost.speed import Speed
from crypto_sentiment.cost.workload import Lengths, hourly_factors


def test_the_mean_comment_is_that_of_the_histogram_cut_at_the_models_window(inputs):
    assert 30 < inputs.lengths.mean < 37
    assert max(tokens for tokens, _ in inputs.lengths.points) == inputs.benchmark["max_tokens"]
    assert sum(share for _, share in inputs.lengths.points) == pytest.approx(1)


@pytest.mark.parametrize(
    "document", [{}, {"bins": []}, {"bins": [{"comments": 1, "tokens": 0}]}, {"bins": [{"from": 1}]}]
)
def test_a_histogram_without_comments_is_refused(document):
    with pytest.raises(CostError, match="histogram"):
        Lengths.from_histogram(document, 256)


@pytest.mark.parametrize("shape", ["flat", "measured", "bursts"])
def test_every_shape_has_the_same_comments_a_day(inputs, shape):
    factors = hourly_factors(shape, 3, inputs.hourly_shares)
    assert sum(factors) == pytest.approx(24)
    assert min(factors) > 0


def test_bursts_reach_the_peak_and_refuse_one_that_leaves_nothing_for_the_rest():
    assert max(hourly_factors("bursts", 3, [])) == 3
    with pytest.raises(CostError, match="at most 8"):
        hourly_factors("bursts", 9, [])


def test_the_burst_factor_lifts_the_busiest_hour_to_the_peak(make_scenario):
    workload = make_scenario(peak_factor=3).workload
    assert max(workload.hourly) * workload.burst_factor == pytest.approx(3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"comments_per_day": 0}, "--comments-per-day"),
        ({"comments_per_day": -5}, "--comments-per-day"),
        ({"comments_per_day": 1e15}, "--comments-per-day"),
        ({"comments_per_day": float("nan")}, "--comments-per-day"),
        ({"peak_factor": 0.5}, "--peak-factor"),
        ({"memory_mb": 64}, "--memory-mb"),
        ({"hours_in_month": 700}, "720 .* or 730"),
        ({"shape": "square"}, "--shape"),
        ({"fargate_vcpu": 3}, "fargate_vcpu must be one of"),
        ({"comments_per_message": 5000, "bytes_per_comment": 1000}, "1 MiB"),
        ({"duplicates": 1}, "--duplicates"),
        ({"moon": 1}, "--moon"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(values, message):
    with pytest.raises(CostError, match=message):
        read_assumptions(values)


def test_a_message_holds_what_one_billed_chunk_holds():
    assert Assumptions(bytes_per_comment=240).message_comments == 273
    assert Assumptions(comments_per_message=50).message_comments == 50


def test_a_benchmark_figure_without_a_basis_is_refused():
    benchmark = read_json(BENCHMARK)
    del benchmark["models"]["384"]["call_ms"]["basis"]
    with pytest.raises(CostError, match="call_ms"):
        Speed.from_benchmark(benchmark, 384)
    with pytest.raises(CostError, match="width 512"):
        Speed.from_benchmark(read_json(BENCHMARK), 512)


def test_every_shipped_figure_says_where_it_comes_from():
    benchmark = read_json(BENCHMARK)
    figures = [*benchmark["invocation"].values(), *benchmark["host_factors"].values()]
    figures += [
        figure for model in benchmark["models"].values() for name, figure in model.items() if name != "revision"
    ]
    for figure in figures:
        assert figure["basis"] in ("measured", "assumed", "derived")
        assert len(figure["source"]) > 20


def test_files_that_are_missing_or_broken_are_named(tmp_path):
    with pytest.raises(CostError, match=r"nothing\.json"):
        Inputs.read(tmp_path / "nothing.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(CostError, match=r"broken\.json is not JSON"):
        Inputs.read(broken)
    empty = tmp_path / "empty.json"
    empty.write_text(json.dumps({}))
    with pytest.raises(CostError, match="lacks a field"):
        Inputs.read(PRICES / "us-east-1.json", benchmark=empty)


def test_the_speed_is_that_of_the_shipped_model():
    assert read_json(BENCHMARK)["models"]["384"]["revision"] == shipped_revision()


def test_the_speed_of_another_model_is_refused_with_what_to_do():
    with pytest.raises(CostError, match=r"the model here is 0123abcd: measure it with `make measure`"):
        Inputs.read(PRICES / "us-east-1.json", revision="0123abcd")
