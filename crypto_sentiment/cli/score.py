"""Score a file of comments on this machine, without AWS: the bulk handler's code, file in, file out.

    crypto-sentiment score comments.jsonl.gz scored.parquet --chart mood.png

What was scored is kept beside the output until it is complete, so that the same command goes on after an interrupt.
"""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from crypto_sentiment.files.comment_files import STANDARD_INPUT, CommentFile, InputError
from crypto_sentiment.files.tables import WRITERS
from crypto_sentiment.mood.chart import MoodOverTime
from lambda_fn.bulk.records import CHUNK_BYTES, Chunk, parse_record
from lambda_fn.bulk.scoring import ScorableChunk, Scorer
from lambda_fn.model.classifier import ModelError, SentimentClassifier
from lambda_fn.model.text import TextError
from lambda_fn.settings import get_settings

console = Console(stderr=True)


class Partial:
    """What an unfinished run left: scored lines, and a checkpoint of how far they are to be believed."""

    def __init__(self, output: Path, identity: dict):
        self.lines = output.with_name(output.name + ".partial.jsonl")
        self._checkpoint = output.with_name(output.name + ".partial.json")
        self._identity = identity
        self.next_position = self.bytes = self.comments = 0

    def resume(self) -> bool:
        """Take up an earlier run of the same input, model and options; forget another's. Whether there was one."""
        try:
            found = json.loads(self._checkpoint.read_text())
            if found.pop("identity") == self._identity and self.lines.stat().st_size >= found["bytes"]:
                self.next_position, self.bytes, self.comments = found["next"], found["bytes"], found["comments"]
                os.truncate(self.lines, self.bytes)
                return True
        except (OSError, ValueError, KeyError):
            pass
        self.lines.write_bytes(b"")
        return False

    def append(self, lines: list[dict], next_position: int) -> None:
        """Add scored lines. They are on disk before the checkpoint says so."""
        with self.lines.open("ab") as file:
            file.write(b"".join(json.dumps(line, ensure_ascii=True).encode() + b"\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
            self.bytes = file.tell()
        self.next_position, self.comments = next_position, self.comments + len(lines)
        state = {"identity": self._identity, "next": next_position, "bytes": self.bytes, "comments": self.comments}
        part = self._checkpoint.with_name(self._checkpoint.name + ".new")
        part.write_text(json.dumps(state))
        part.replace(self._checkpoint)

    def remove(self) -> None:
        self.lines.unlink(missing_ok=True)
        self._checkpoint.unlink(missing_ok=True)


def score_chunk(scorer: Scorer, chunk: Chunk, keep_text: bool) -> list[dict]:
    """The result lines of one chunk, without the identity that only a shared bucket needs."""
    [lines] = scorer.score([ScorableChunk("", chunk.start, chunk.records)])
    for line, (_, record) in zip(lines, chunk.records, strict=True):
        del line["work_id"]
        if keep_text:
            line["text"] = _text(record)
    return lines


def _text(record: bytes) -> object:
    try:
        return parse_record(record).get("text")
    except TextError:
        return None


def score(
    source: Annotated[Path, typer.Argument(help="comments: .jsonl, .ndjson or .csv, plain or .gz")],
    output: Annotated[Path, typer.Argument(help="scored comments: .jsonl, .csv or .parquet")],
    chart: Annotated[Path | None, typer.Option(help="draw sentiment over time (.png, .svg); needs created_utc")] = None,
    text: Annotated[bool, typer.Option(help="keep the comments' text in the output")] = True,
) -> None:
    """Score files of comments on this machine.

    One line per comment, in order; a bad comment is a line with an error. Run the same command again after an
    interrupt: it goes on where it stopped.
    Exit codes: 0 done; 1 a file or the model cannot be used; 130 interrupted.

    Example: crypto-sentiment score comments.jsonl.gz scored.parquet --chart mood.png
    """
    try:
        run(source, output, chart, text)
    except KeyboardInterrupt:
        console.print("Interrupted. Run the same command again to go on.")
        raise typer.Exit(130) from None
    except (InputError, ModelError) as error:
        console.print(f"[red]Error:[/] {error}")
        raise typer.Exit(1) from None
    except OSError as error:
        console.print(f"[red]Error:[/] {error.filename or ''} {error.strerror or error}")
        raise typer.Exit(1) from None


def run(source: Path, output: Path, chart: Path | None, keep_text: bool) -> None:
    """Score `source` into `output`. Raises InputError, ModelError, OSError."""
    if output.suffix not in WRITERS:
        raise InputError(f"{output} must end in one of {', '.join(WRITERS)}")
    if source == STANDARD_INPUT:
        raise InputError("a run must be able to go on after an interrupt: save standard input to a file first")
    comments = CommentFile.open(source)
    classifier = SentimentClassifier.load()
    scorer = Scorer(classifier, get_settings().max_text_chars)
    partial = Partial(output, {**comments.identity(), "model": classifier.revision, "text": keep_text})
    if partial.resume():
        console.print(f"Going on after {partial.comments:,} comments that an earlier run scored.")
    bar = Progress(TextColumn("scoring"), BarColumn(), TextColumn("{task.fields[done]}"), TimeRemainingColumn())
    bar.console.stderr = True
    with bar:
        task = bar.add_task("scoring", total=comments.size, done="")
        for chunk in comments.chunks(partial.next_position):
            lines = score_chunk(scorer, chunk, keep_text)
            after = chunk.start + (CHUNK_BYTES if comments.is_plain else len(chunk.records))
            partial.append(lines, after)
            bar.update(task, completed=comments.raw.tell(), done=f"{partial.comments:,} comments")
    WRITERS[output.suffix](partial.lines, output)
    tally = scorer.tally
    console.print(f"{partial.comments:,} comments in {output}" + (f", {tally.errors:,} errors" if tally.errors else ""))
    if tally.seconds:
        console.print(f"{(tally.scored - tally.repeated) / tally.seconds:,.0f} comments a second in the model")
    if chart:
        mood = MoodOverTime.read(partial.lines)
        if mood:
            mood.draw(chart)
            console.print(f"Chart in {chart}")
        else:
            console.print("No chart: no comment carries created_utc.")
    partial.remove()
