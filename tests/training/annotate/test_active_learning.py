import gzip
import json

import numpy as np
import pytest

from training.annotate import active_learning
from training.data.records import read_records

pytestmark = pytest.mark.training

SURE_POSITIVE, SURE_NEGATIVE = [0.01, 0.02, 0.97], [0.96, 0.03, 0.01]
TORN, LEANING, NEUTRAL, FLAT = [0.45, 0.10, 0.45], [0.30, 0.20, 0.50], [0.05, 0.90, 0.05], [0.34, 0.33, 0.33]


def test_who_is_torn_between_the_sides_comes_first_and_neutral_last():
    order = active_learning.unsure_of_side(np.array([SURE_POSITIVE, NEUTRAL, LEANING, TORN]))

    assert order.tolist() == [3, 2, 0, 1]


def test_the_flattest_comes_first_whatever_its_side():
    order = active_learning.unsure_of_class(np.array([SURE_NEGATIVE, NEUTRAL, TORN, FLAT]))

    assert order.tolist() == [3, 2, 1, 0]


def test_a_choice_has_its_shares_and_no_comment_twice():
    probabilities = np.array([SURE_POSITIVE] * 500 + [TORN] * 70 + [FLAT] * 30)

    chosen = active_learning.choose(probabilities, 100)

    whys = list(chosen.values())
    assert {why: whys.count(why) for why in set(whys)} == {"random": 25, "side": 60, "class": 15}
    assert all(i >= 500 for i, why in chosen.items() if why == "side"), "nobody who is sure"
    assert chosen == active_learning.choose(probabilities, 100), "seeded"


@pytest.mark.parametrize("count", [1, 2, 6, 9, 40])
def test_as_many_are_chosen_as_were_asked_for(count):
    assert len(active_learning.choose(np.array([TORN, FLAT] * 50), count)) == count


def test_more_than_there_are_is_all_there_are():
    assert len(active_learning.choose(np.array([TORN, FLAT]), 1000)) == 2


def test_the_repositorys_model_chooses_from_prepared_comments(data, tmp_path):
    active_learning.main(20, tmp_path / "next" / "to_label.jsonl.gz", data=data)

    with gzip.open(tmp_path / "next" / "to_label.jsonl.gz", "rt") as lines:
        chosen = [json.loads(line) for line in lines]
    unlabelled = {(r["source"], r["id"]): r["text"] for r in read_records(data / "unlabelled.jsonl.gz", ("id",))}
    assert len(chosen) == 20
    assert all(unlabelled[(r["source"], r["id"])] == r["text"] for r in chosen)
