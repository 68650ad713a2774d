"""What `crypto-sentiment mood` does: checks the question, answers it, shows it, and says which exit code follows."""

import csv
import json
import sys
from pathlib import Path

from rich.console import Console

from crypto_sentiment.mood import picture
from crypto_sentiment.mood.answer import Asked, answer, parse_time, rows
from crypto_sentiment.mood.engine import Question, read_rollup
from crypto_sentiment.mood.errors import MoodError, WrongUsage
from crypto_sentiment.mood.terminal import show
from lambda_fn.contract import Exit

OUTPUTS = (".csv", ".json")
# A table that is not read in a terminal is as wide as it needs to be.
WIDE = 160


def run(
    sources: list[str],
    by: str,
    *,
    chart: Path | None,
    title: str,
    output: Path | None,
    rollup: Path | None,
    threads: int | None,
    since: str | None,
    until: str | None,
    **asked,
) -> int:
    """Everything that can be wrong with the question is said before anything is read."""
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    try:
        question = Asked.of(by, since=parse_time(since, "--from"), until=parse_time(until, "--to"), **asked)
        if chart:
            picture.check(chart)
        if output and output.suffix.lower() not in OUTPUTS:
            raise WrongUsage(f"--output writes {', '.join(OUTPUTS)}, not {output.suffix or 'a file without a suffix'}")
        if rollup and not rollup.name.endswith(".jsonl.gz"):
            raise WrongUsage("--rollup writes .jsonl.gz")
        if rollup:
            part = Question(since=question.since, until=question.until, time_column=question.time_column)
            rollup.write_bytes(read_rollup(sources, part, threads).encode())
        found = answer(sources, question, threads)
        show(found, console)
        if chart:
            picture.draw(found, chart, title)
        if output:
            write(rows(found), output)
    except WrongUsage as error:
        return _fail(error, Exit.USAGE)
    except (MoodError, OSError) as error:
        return _fail(error, Exit.FAILED)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return Exit.DONE


def write(lines: list[dict], path: Path) -> None:
    """The numbers as CSV or as a JSON array."""
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps(lines, indent=1) + "\n")
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]) if lines else [])
        writer.writeheader()
        writer.writerows(lines)


def _fail(error: Exception, status: int) -> int:
    Console(stderr=True).print(f"Error: {error}", markup=False, highlight=False, soft_wrap=True)
    return status
