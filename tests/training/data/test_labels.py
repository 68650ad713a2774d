import pytest
import typer
from typer.testing import CliRunner

from training.data import labels
from training.data.labels import Label, checks_path, read_checks, read_labels, write_labels
from training.data.records import DataError, write_records

pytestmark = pytest.mark.training


def run(*arguments):
    app = typer.Typer()
    app.command()(labels.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_labels_come_back_sorted_whatever_their_order_and_always_in_the_same_bytes(tmp_path):
    rows = [Label("a/b:c", f"c-{n}", n % 5 - 2, "train") for n in (10, 9, 2)] + [Label("a/a:x", "i1", 2, "dev")]

    write_labels(tmp_path / "one.csv.gz", rows)
    write_labels(tmp_path / "two.csv.gz", rows[::-1])

    assert [label.id for label in read_labels(tmp_path / "one.csv.gz")] == ["i1", "c-2", "c-9", "c-10"]
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()


@pytest.mark.parametrize(
    "rows",
    [
        [Label("a/b:c", "1", 3, "train")],
        [Label("a/b:c", "1", 0, "test")],
        [Label("a/b:c", "1", 0, "train"), Label("a/b:c", "1", 1, "dev")],
    ],
)
def test_scores_splits_and_comments_are_checked(tmp_path, rows):
    with pytest.raises(DataError):
        write_labels(tmp_path / "x.csv.gz", rows)


def test_the_command_takes_everything_but_the_text(tmp_path):
    record = {"id": "i1", "text": "nobody's business", "score": 1, "source": "a/b:c", "selected": "random"}
    write_records(tmp_path / "labelled.jsonl", [record])
    write_records(tmp_path / "dev.jsonl", [{**record, "id": "i2", "score": -2}])

    out = tmp_path / "labels.csv.gz"
    result = run(tmp_path / "labelled.jsonl", tmp_path / "dev.jsonl", "--out", out)

    assert result.exit_code == 0, result.output
    assert read_labels(out) == [Label("a/b:c", "i1", 1, "train"), Label("a/b:c", "i2", -2, "dev")]


def test_further_files_need_no_text_and_are_to_train_on(tmp_path):
    for name, id in (("labelled", "1"), ("dev", "2")):
        write_records(tmp_path / f"{name}.jsonl", [{"id": id, "text": "to the moon", "score": 2, "source": "a/b:c"}])
    for name, id in (("more", "3"), ("again", "4")):
        write_records(tmp_path / f"{name}.jsonl", [{"id": id, "score": -1, "source": "a/b:c"}])

    out = tmp_path / "labels.csv.gz"
    result = run(*(tmp_path / f"{name}.jsonl" for name in ("labelled", "dev", "more", "again")), "--out", out)

    assert result.exit_code == 0, result.output
    assert {label.id: label.split for label in read_labels(out)} == {
        "1": "train",
        "2": "dev",
        "3": "train",
        "4": "train",
    }
    assert set(read_checks(checks_path(out))) == {("a/b:c", "1"), ("a/b:c", "2")}

    write_records(tmp_path / "more.jsonl", [{"id": "3", "source": "a/b:c"}])
    result = run(*(tmp_path / f"{name}.jsonl" for name in ("labelled", "dev", "more")), "--out", out)
    assert result.exit_code == 1
    assert "line 1: no score" in result.output


def test_a_file_of_another_form_is_refused(tmp_path):
    (tmp_path / "x.csv.gz").write_bytes(b"source,id,score,split\n")

    with pytest.raises(DataError, match="cannot be read as labels"):
        read_labels(tmp_path / "x.csv.gz")
