"""Every shape of file in docs/FILES.md, through the verb `score`."""

import pytest

from tests.crypto_sentiment.files.shapes import DOCUMENT, SHAPES, document


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.what)
def test_a_shape_is_read_as_the_table_says(tmp_path, verb, shape):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / shape.name).write_bytes(shape.bytes)
    arguments = (*shape.options, folder / shape.name)
    if shape.status == 1:
        verb(*arguments, tmp_path / "results.jsonl", status=1)
        assert shape.said in verb.said
        assert shape.name in verb.said
        assert not (tmp_path / "results.jsonl").exists()
        return
    rows = verb.rows(*arguments, status=shape.status)
    assert shape.said in verb.said
    scored = {str(row["id"]): row for row in rows if not row["error"]}
    assert set(shape.texts) <= set(scored)
    if len(scored) < 100:
        assert set(scored) <= set(shape.texts) or "c49" in shape.texts
    if shape.text_field:
        assert {i: scored[i][shape.text_field] for i in shape.texts} == shape.texts
    assert {row["mood"] for row in scored.values()} <= {"positive", "neutral", "negative"}
    failed = {str(row["id"] or "?"): row["error"] for row in rows if row["error"]}
    assert failed == (shape.errors or {})
    for name, value in (shape.own or {}).items():
        assert rows[0][name] == value
        assert type(rows[0][name]) is type(value)


def test_the_texts_of_all_shapes_get_the_moods_that_a_person_reads_in_them(tmp_path, verb):
    rows = {row["id"]: row for row in verb.rows(_written(tmp_path))}
    assert rows["1"]["mood"] == "positive"
    assert rows["2"]["mood"] == "negative"


def _written(folder):
    path = folder / "comments.jsonl"
    path.write_bytes(SHAPES[0].bytes)
    return path


def test_there_are_at_least_forty_shapes_and_the_document_lists_them():
    assert len(SHAPES) >= 40
    assert DOCUMENT.read_text() == document()
