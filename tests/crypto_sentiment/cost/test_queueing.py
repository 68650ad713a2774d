import math

import pytest

from crypto_sentiment.cost import queueing
from crypto_sentiment.cost.errors import Infeasible

EXPONENTIAL = tuple((-math.log(1 - (i + 0.5) / 2000) * 0.01, 1 / 2000) for i in range(2000))  # mean 10 ms


@pytest.mark.parametrize(
    ("servers", "load", "probability"),
    [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (3, 2.0, 4 / 9), (10, 8.0, 0.40918), (5, 5.0, 1.0)],
)
def test_erlang_c_has_the_textbook_values(servers, load, probability):
    assert queueing.erlang_c(servers, load) == pytest.approx(probability, abs=1e-5)


def test_erlang_c_stays_finite_for_large_fleets():
    assert 0 < queueing.erlang_c(10_000, 9_900) < 1


def test_mm1_response_times_come_out_exactly():
    # P(response > t) of M/M/1 is exp(-(mu - lambda) t): mu = 100, lambda = 50
    assert queueing.late_share(1, 50, EXPONENTIAL, 0.05) == pytest.approx(math.exp(-50 * 0.05), rel=0.01)


def test_steadier_service_waits_less():
    constant = ((0.01, 1.0),)
    assert queueing.late_share(2, 150, constant, 0.03) < queueing.late_share(2, 150, EXPONENTIAL, 0.03)


def test_the_fewest_servers_that_keep_the_target_are_found():
    servers = queueing.servers_for(348, EXPONENTIAL, 0.1)
    assert queueing.late_share(servers, 348, EXPONENTIAL, 0.1) <= 0.01
    assert queueing.late_share(servers - 1, 348, EXPONENTIAL, 0.1) > 0.01
    assert servers > 348 * 0.01  # never from the mean alone


def test_a_target_below_the_service_time_is_refused_with_a_reason():
    with pytest.raises(Infeasible, match="even without waiting"):
        queueing.servers_for(10, ((0.5, 1.0),), 0.2)
