"""Weak labels: let a teacher score comments that nobody labelled.

    python -m training.annotate.annotate hf ElKulako/cryptobert
    python -m training.annotate.annotate bedrock amazon.nova-pro-v1:0 --limit 5000
    python -m training.annotate.annotate ensemble build/training/seed-1 build/training/seed-2

reads unlabelled.jsonl.gz and appends to a .jsonl file lines of {id, source, teacher, score, probabilities}. It can be
stopped and started again at any time: what is annotated is not asked for twice. Comments without a usable answer go to
a second file (id, source, teacher), and are left alone until --retry.
"""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.annotate.bedrock_teacher import BedrockTeacher, prices_of
from training.annotate.teachers import EnsembleTeacher, Estimate, HuggingFaceTeacher, Teacher, TeacherError
from training.data.records import DataError, Record, read_records

SEED = 1

app = typer.Typer(help=__doc__.partition("\n")[0], no_args_is_help=True, rich_markup_mode=None)

Comments = Annotated[Path, typer.Option("--comments", help="Comments to annotate (.jsonl or .jsonl.gz).")]
Out = Annotated[Path, typer.Option("--out", help="Annotations, appended to.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Annotate a seeded sample of this many.")]
Retry = Annotated[bool, typer.Option("--retry", help="Ask again for comments that were set aside.")]
DEFAULT_COMMENTS = Path("build/training/data/unlabelled.jsonl.gz")
DEFAULT_OUT = Path("build/training/annotations.jsonl")


class AnnotationFile:
    """Lines of JSON that only grow. A line that a killed process left half-written is cut off on opening."""

    def __init__(self, path: Path):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            cut_half_line(path)

    def known(self, teacher: str) -> set[tuple[str, str]]:
        """(source, id) of what `teacher` has annotated."""
        if not self.path.exists():
            return set()
        return {(row["source"], row["id"]) for row in read_records(self.path) if row["teacher"] == teacher}

    def append(self, rows: list[Record]) -> None:
        """Write `rows` and see them to the disk, so that a paid answer is never lost."""
        if rows:
            with open(self.path, "a", encoding="utf-8") as file:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                file.flush()
                os.fsync(file.fileno())

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


def cut_half_line(path: Path) -> None:
    with open(path, "rb+") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)


def set_aside_path(out: Path) -> Path:
    return out.with_name(out.stem + ".set_aside.jsonl")


def pending(teacher: Teacher, comments: Path, out: Path, limit: int | None, retry: bool) -> list[Record]:
    """The comments still to be annotated: all of the file, or of its seeded sample, less what is done or set aside."""
    records = list(read_records(comments))
    if limit is not None and limit < len(records):
        records = random.Random(SEED).sample(records, limit)
    if retry:
        AnnotationFile(set_aside_path(out)).forget()
    done = AnnotationFile(out).known(teacher.name) | AnnotationFile(set_aside_path(out)).known(teacher.name)
    return [record for record in records if (record["source"], record["id"]) not in done]


def annotate(teacher: Teacher, records: list[Record], out: Path) -> Iterator[tuple[int, int]]:
    """Annotate `records`, batch by batch; yields (annotated, set aside) of each. Raises TeacherError."""
    annotated, set_aside = AnnotationFile(out), AnnotationFile(set_aside_path(out))
    for start in range(0, len(records), teacher.batch_size):
        batch = records[start : start + teacher.batch_size]
        opinions = teacher.annotate([record["text"] for record in batch])
        good, bad = [], []
        for record, opinion in zip(batch, opinions, strict=True):
            row = {"id": record["id"], "source": record["source"], "teacher": teacher.name}
            if opinion is None:
                bad.append(row)
            else:
                probabilities = opinion.probabilities and [round(value, 5) for value in opinion.probabilities]
                good.append(row | {"score": opinion.score, "probabilities": probabilities})
        annotated.append(good)
        set_aside.append(bad)
        yield len(good), len(bad)


def run(teacher: Teacher, comments: Path, out: Path, limit: int | None, retry: bool, yes: bool) -> None:
    """Estimate, ask, annotate with a progress bar, and say what came of it. Raises DataError or TeacherError."""
    records = pending(teacher, comments, out, limit, retry)
    if not records:
        typer.echo(f"nothing to do: {teacher.name} has annotated all of it")
        return
    estimate = teacher.estimate([record["text"] for record in records])
    if estimate != Estimate():
        typer.echo(
            f"{len(records):,} comments with {teacher.name}: about {estimate.requests:,} requests, "
            f"{estimate.input_tokens:,} tokens in, {estimate.output_tokens:,} out, ${estimate.dollars:,.2f}"
        )
        if not yes and not typer.confirm("Go on?"):
            raise typer.Exit(1)
    good = bad = 0
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(teacher.name, total=len(records))
        for annotated, set_aside in annotate(teacher, records, out):
            good, bad = good + annotated, bad + set_aside
            progress.advance(task, annotated + set_aside)
    typer.echo(f"{good:,} annotated in {out}" + (f", {bad:,} set aside in {set_aside_path(out)}" if bad else ""))


def guarded(make, comments: Path, out: Path, limit: int | None, retry: bool, yes: bool = True) -> None:
    try:
        run(make(), comments, out, limit, retry, yes)
    except (DataError, TeacherError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None


@app.command()
def hf(
    model: Annotated[str, typer.Argument(help="Hugging Face id or local folder of a classification model.")],
    comments: Comments = DEFAULT_COMMENTS,
    out: Out = DEFAULT_OUT,
    limit: Limit = None,
    retry: Retry = False,
) -> None:
    """Annotate with a Hugging Face model."""
    guarded(lambda: HuggingFaceTeacher(model), comments, out, limit, retry)


@app.command()
def ensemble(
    folders: Annotated[list[Path], typer.Argument(help="Folders of checkpoints or ONNX artifacts.")],
    comments: Comments = DEFAULT_COMMENTS,
    out: Out = DEFAULT_OUT,
    limit: Limit = None,
    retry: Retry = False,
) -> None:
    """Annotate with the averaged probabilities of the project's own models."""
    guarded(lambda: EnsembleTeacher(folders), comments, out, limit, retry)


@app.command()
def bedrock(
    model: Annotated[str, typer.Argument(help="Model id or inference profile on Amazon Bedrock.")],
    comments: Comments = DEFAULT_COMMENTS,
    out: Out = DEFAULT_OUT,
    limit: Limit = None,
    retry: Retry = False,
    batch_size: Annotated[int, typer.Option(min=1, max=100, help="Comments a request.")] = 20,
    region: Annotated[str | None, typer.Option(help="AWS region; default from the environment.")] = None,
    input_price: Annotated[float | None, typer.Option(min=0, help="Dollars per million input tokens.")] = None,
    output_price: Annotated[float | None, typer.Option(min=0, help="Dollars per million output tokens.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before spending the estimated cost.")] = False,
) -> None:
    """Annotate with a language model on Amazon Bedrock under GUIDE.md; shows the cost and asks first."""

    def make() -> Teacher:
        return BedrockTeacher(model, prices_of(model, input_price, output_price), batch_size, region)

    guarded(make, comments, out, limit, retry, yes)


if __name__ == "__main__":
    app()
