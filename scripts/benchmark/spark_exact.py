"""Is each comment scored once, when executors are killed and tasks run twice? A job of distinct comments, disturbed.

    python -m scripts.benchmark.spark_exact --rows 2000000 --kills 2     # needs Java and pyspark

Two executors, each a process of its own, speculation on and eager. At random moments one of them is killed with
SIGKILL, its Python workers with it, and a worker of the other is held up, so that its task is run a second time.
Afterwards every comment of the source is looked for in the result by its id.
"""

import contextlib
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from crypto_sentiment.spark import session
from crypto_sentiment.spark.job import Job

FILES = 20
STALL_S = 40.0
ROW_GROUP = 25_000
OPENINGS = ("to the moon", "sold all of it", "what is gas?", "never again", "best buy of the year", "fees, fees, fees")


def write_source(folder: Path, rows: int) -> None:
    """Parquet files of `rows` short comments, no two of one text: this is about their number, not their length."""
    folder.mkdir(parents=True)
    for number in range(FILES):
        span = range(number * rows // FILES, (number + 1) * rows // FILES)
        texts = [f"{index} {OPENINGS[index % len(OPENINGS)]}" for index in span]
        table = pa.table({"id": [f"c{index}" for index in span], "body": texts})
        pq.write_table(table, folder / f"comments-{number:03d}.parquet", row_group_size=ROW_GROUP)


class Killer(threading.Thread):
    """Kills `kills` executors of this process's Spark, at random moments of a job that is `about_s` seconds long."""

    def __init__(self, kills: int, about_s: float, seed: int):
        super().__init__(daemon=True)
        self._random = random.Random(seed)
        self._moments = sorted(self._random.uniform(0.05, 0.5) * about_s for _ in range(kills))
        self.killed: list[str] = []

    def run(self) -> None:
        started = time.monotonic()
        for moment in self._moments:
            time.sleep(max(0.0, started + moment - time.monotonic()))
            while not (executors := executor_processes()):
                time.sleep(0.2)
            victim, *others = self._random.sample(executors, len(executors))
            victim.kill()
            self.killed.append(f"{time.monotonic() - started:.0f} s")
            for worker in [process for other in others for process in other.children(recursive=True)][-1:]:
                self._stall(worker)

    def _stall(self, worker: psutil.Process) -> None:
        """Stop a Python worker for a while, as a sick machine would: its task falls behind, and is run twice."""
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.suspend()
            time.sleep(STALL_S)
            worker.resume()


def executor_processes() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if any("CoarseGrainedExecutorBackend" in word for word in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def attempts(spark) -> tuple[int, int]:
    """Task attempts that failed or were lost, and those that were speculative, from Spark's own status store."""
    store = spark._jsparkSession.sparkContext().statusStore()
    empty = spark._jvm.java.util.ArrayList()
    stages = spark._jvm.scala.jdk.CollectionConverters.SeqHasAsJava(
        store.stageList(empty, False, False, spark._jvm.scala.Array.emptyDoubleArray(), empty)
    ).asJava()
    failed = sum(stage.numFailedTasks() + stage.numKilledTasks() for stage in stages)
    speculative = 0
    for stage in stages:
        summary = store.speculationSummary(stage.stageId(), stage.attemptId())
        speculative += summary.get().numTasks() if summary.isDefined() else 0
    return failed, speculative


def main(
    rows: Annotated[int, typer.Option(help="comments")] = 200_000,
    kills: Annotated[int, typer.Option(help="executors that are killed")] = 2,
    about_s: Annotated[float, typer.Option(help="about how long the job takes: kills fall into its first half")] = 120,
    seed: Annotated[int, typer.Option(help="of the moments and the victims")] = 1,
) -> None:
    """Score ROWS distinct comments while executors are killed; count what comes out."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "comments", Path(folder) / "scored"
        write_source(source, rows)
        spark = session(
            "local-cluster[2,1,1024]",
            **{
                "spark.ui.enabled": "false",
                "spark.sql.files.maxPartitionBytes": "512k",  # small files, small tasks: some run at any moment
                "spark.speculation.multiplier": "1.1",
                "spark.speculation.quantile": "0.3",
                "spark.speculation.interval": "200ms",
                "spark.network.timeout": "600s",
            },
        )
        spark.sparkContext.setLogLevel("ERROR")
        killer = Killer(kills, about_s, seed)
        started = time.monotonic()
        killer.start()
        part_bytes = sum(file.stat().st_size for file in source.iterdir()) // 4
        Job(spark, str(source), str(output), part_bytes=part_bytes).run(
            lambda line: typer.echo(f"{time.monotonic() - started:6.0f} s  {line}")
        )
        seconds = time.monotonic() - started
        killer.join()
        before, after = spark.read.parquet(str(source)), spark.read.parquet(str(output))
        missing = before.join(after, "id", "left_anti").count()
        failed, speculative = attempts(spark)
        typer.echo(f"rows in {before.count():,}, distinct texts {before.select('body').distinct().count():,}")
        typer.echo(f"rows out {after.count():,}, distinct ids {after.select('id').distinct().count():,}")
        typer.echo(f"rows missing {missing:,}, rows with an error {after.filter(after.error != '').count():,}")
        typer.echo(f"executors killed at {', '.join(killer.killed)} of {seconds:,.0f} s")
        typer.echo(f"task attempts lost or stopped {failed:,}, speculative {speculative:,}")
        spark.stop()


if __name__ == "__main__":
    typer.run(main)
