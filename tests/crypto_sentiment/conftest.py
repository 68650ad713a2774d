"""The shipped inputs, and scenarios made from them."""

import pytest

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.inputs import PRICES, Inputs


@pytest.fixture(scope="session")
def inputs() -> Inputs:
    return Inputs.read(PRICES / "us-east-1.json")


@pytest.fixture(scope="session")
def make_scenario(inputs):
    """`make_scenario(width=768, comments_per_day=1e6, …)`: the shipped inputs with some assumptions changed."""

    def make(width: int = 384, **assumptions):
        return inputs.scenario(Assumptions(**assumptions), width)

    return make
