"""Any text at all: normalising never raises, takes linear time, grows by a bound, and keeps what the model can hold."""

import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambda_fn.model.text import TextError, check_text, normalise, readable
from lambda_fn.model.window import UNITS, cut
from tests.comments import LONG, ODD

PROPERTY = settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))

# All of Unicode, lone surrogates included, and the pieces that mean something to some step, nested and repeated.
PIECES = st.sampled_from(
    [
        "&", "&#", "&#x", ";", "&amp;", "&amp;#x1f680;", "&#1f", "&#00000000000065;", "&#x0000000000041;", "&nGt;",
        "\ud83d", "\ude80", "\U0001f680", "\ufdfa", "\u0315", "\u0300", "\u200b", "\u2028", "\ufeff", "\x00", "\u3164",
        "[", "](", ")", "](/", "](http://", "http://", "www.", "/u/", "u/", ">", ">!", "\n>", "\n", "\r", " ", "\t",
        "a", "9", "#", "!", "*", "_", "`", "$", "\u20bf", "\u6bd4", "\u304b", "\u2192", "\u0627", "\u0130",
    ]
)  # fmt: skip
ANY_TEXT = st.text(st.characters(), max_size=80)
RUNS = st.builds(
    lambda piece, times: piece * times, PIECES | st.text(st.characters(), max_size=4), st.integers(1, 3000)
)
TEXTS = ANY_TEXT | st.lists(PIECES | ANY_TEXT, max_size=30).map("".join) | st.lists(RUNS, max_size=5).map("".join)


def bounded(text: str) -> None:
    read = normalise(text)
    read.encode("utf-8")
    assert len(read) <= 2 * len(text) + 100_000
    assert normalise(text) == read
    readable(text)


@given(TEXTS)
@example("&#" + "9" * 4301 + ";")
@example("&#" + "9" * 1_000_000)
@example("&#x" + "F" * 1_000_000 + ";")
@example("&#" + "0" * 100_000 + "65;")
@PROPERTY
def test_normalise_never_raises_and_grows_by_a_bound(text):
    bounded(text)


def test_normalise_takes_every_character_there_is():
    for start in range(0, 0x110000, 4096):
        characters = [chr(code) for code in range(start, start + 4096)]
        normalise("".join(characters))
        normalise(" ".join(f"a{character}&{character};[{character}](/{character})" for character in characters))


@given(st.text(st.characters(), max_size=30))
@settings(PROPERTY, max_examples=100)
def test_a_reference_means_the_same_with_any_number_of_noughts(text):
    plain = "".join(f"&#{ord(character)};" for character in text)
    padded = "".join(f"&#{'0' * 5000}{ord(character)};" for character in text)
    padded_hex = "".join(f"&#X{'0' * 50}{ord(character):X};" for character in text)
    assert normalise(padded) == normalise(padded_hex) == normalise(plain)


HOSTILE = {
    "symbols": "\u2623\U0001f468",
    "flags": "\U0001f1e9\U0001f1ea",
    "references": "&#x1f680;",
    "long references": "&#" + "9" * 999 + ";",
    "bare ampersands": "&",
    "half references": "&#",
    "names": "&CounterClockwiseContourIntegral;",
    "opening brackets": "[",
    "labels": "[a](",
    "empty links": "[](/",
    "links": "[a](/b)",
    "long labels": "[" + "a" * 499,
    "quotes": ">\n",
    "blank lines": " \n\t",
    "spaces": " ",
    "users": "/u/",
    "addresses": "http://",
    "punctuation": "!",
    "one word": "a",
    "accents": "\u0315\u0300",
    "accents after a letter": "a\u0315\u0300\u0323",
    "ligatures": "\ufdfa",
    "zero width": "\u200b",
    "half symbols": "\ud83d",
    "Chinese": "\u6bd4\u7279\u5e01",
    "kana": "\u304b",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_time_and_memory_are_at_most_linear(piece):
    """Eight times the text takes at most some 16 times as long; quadratic would be 64."""

    def seconds(text: str) -> float:
        best = float("inf")
        for _ in range(3):
            started = time.thread_time()
            normalise(text)
            readable("\u200b" + text)
            best = min(best, time.thread_time() - started)
        return best

    short = (piece * (50_000 // len(piece) + 1))[:50_000]
    assert seconds(short * 8) < 16 * seconds(short) + 0.05
    tracemalloc.start()
    normalise(short)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * len(short) + 2_000_000


@given(TEXTS)
@settings(PROPERTY, max_examples=200)
def test_a_cut_keeps_both_ends(text):
    kept = cut(text)
    if kept == text:
        return
    assert text.startswith(kept[:UNITS])
    assert text.endswith(kept[-UNITS:])


@pytest.mark.parametrize(
    "text",
    [LONG * 3, "\U0001f680" * 5_000, "!?" * 5_000, "\u6bd4\u7279\u5e01 " * 4_000, "hodl " * 9_000, *ODD.values()],
    ids=lambda text: text[:12],
)
def test_the_model_reads_the_same_tokens_of_a_comment_and_of_its_ends(classifier, monkeypatch, text):
    """Head and tail: whichever the classifier reads, the cut has left it all that it can hold."""
    tokenizer = type(classifier.tokenizer).from_str(classifier.tokenizer.to_str())
    tokenizer.no_truncation()
    read = tokenizer.encode(normalise(text), add_special_tokens=False).ids
    monkeypatch.setattr("lambda_fn.model.text.cut", lambda text: text)
    whole = tokenizer.encode(normalise(text), add_special_tokens=False).ids
    if len(whole) <= UNITS:
        assert read == whole
    else:
        assert read[:UNITS] == whole[:UNITS]
        assert read[-UNITS:] == whole[-UNITS:]


@given(st.lists(TEXTS, min_size=1, max_size=6))
@settings(PROPERTY, max_examples=40)
def test_any_comment_is_scored_alone_as_in_a_batch(classifier, texts):
    together = classifier.classify(texts)
    alone = [classifier.classify([text])[0] for text in texts]
    for one, other in zip(alone, together, strict=True):
        assert (one.label, one.tokens, one.truncated) == (other.label, other.tokens, other.truncated)
        assert one.score == pytest.approx(other.score, abs=2e-3)


@pytest.mark.parametrize(
    "text",
    [
        "\u200b", "&#x200B;", "&#8203;&#xFEFF;", "\u00ad", "\u2060\u2064", "[](https://a.b/c)",
        "\u3164", "&#x3164;", "\u2800\u2800", "\ud83d", "&nbsp;",
    ],
)  # fmt: skip
def test_a_comment_in_which_nothing_can_be_read_is_empty(text):
    with pytest.raises(TextError) as caught:
        check_text(text)
    assert caught.value.code == "text_empty"


@pytest.mark.parametrize(
    "text", ["\U0001f680", "> to the moon", "?", "&lt;", "\u6bd4", "[a](/b)", "\u200bgm", "https://a.b", "\u20bf"]
)
def test_a_comment_that_shows_something_is_not_empty(text):
    assert check_text(text) == text
