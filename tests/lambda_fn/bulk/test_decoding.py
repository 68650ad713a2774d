"""JSON of any numbers, any depth: decoded, or refused with ValueError, in linear time."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_fn.bulk.decoding import MAX_DEPTH, decode

FINITE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(FINITE)
def test_what_any_json_decoder_takes_comes_out_the_same(value):
    assert decode(json.dumps(value)) == value


@given(st.text(alphabet='[]{}",:\\ 1eE+-.naNIinfty\ufeff\ud800', max_size=400))
def test_any_text_is_decoded_or_refused_and_what_is_decoded_can_be_written(text):
    try:
        value = decode(text)
    except ValueError:
        return
    json.dumps(value, allow_nan=False)


@settings(deadline=None)
@given(st.integers(min_value=MAX_DEPTH + 1, max_value=20_000), st.sampled_from(["[]", "{}"]))
def test_what_is_nested_too_deep_stays_as_the_text_that_it_is(depth, brackets):
    left = brackets[0] if brackets == "[]" else '{"a":'
    deep = left * depth + "1" + brackets[1] * depth
    value = decode(f'{{"text": "gm ]", "deep": {deep}}}')
    assert value["text"] == "gm ]"
    found = value["deep"]
    for _ in range(MAX_DEPTH - 1):
        found = found[0] if brackets == "[]" else found["a"]
    assert found == left * (depth - MAX_DEPTH + 1) + "1" + brackets[1] * (depth - MAX_DEPTH + 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[NaN, Infinity, -Infinity, 1e400, -1e400]", [None] * 5),
        ("9" * 5000, "9" * 5000),
        ("-" + "9" * 4299, -int("9" * 4299)),
        ("\ufeff[1]", [1]),
    ],
)
def test_numbers_that_are_none_and_marks_that_say_nothing(text, value):
    assert decode(text) == value


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '["]' * 100_000, "]" * 100_000, ""])
def test_brackets_that_do_not_pair_are_no_json(text):
    started = time.process_time()
    with pytest.raises(ValueError, match=r"."):
        decode(text)
    assert time.process_time() - started < 5
