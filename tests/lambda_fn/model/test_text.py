import pytest

from lambda_fn.model.text import TextError, check_text, normalise
from tests.comments import ODD


@pytest.mark.parametrize(
    ("comment", "read"),
    [
        ("  to the\n\n moon\t", "to the moon"),
        ("to the moon 🚀", "to the moon rocket"),
        ("see [this thread](https://example.com/x) now", "see this thread now"),
        ("see https://example.com/x?y=1 now", "see [link] now"),
        ("thanks /u/some_one-1 and u/other", "thanks u/user and u/user"),
        ("r/bitcoin is back", "r/bitcoin is back"),
        ("you &amp; me &gt; them", "you & me > them"),
        ("> you will lose it all\n\nno I won't", "no I won't"),
        ("&gt; you will lose it all\n\nno I won't", "no I won't"),
        ("> to the moon", "> to the moon"),
        (">!to the moon!<", ">!to the moon!<"),
        ("to\x00 the \u200bmoon\ufeff", "to the moon"),
        ("moon \ud83d now", "moon \ufffd now"),
    ],
)
def test_normalise(comment, read):
    assert normalise(comment) == read


@pytest.mark.parametrize("comment", ODD.values(), ids=ODD)
def test_normalise_gives_text_that_can_be_encoded(comment):
    assert normalise(comment).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "text_not_string"),
        (7, "text_not_string"),
        ("", "text_empty"),
        (" \n\t\u3000", "text_empty"),
        ("x" * 11, "text_too_long"),
    ],
)
def test_what_cannot_be_scored_is_named(text, code):
    with pytest.raises(TextError) as caught:
        check_text(text, max_chars=10)
    assert caught.value.code == code
