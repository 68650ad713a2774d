"""What `score` says while it works and when it is done; and the exit code that follows."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from crypto_sentiment.files.errors import InputError, OutputError, UsageError
from crypto_sentiment.files.output import find_output
from crypto_sentiment.files.score import DamagedInput, Job, Report, Watcher, run
from crypto_sentiment.files.scorers import Options, WorkerDied
from crypto_sentiment.files.source import Asked, Source
from lambda_fn.bulk.times import TIME_NAMES, as_utc

DONE, COULD_NOT, WRONG_USAGE, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
CHARTS = (".png", ".svg", ".pdf")
# What an error code says in a summary.
IN_WORDS = {
    "text_missing": "without a text",
    "text_empty": "empty",
    "text_deleted": "deleted",
    "text_bot": "by bots",
    "text_too_long": "too long",
    "text_not_string": "whose text is no text",
    "text_unreadable": "unreadable",
    "record_not_json": "not JSON",
    "record_not_utf8": "not UTF-8",
    "record_not_object": "not an object or a row",
    "record_too_long": "far too long",
}
MOST_SOURCES_SHOWN = 5


class Shown(Watcher):
    """Shows what was found, and a bar while it is scored."""

    def __init__(self, console: Console, chart: Path | None = None):
        self.console, self._chart = console, chart
        columns = (TextColumn("scoring"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[done]}"))
        self._bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
        self._task = self._bar.add_task("scoring", total=None, done="")
        self._started = time.monotonic()
        self._told_resumed = False

    def found(self, report: Report, total: int | None) -> None:
        for found, sources in _grouped(report.sources):
            names = ", ".join(source.place.name for source in sources[:3])
            more = f" and {len(sources) - 3:,} more" if len(sources) > 3 else ""
            self._say(f"{names}{more}: {found}")
        if report.passed_over:
            some = ", ".join(report.passed_over[:3]) + (", …" if len(report.passed_over) > 3 else "")
            self._say(f"Passed over {len(report.passed_over):,} files that are no comments: {some}")
        self._bar.update(self._task, total=total)
        self._bar.start()
        self._started = time.monotonic()

    def read(self, count: int) -> None:
        self._bar.update(self._task, advance=count)

    def scored(self, report: Report) -> None:
        new = report.counts.comments - report.resumed
        if new:
            self.tell_resumed(report)
        rate = new / max(0.001, time.monotonic() - self._started)
        self._bar.update(self._task, done=f"{report.counts.comments:,} comments, {rate:,.0f}/s")

    def tell_resumed(self, report: Report) -> None:
        """Say once how much of the work an earlier run did."""
        if report.resumed and not self._told_resumed:
            self._told_resumed = True
            self._say(f"Going on after {report.resumed:,} comments that an earlier run scored.")

    def whole(self, lines: Iterator[dict]) -> None:
        if not self._chart:
            return
        from crypto_sentiment.mood.answer import Asked, answer_of
        from crypto_sentiment.mood.errors import MoodError
        from crypto_sentiment.mood.picture import draw
        from crypto_sentiment.mood.tally import Tally

        tally = Tally()
        for line in lines:
            time = next(
                (found for name in line if name.strip().lower() in TIME_NAMES and (found := as_utc(line[name]))), None
            )
            tally.add(line, time)
        try:
            draw(answer_of(tally.rollup(), Asked.of("coin,time")), self._chart)
            self._say(f"Chart in {self._chart}")
        except MoodError as error:
            self._say(f"No chart: {error}.")

    def close(self) -> None:
        self._bar.stop()

    def _say(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _grouped(sources: list[Source]) -> list[tuple[str, list[Source]]]:
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.found, []).append(source)
    shown = list(groups.items())
    if len(shown) <= MOST_SOURCES_SHOWN:
        return shown
    rest = [source for _, group in shown[MOST_SOURCES_SHOWN:] for source in group]
    return [*shown[:MOST_SOURCES_SHOWN], (f"{len(shown) - MOST_SOURCES_SHOWN} more kinds of content", rest)]


def run_and_report(
    sources: list[str],
    output: str,
    to: str | None,
    asked: Asked,
    options: Options,
    workers: int,
    shard_comments: int,
    chart: str | None,
) -> int:
    """Do the job, say what came of it on standard error, and return the exit code."""
    from crypto_sentiment.client import ServiceError
    from lambda_fn.bulk.outages import StillAway
    from lambda_fn.model.classifier import ModelError

    console = Console(stderr=True)
    shown = Shown(console, Path(chart) if chart else None)

    def fail(message: str, status: int = COULD_NOT) -> int:
        shown.close()
        console.print(f"Error: {message}", markup=False, highlight=False, soft_wrap=True)
        return status

    try:
        if chart and Path(chart).suffix.lower() not in CHARTS:
            raise UsageError(
                f"--chart draws {', '.join(CHARTS)}, not {Path(chart).suffix or 'a file without a suffix'}"
            )
        if chart and output == "-":
            raise UsageError("--chart needs an output that is kept, not -")
        job = Job(sources, find_output(output, to), asked, options, 1 if options.url else workers, shard_comments)
        report = run(job, shown)
    except UsageError as error:
        return fail(str(error), WRONG_USAGE)
    except DamagedInput as error:
        kept = f"; the {error.report.counts.comments:,} comments before it are scored in {error.report.kept}"
        return fail(str(error) + (kept if error.report.kept else ""))
    except (InputError, OutputError, WorkerDied, ModelError) as error:
        return fail(str(error))
    except StillAway as error:
        return fail(f"S3 was away for too long ({error}). Run the same command again to go on.")
    except ServiceError as error:
        return fail(error.message)
    except BrokenPipeError:
        return fail("nobody reads the results any more")
    except OSError as error:
        return fail(f"{error.filename or ''} {error.strerror or error}".strip())
    except KeyboardInterrupt:
        again = "" if output == "-" else " Run the same command again to go on."
        shown.close()
        console.print(f"Interrupted.{again}", markup=False)
        return INTERRUPTED
    except Exception as error:
        if type(error).__module__.startswith("botocore"):
            return fail(f"S3: {error}")
        raise
    finally:
        shown.close()
    shown.tell_resumed(report)
    for line in summary(report, job.output.name if output == "-" else output):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if report.counts.comments and report.counts.failed == report.counts.comments:
        return COULD_NOT
    return SOME_FAILED if report.counts.failed else DONE


def summary(report: Report, output: str) -> list[str]:
    """What was scored, its moods and languages, and what could not be, in a few lines."""
    counts = report.counts
    scored = counts.comments - counts.failed
    new = counts.comments - report.resumed
    rate = f", {new / report.seconds:,.0f} a second" if report.seconds and new else ""
    lines = [f"{counts.comments:,} comments in {output}{rate}"]
    if scored:
        shares = (f"{100 * counts.moods[mood] / scored:.1f} % {mood}" for mood in ("positive", "neutral", "negative"))
        lines.append(f"Mood: {', '.join(shares)}")
        if other := scored - counts.languages["en"]:
            lines.append(f"Language: {other:,} of {scored:,} are not English")
    if counts.failed:
        lines.append(
            f"{counts.failed:,} of {counts.comments:,} comments could not be scored: {in_words(counts.errors)}"
        )
    return lines


def in_words(errors: Counter[str]) -> str:
    """ "2 empty, 1 deleted": errors by kind, the commonest first."""
    return ", ".join(f"{count:,} {IN_WORDS.get(code, code)}" for code, count in errors.most_common())
