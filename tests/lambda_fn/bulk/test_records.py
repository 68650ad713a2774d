"""Records out of streams: positions, borders, broken input, bounded memory."""

import gzip
import io
import itertools
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_fn.bulk.formats import Wanted, find_format, records
from lambda_fn.bulk.records import (
    CHUNK_BYTES,
    CHUNK_RECORDS,
    MAX_RECORD_BYTES,
    byte_chunks,
    counted_chunks,
    jsonl_records,
    numbered_records,
    parse_record,
)
from lambda_fn.model.text import TextError


def in_range(content: bytes, start: int, end: int | None) -> list:
    stream = io.BytesIO(content)
    stream.seek(max(0, start - 1))
    return list(jsonl_records(stream, start, end))


def test_lines_have_byte_offsets_and_blank_ones_are_not_records():
    content = '\ufeff{"text":"é"}\r\n\n  \n{"text":"b"}'.encode()
    assert list(jsonl_records(io.BytesIO(content))) == [(0, '{"text":"é"}'.encode()), (22, b'{"text":"b"}')]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("ab\r é", max_size=12), max_size=20), st.lists(st.integers(0, 200), max_size=6), st.booleans())
def test_ranges_cut_anywhere_give_every_record_once(lines, cuts, newline_at_end):
    content = "\n".join(lines).encode() + (b"\n" if newline_at_end else b"")
    borders = sorted({0, *(c for c in cuts if c < len(content)), len(content)})
    pieces = [in_range(content, a, b) for a, b in itertools.pairwise(borders)]
    assert list(itertools.chain.from_iterable(pieces)) == in_range(content, 0, None)


def test_csv_rows_are_json_lines_with_their_newlines_and_quotes():
    content = b'id,text,subreddit\r\n1,"to the\nmoon, ""now""",Bitcoin\n\n2,rekt\n'
    rows = [(n, json.loads(line)) for n, line in numbered_records(rows_of(content))]
    assert rows == [
        (0, {"id": "1", "text": 'to the\nmoon, "now"', "subreddit": "Bitcoin"}),
        (1, {"id": "2", "text": "rekt"}),
    ]


def test_csv_with_a_byte_order_mark_and_a_row_too_wide():
    rows = [line for _, line in numbered_records(rows_of(b"\xef\xbb\xbfid,text\n1,moon\n1,moon,x\n"))]
    assert parse_record(rows[0]) == {"id": "1", "text": "moon"}
    with pytest.raises(TextError, match="3 fields, its header 2"):
        parse_record(rows[1])


def test_a_csv_quote_that_never_closes_spoils_one_record_and_not_the_memory():
    content = b'id,text\n1,moon\n2,"never closed ' + b"x" * (MAX_RECORD_BYTES + 10) + b"\n3,rekt\n"
    rows = [line for _, line in numbered_records(rows_of(content))]
    assert parse_record(rows[0]) == {"id": "1", "text": "moon"}
    assert parse_record(rows[-1]) == {"id": "3", "text": "rekt"}
    with pytest.raises(TextError, match="CSV row at line 3 cannot be read"):
        parse_record(rows[1])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{'text': 1}", "record_not_json"),
        (b"[" * 100_000, "record_not_json"),
        (b'{"text": "\xf0\x9f\x9a"}', "record_not_utf8"),
        (b'["to the moon"]', "record_not_object"),
        (b"x" * (MAX_RECORD_BYTES + 1), "record_too_long"),
    ],
)
def test_a_broken_record_says_why(line, code):
    with pytest.raises(TextError) as error:
        parse_record(line)
    assert error.value.code == code


def test_truncated_utf8_in_a_csv_reaches_the_record_check():
    [(_, line)] = numbered_records(rows_of(b"id,text\n1,moon \xf0\x9f\x9a\n"))
    with pytest.raises(TextError) as error:
        parse_record(line)
    assert error.value.code == "record_not_utf8"


def test_an_endless_line_is_one_record_in_bounded_memory():
    class Endless(io.RawIOBase):
        left = 200_000_000

        def readable(self):
            return True

        def readinto(self, target):
            count = min(len(target), self.left)
            self.left -= count
            target[:count] = b"x" * count
            return count

    tracemalloc.start()
    [(position, line)] = jsonl_records(io.BufferedReader(Endless()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert position == 0
    assert len(line) == MAX_RECORD_BYTES + 1
    assert peak < 40_000_000


def rows_of(content: bytes) -> Iterator[bytes]:
    return records(io.BufferedReader(io.BytesIO(content)), find_format(content, True, Wanted(format="csv")))


def lines(count: int, width: int = 200) -> bytes:
    return b"".join(json.dumps({"id": n, "text": "x" * (n * 7 % width)}).encode() + b"\n" for n in range(count))


def test_chunks_of_plain_jsonl_are_the_same_whole_and_by_ranges():
    content = lines(12_000)
    whole = list(byte_chunks(in_range(content, 0, None)))
    ranges = range(0, len(content), CHUNK_BYTES)
    split = [chunk for start in ranges for chunk in byte_chunks(in_range(content, start, start + CHUNK_BYTES))]
    assert len(whole) == 3
    assert split == whole


def test_chunks_of_gzip_are_the_same_from_any_border_on():
    packed = gzip.compress(lines(12_000))

    def chunks(start):
        return list(counted_chunks(numbered_records(gzip.GzipFile(fileobj=io.BytesIO(packed)), start)))

    whole = chunks(0)
    assert [chunk.start for chunk in whole] == [0, CHUNK_RECORDS, 2 * CHUNK_RECORDS]
    assert chunks(whole[1].start) == whole[1:]
