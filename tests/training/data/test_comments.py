"""What every training step reads first."""

import pytest

from training.data import comments
from training.data.records import DataError, write_records

pytestmark = pytest.mark.training
ROW = {"id": "1", "text": "to the moon", "source": "a/b:c"}


def test_a_folder_that_is_not_prepared_says_how_to_get_one(tmp_path):
    with pytest.raises(DataError, match=r"dev\.jsonl\.gz: run `make data`"):
        comments.scored(tmp_path, "dev")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "1", "text": "to the moon"}, r"labelled\.jsonl\.gz, line 2: no source"),
        (ROW, r"labelled\.jsonl\.gz: row 1 has score None"),
        ({**ROW, "score": 3}, r"row 1 has score 3, expected -2 to 2"),
    ],
)
def test_a_row_that_cannot_be_learned_from_is_named(tmp_path, row, message):
    write_records(tmp_path / "labelled.jsonl.gz", [{**ROW, "score": 2}, row])

    with pytest.raises(DataError, match=message):
        comments.scored(tmp_path, "labelled")


def test_general_texts_of_no_one_sentiment_are_left_out(data):
    assert {row["label"] for row in comments.general(data)} == {"positive", "neutral", "negative"}


def test_a_comment_of_another_source_is_another_though_its_number_is_the_same():
    assert comments.key(ROW) != comments.key({**ROW, "source": "d/e:f"})
