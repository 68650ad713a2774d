import json

import pytest
import typer
from openpyxl import Workbook
from typer.testing import CliRunner

from training.data import prepare
from training.data.labels import Label, checks_path, write_labels
from training.data.records import read_records, write_records

pytestmark = pytest.mark.training
DEV = "The merge went through without a hitch and I have never been prouder to hold ether"


def comment(id, text, **more):
    return {
        "id": id,
        "text": text,
        "subreddit": "ethereum",
        "created_utc": 1651575038.0,
        "source": "a/b:c.json",
        **more,
    }


@pytest.fixture
def folder(tmp_path):
    """A folder in the form of our own data, with one of everything that has to go."""
    root = tmp_path / "ours"
    write_records(
        root / "labelled.jsonl",
        [
            comment("l1", "Gas fees eat every profit I make on this chain, I am done", score=-2, selected="random"),
            comment("l2", DEV.upper() + "!", score=2, selected="random"),
            comment("l3", "Gas fees eat every profit I make on this chain. I am done!!", score=-1, selected="random"),
        ],
    )
    write_records(root / "dev.jsonl", [comment("d1", DEV, score=2), comment("d2", "[deleted]", score=0)])
    write_records(
        root / "comments.jsonl.gz",
        [
            comment("l1", "Gas fees eat every profit I make on this chain, I am done"),
            comment("u1", "Staking rewards arrived this morning"),
            comment("u2", "staking rewards arrived this morning!"),
            comment("u3", "I am a bot, and this action was performed automatically."),
            comment(
                "u4",
                "Somebody wrote: without a hitch and I have never been prouder. The price says otherwise and so do I",
            ),
            comment("u5", "Where do I see my validator's balance?"),
        ],
    )
    write_records(
        root / "general" / "x.jsonl.gz",
        [{"id": "g1", "text": "What a lovely day", "label": "positive", "source": "g/h:i"}],
    )
    return root


def run(*arguments, **environment):
    app = typer.Typer()
    app.command()(prepare.main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)


def ids(out, name):
    return [record["id"] for record in read_records(out / f"{name}.jsonl.gz")]


def test_duplicates_bots_and_what_is_near_the_development_set_are_dropped(folder, tmp_path):
    out = tmp_path / "out"

    result = run("--data-dir", folder, "--out", out)

    assert result.exit_code == 0, result.output
    assert ids(out, "labelled") == ["l1"]
    assert ids(out, "dev") == ["d1", "d2"], "the development set stays as it is"
    assert ids(out, "unlabelled") == ["u1", "u5"]
    assert ids(out, "general") == ["g1"]
    report = json.loads((out / "prepare.json").read_text())["files"]
    assert report["labelled"]["dropped"] == {"development set, equal": 1, "duplicate": 1}
    assert report["unlabelled"]["dropped"] == {
        "bot": 1,
        "development set, shared words": 1,
        "duplicate": 1,
        "in another file": 1,
    }
    assert set(next(read_records(out / "labelled.jsonl.gz"))) == {
        "id",
        "text",
        "score",
        "subreddit",
        "created_utc",
        "source",
    }


def test_further_labels_join_the_folders_comments_and_its_own_stand(folder, tmp_path):
    labels, out = tmp_path / "labels.csv.gz", tmp_path / "out"
    rows = [("l1", 2, "train"), ("u1", 1, "train"), ("u4", -1, "train"), ("u5", 0, "dev"), ("d1", -2, "train")]
    write_labels(labels, [Label("a/b:c.json", *row) for row in rows])

    result = run("--data-dir", folder, "--out", out, "--labels", labels)

    assert result.exit_code == 0, result.output
    assert {record["id"]: record["score"] for record in read_records(out / "labelled.jsonl.gz")} == {"l1": -2, "u1": 1}
    assert ids(out, "unlabelled") == ["u5"], "a label of the development set gives no training comment"
    assert ids(out, "dev") == ["d1", "d2"]

    write_labels(labels, [])
    run("--data-dir", folder, "--out", out, "--labels", labels)
    assert ids(out, "labelled") == ["l1"], "made again, because the labels have changed"


