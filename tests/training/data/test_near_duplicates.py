import pytest

from training.data.near_duplicates import NearDuplicates, canonical, similarity

pytestmark = pytest.mark.training
LONG = "I sold everything last week because the exchange froze withdrawals and support never answered"


def test_canonical_forgets_case_punctuation_and_what_the_model_does_not_read():
    assert canonical("To the MOON!!! https://x.com/1") == canonical("to the moon - https://y.org/2?z")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (LONG.upper() + "!!!", True),
        (LONG.replace("last week", "last weekend"), True),
        ("Edit: " + LONG, True),
        (LONG[: len(LONG) // 2], False),
        ("I bought everything last week because the exchange listed it and support always answers", False),
    ],
)
def test_small_edits_are_found_and_other_comments_are_not(text, same):
    index = NearDuplicates()
    index.add(["first"], [LONG])

    assert index.find([text]) == (["first"] if same else [None])


def test_a_short_text_must_be_equal_because_one_letter_can_turn_it_round():
    index = NearDuplicates()
    index.add(["first"], ["Fortunately not"])

    assert index.find(["Unfortunately not!", "fortunately, NOT"]) == [None, "first"]


def test_the_first_of_several_is_kept_and_the_others_point_to_it():
    index = NearDuplicates()

    assert index.add_distinct(["a", "b", "c", "d"], [LONG, "HODL", LONG + " again", "hodl."]) == [None, None, "a", "b"]


def test_runs_are_equal():
    texts = [f"{LONG} number {n % 7} of the list, which is {n % 3}" for n in range(60)]
    names = [str(n) for n in range(60)]

    assert NearDuplicates().add_distinct(names, texts) == NearDuplicates().add_distinct(names, texts)


def test_similarity_is_jaccards():
    assert similarity({b"a", b"b", b"c"}, {b"b", b"c", b"d"}) == 0.5
