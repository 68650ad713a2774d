import pytest

from training.data.sources.errors import SourceError
from training.data.sources.evaluation_set import load_evaluation_set

pytestmark = pytest.mark.training


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_comments_and_labels_are_read_and_exact_duplicates_dropped(tmp_path):
    path = write(
        tmp_path / "sentiment.csv",
        'Comment Text,Sentiment\n"Up, up\nand away",Positive\nIt is over,Negative\n"Up, up\nand away",Positive\n',
    )

    assert load_evaluation_set(path) == [
        {"id": "0", "text": "Up, up\nand away", "label": "positive"},
        {"id": "1", "text": "It is over", "label": "negative"},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Comment,Sentiment\na,Positive\n", "no column"),
        ("Comment Text,Sentiment\na,Neutral\n", "row 1: Sentiment is 'Neutral'"),
    ],
)
def test_another_form_is_refused_in_plain_words(tmp_path, text, message):
    with pytest.raises(SourceError, match=message):
        load_evaluation_set(write(tmp_path / "x.csv", text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match="does not exist"):
        load_evaluation_set(tmp_path / "nothing.csv")
