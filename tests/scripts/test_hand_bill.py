"""The cost model against bills that were worked out by hand."""

import pytest

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.inputs import PRICES, Inputs
from crypto_sentiment.cost.options import option
from scripts.hand_bill import BILLS, DAYS


@pytest.mark.parametrize("millions", [1, 10, 100, 1000])
@pytest.mark.parametrize("name", BILLS)
def test_the_model_is_within_one_per_cent_of_the_hand(name, millions):
    inputs = Inputs.read(PRICES / "us-east-1.json")
    bill = option(name).price(inputs.scenario(Assumptions(comments_per_day=millions * 1e6)))
    assert bill.total == pytest.approx(BILLS[name](millions * 1e6 * DAYS), rel=0.01)
