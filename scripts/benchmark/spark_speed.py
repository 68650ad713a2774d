"""What Spark costs beside the model: comments a second and core, against the bare classifier, paired in one run.

    python -m scripts.benchmark.spark_speed                              # random words with real lengths
    python -m scripts.benchmark.spark_speed --comments comments.jsonl.gz # real comments

By turns, in rounds: the bare classifier in this process, one Spark task, two Spark tasks at once, each on the same
comments. CPU time is of everything that works for the result: on Spark the JVM and its Python workers. It is what is
compared, since the clock of a machine with other work on it says nothing; the clock is printed beside it.
"""

import functools
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

os.environ["ORT_THREADS"] = "1"

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from crypto_sentiment.spark import score, session
from lambda_fn.model.classifier import SentimentClassifier
from scripts.benchmark import comments as sources

BATCH = 10_000  # rows of Spark's Arrow batches


@dataclass(frozen=True)
class Took:
    """Seconds for `comments` comments: of CPU, and by the clock."""

    comments: int
    cpu_s: float
    clock_s: float


def spark_cpu_s() -> float:
    """CPU seconds so far of the JVM and the Python workers that it started, those that have ended included."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            total += sum(process.cpu_times()[:4])  # user, system, and both of children that have ended
        except psutil.NoSuchProcess:
            continue
    return total


def workers_peak_mb() -> list[int]:
    """Most resident memory of each Python worker, in MB, what it shares with its parent included."""
    peaks = []
    for process in psutil.Process().children(recursive=True):
        try:
            parent = process.parent()
            if "pyspark.daemon" in process.cmdline() and parent and "pyspark.daemon" in parent.cmdline():
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
                peaks.append(int(peak.split()[1]) // 1024)
        except (psutil.NoSuchProcess, OSError):
            continue
    return peaks


def timed(work: Callable[[], object], cpu: Callable[[], float], count: int) -> Took:
    cpu_before, before = cpu(), time.perf_counter()
    work()
    return Took(count, cpu() - cpu_before, time.perf_counter() - before)


def main(
    comments: Annotated[Path | None, typer.Option(help="JSON Lines with `text`; default random words")] = None,
    count: Annotated[int, typer.Option(help="comments of one task")] = 4_000,
    rounds: Annotated[int, typer.Option(help="turns of each")] = 3,
) -> None:
    """Compare Spark with the bare classifier, and two cores with one."""
    texts, what = sources.load(comments, count)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "comments.parquet")
        pq.write_table(pa.table({"id": [f"c{n}" for n in range(len(texts))], "body": texts}), path)
        spark = session("local[2]", **{"spark.ui.enabled": "false", "spark.speculation": "false"})
        spark.sparkContext.setLogLevel("ERROR")
        classifier = SentimentClassifier.load()
        turns = itertools.count()

        # A worker remembers texts from task to task, so each turn's are its own, by a number at their end.
        def bare() -> None:
            new = [f"{text} {next_turn}" for next_turn in [next(turns)] for text in texts]
            for start in range(0, len(new), BATCH):
                classifier.classify(new[start : start + BATCH])

        def run(tasks: int) -> None:
            parts = [
                spark.read.parquet(path).select("id", F.concat("body", F.lit(f" {next(turns)}")).alias("body"))
                for _ in range(tasks)
            ]
            frame = score(functools.reduce(DataFrame.union, parts), keep_text=False)
            frame.write.format("noop").mode("overwrite").save()

        run(2)  # both workers load the model, the JVM compiles
        bare()
        took: dict[str, list[Took]] = {"bare": [], "one": [], "two": []}
        for _ in range(rounds):
            took["bare"].append(timed(bare, time.process_time, len(texts)))
            took["one"].append(timed(lambda: run(1), spark_cpu_s, len(texts)))
            took["two"].append(timed(lambda: run(2), spark_cpu_s, 2 * len(texts)))
        typer.echo(f"{len(texts):,} comments ({what}), {rounds} rounds; model {classifier.revision}")
        rates = {}
        for name, title in {"bare": "bare classifier", "one": "Spark, one task", "two": "Spark, two tasks"}.items():
            rates[name] = statistics.median(t.comments / t.cpu_s for t in took[name])
            clock = statistics.median(t.comments / t.clock_s for t in took[name])
            typer.echo(f"{title:17} {rates[name]:6.0f} comments a CPU second, {clock:6.0f} a second by the clock")
        typer.echo(f"Spark against the bare classifier, a core: {rates['one'] / rates['bare']:.3f}")
        typer.echo(f"two cores against one, by CPU time: {2 * rates['two'] / rates['one']:.2f} times as many")
        typer.echo(f"most memory of a Python worker: {max(workers_peak_mb())} MB")
        spark.stop()


if __name__ == "__main__":
    typer.run(main)
