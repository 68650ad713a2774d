import gzip
import os

import pytest

from training.data.records import DataError, calendar_year, read_records, unix_seconds, write_records

pytestmark = pytest.mark.training


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_records_come_back_as_they_were_written(tmp_path, name):
    records = [{"id": "1", "text": "Ünïcode 🚀\nand lines"}, {"id": "2", "text": ""}]

    assert write_records(tmp_path / name, records) == 2
    assert list(read_records(tmp_path / name)) == records


def test_equal_records_give_equal_bytes(tmp_path):
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_records(tmp_path / name, [{"text": "same"}])

    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_a_writer_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.jsonl.gz"
    write_records(path, [{"text": "old"}])

    def failing():
        yield {"text": "new"}
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_records(path, failing())
    assert list(read_records(path)) == [{"text": "old"}]


def test_a_file_that_would_not_change_keeps_its_time(tmp_path):
    path = tmp_path / "x.jsonl.gz"
    write_records(path, [{"id": "1"}])
    os.utime(path, (0, 0))

    assert write_records(path, [{"id": "1"}]) == 1
    assert path.stat().st_mtime == 0
    write_records(path, [{"id": "2"}])
    assert path.stat().st_mtime > 0
    assert list(tmp_path.iterdir()) == [path]


def test_a_record_that_lacks_a_field_is_named_with_its_line(tmp_path):
    write_records(tmp_path / "x.jsonl", [{"id": "1", "text": "to the moon"}, {"id": "2"}])

    with pytest.raises(DataError, match=r"x\.jsonl, line 2: no text"):
        list(read_records(tmp_path / "x.jsonl", ("id", "text")))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", b'{"a": 1}\n{broken\n', r"x.jsonl, line 2: not JSON"),
        ("x.jsonl", b'{"a": "\xff"}\n', r"not JSON in UTF-8"),
        ("x.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 9999)[:-20], r"cut short or damaged"),
        ("x.jsonl.gz", b'{"a": 1}\n', r"cut short or damaged"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=message):
        list(read_records(tmp_path / name))


@pytest.mark.parametrize(
    ("created", "seconds", "year"),
    [
        (1651575038.0, 1651575038.0, 2022),
        ("1459443484.0", 1459443484.0, 2016),
        ("2020-08-03 00:25:22+00:00", 1596414322.0, 2020),
        ("2025-10-11 13:16:58", None, 2025),  # whose clock? its year is known, its hour is not
        (None, None, None),
        ("yesterday", None, None),
        (True, None, None),
    ],
)
def test_times_of_all_sources(created, seconds, year):
    assert unix_seconds(created) == seconds
    assert calendar_year(created) == year