def test_labels_of_rows_that_have_another_text_by_now_are_left_out(folder, tmp_path):
    labels, out = tmp_path / "labels.csv.gz", tmp_path / "out"
    write_labels(labels, [Label("a/b:c.json", "u1", 1, "train")])
    checks_path(labels).write_text("source,id,text_hash\na/b:c.json,u1,00000000\n")

    result = run("--data-dir", folder, "--out", out, "--labels", labels)

    assert "left out: a/b:c.json has other texts" in result.output
    assert ids(out, "labelled") == ["l1"]


def test_the_same_inputs_are_prepared_once_and_to_the_same_bytes(folder, tmp_path):
    out = tmp_path / "out"
    run("--data-dir", folder, "--out", out)
    first = (out / "prepare.json").read_bytes(), (out / "unlabelled.jsonl.gz").read_bytes()

    assert "is up to date" in run("--data-dir", folder, "--out", out).output
    assert run("--data-dir", folder, "--out", out, "--again").exit_code == 0
    assert first == ((out / "prepare.json").read_bytes(), (out / "unlabelled.jsonl.gz").read_bytes())

    write_records(folder / "dev.jsonl", [comment("d9", "Something else entirely", score=0)])
    assert "is up to date" not in run("--data-dir", folder, "--out", out).output
    assert ids(out, "labelled") == ["l1", "l2"]


def test_a_row_without_what_every_comment_has_is_named(folder, tmp_path):
    with open(folder / "labelled.jsonl", "a") as file:
        file.write('{"id": "l4", "text": "no source, no score"}\n')

    assert "labelled.jsonl, line 4: no source, score" in " ".join(
        run("--data-dir", folder, "--out", tmp_path).output.split()
    )


def test_an_evaluation_set_is_kept_away_from(folder, tmp_path):
    (tmp_path / "e.csv").write_text(f"Comment Text,Sentiment\nwhat a lovely day!,Positive\n{DEV}!,Positive\n")

    run("--data-dir", folder, "--out", tmp_path / "out", "--evaluation", tmp_path / "e.csv")

    assert ids(tmp_path / "out", "general") == []
    assert ids(tmp_path / "out", "dev") == ["d2"], "nor may the model be chosen on it"


def test_the_folder_can_come_from_the_environment(folder, tmp_path):
    result = run("--out", tmp_path / "out", DATA_DIR=str(folder))

    assert result.exit_code == 0
    assert ids(tmp_path / "out", "general") == ["g1"]


def test_stocktwits_join_the_warm_up_balanced(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "STOCKTWITS_PER_LABEL", 2)
    workbook = Workbook()
    workbook.active.append(("text", "label"))
    for n, word in enumerate(["alpha", "bravo", "carol", "delta", "echo", "foxtrot"]):
        workbook.active.append((f"{word} is the next one to go up, no doubt about {word}", 2))
        if n < 1:
            workbook.active.append((f"{word} looks awful and will go on falling for months", 0))
    workbook.save(tmp_path / "st.xlsx")

    run("--data-dir", folder, "--out", tmp_path / "out", "--stocktwits", tmp_path / "st.xlsx")

    labels = [record["label"] for record in read_records(tmp_path / "out" / "general.jsonl.gz")]
    assert sorted(labels) == ["negative", "positive", "positive", "positive"]


@pytest.mark.parametrize("missing", ["labelled.jsonl", "dev.jsonl", "comments.jsonl.gz", "general/x.jsonl.gz"])
def test_a_folder_that_lacks_a_file_says_which(folder, tmp_path, missing):
    (folder / missing).unlink()

    result = run("--data-dir", folder, "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert missing.split("/")[0].removesuffix(".gz") in result.output
    assert not (tmp_path / "out" / "prepare.json").exists()
