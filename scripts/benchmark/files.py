"""What `crypto-sentiment score` costs beside the model: rate against the bare classifier, memory, two processes.

    python -m scripts.benchmark.files --comments 1000000 --texts ../shared/data/comments.jsonl.gz --out docs/files

Makes COMMENTS comments with Reddit's fields, their texts made distinct (equal ones are scored once), as zstd JSON lines
with a window of 2 GiB and as Parquet, and scores them. Times are of CPU, user and system, of all processes, so that a
busy machine changes little; what a run of one comment takes (starting) is told apart. The bare classifier is timed
before and after each run, on --sample of the same comments, in the chunks that `score` cuts. By the clock, and so only
on a machine that does nothing else: one process against two, on --pair comments. A million take two hours on two cores.

--out: the folder of measured.json and of the table made of it, measured.md.
"""

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from crypto_sentiment.files.chunks import CHUNK_RECORDS
from crypto_sentiment.files.zstd import zstd
from scripts.benchmark.report import hardware

WINDOW_LOG = 31


def comments(texts: Path, count: int):
    """`count` comments with the fields of a dump, each text distinct."""
    lines = [json.loads(line) for line in gzip.decompress(texts.read_bytes()).splitlines()]
    for n in range(count):
        line = lines[n % len(lines)]
        yield {
            "id": f"m{n}",
            "body": f"{line['text']} {n}",
            "subreddit": line.get("subreddit"),
            "created_utc": line.get("created_utc"),
            "author": f"user{n % 9973}",
            "score": n % 37,
            "link_id": f"t3_{n % 100_003:x}",
            "parent_id": f"t1_{n:x}",
            "controversiality": 0,
            "gilded": 0,
            "distinguished": None,
            "edited": False,
            "permalink": f"/r/{line.get('subreddit')}/comments/{n % 100_003:x}/_/{n:x}/",
        }


def make(texts: Path, count: int, folder: Path) -> list[Path]:
    """The comments as a zstd dump with a window of 2 GiB, and as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    dump, table = folder / "RC.zst", folder / "comments.parquet"
    options = {zstd.CompressionParameter.window_log: WINDOW_LOG, zstd.CompressionParameter.compression_level: 3}
    writer = None
    with zstd.ZstdFile(dump, "w", options=options) as packed:
        rows = comments(texts, count)
        while batch := list(islice(rows, 20_000)):
            packed.write(b"".join(json.dumps(row).encode() + b"\n" for row in batch))
            arrow = pa.Table.from_pylist([row | {"distinguished": ""} for row in batch])
            writer = writer or pq.ParquetWriter(table, arrow.schema)
            writer.write_table(arrow)
    if writer:
        writer.close()
    return [dump, table]


def bare(texts: Path, count: int, sample: int) -> float:
    """CPU seconds a comment of the classifier alone, on one core, on about `sample` of `count` comments, spread over
    them: their lengths differ from place to place."""
    os.environ["ORT_THREADS"] = "1"
    from lambda_fn.model.classifier import SentimentClassifier

    classifier = SentimentClassifier.load()
    bodies = [row["body"] for row in islice(comments(texts, count), 0, None, max(1, count // sample))]
    classifier.classify(bodies[:CHUNK_RECORDS])
    started = time.process_time()
    for at in range(0, len(bodies), CHUNK_RECORDS):
        classifier.classify(bodies[at : at + CHUNK_RECORDS])
    return (time.process_time() - started) / len(bodies)


@dataclass(frozen=True)
class Run:
    """One run of `score`. cpu, wall: seconds. reader, scorer: peak MB of the process that reads and writes, and of the
    largest that scores."""

    cpu: float
    wall: float
    reader: float
    scorer: float


def score(source: Path, output: Path, workers: int) -> Run:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    command = [sys.executable, "-m", "crypto_sentiment", "score", str(source), str(output), "--workers", str(workers)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    reader = scorer = 0.0
    while process.poll() is None:
        first, *others = [*high_water_marks(process.pid), 0.0]
        reader, scorer = max(reader, first), max([scorer, *others])
        time.sleep(0.1)
    wall = time.monotonic() - started
    if process.returncode not in (0, 3):
        raise SystemExit(f"score ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(cpu, wall, reader, scorer)


def high_water_marks(pid: int) -> list[float]:
    """Peak resident MB of a process, and of each of its children. (ru_maxrss would count what this process had when it
    forked.)"""
    import psutil

    found = []
    try:
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            status = Path(f"/proc/{process.pid}/status").read_text()
            found += [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")]
    except (psutil.Error, OSError):
        pass
    return found


def measure(texts: Path, comments: int, sample: int, pair: int, folder: Path) -> dict[str, Any]:
    """All of it, as measured.json has it."""
    one = folder / "one.jsonl"
    # one text in two chunks: the processes start, the detector of languages loads, and nothing else is done
    one.write_text('{"text": "La vida es bella, amigos, y vale la pena vivirla"}\n' * (CHUNK_RECORDS + 1))
    start = score(one, folder / "one.parquet", 1).cpu
    cpu = hardware()
    found: dict[str, Any] = {
        "machine": f"{cpu['cpu']}, {cpu['cores']} cores",
        "comments": comments,
        "start_s": round(start, 1),
        "runs": [],
    }
    for source, output in zip(make(texts, comments, folder), ("out.jsonl.zst", "out.parquet"), strict=True):
        before = bare(texts, comments, sample)
        run = score(source, folder / output, 1)
        alone = (before + bare(texts, comments, sample)) / 2
        each = (run.cpu - start) / comments
        said = {
            "source": f"{source.name}, {source.stat().st_size / 1e6:,.0f} MB",
            "output": output,
            "ms_each": round(1e3 * each, 4),
            "ms_bare": round(1e3 * alone, 4),
            "more_percent": round(100 * (each / alone - 1), 1),
            "a_second": round(comments / run.wall),
            "scorer_mb": round(run.scorer),
            "reader_mb": round(run.reader),
        }
        print(json.dumps(said), flush=True)
        found["runs"].append(said)
    if pair:
        *_, source = make(texts, pair, folder)
        walls = [score(source, folder / "pair.parquet", workers).wall for workers in (1, 2)]
        found["two_processes"] = {"comments": pair, "times": round(walls[0] / walls[1], 2)}
    return found


def table(found: dict[str, Any]) -> str:
    """measured.md."""
    rows = [
        f"| {run['source']} | {run['output']} | {run['ms_each']:.3f} | {run['ms_bare']:.3f} "
        f"| {run['more_percent']:+} % | {run['a_second']:,} | {run['scorer_mb']} | {run['reader_mb']:,} |"
        for run in found["runs"]
    ]
    lines = [
        "# Files, measured",
        "",
        f"By `python -m scripts.benchmark.files` on {found['machine']}: {found['comments']:,} comments with distinct",
        f"texts, one process. CPU time in milliseconds a comment, without the {found['start_s']:.1f} s of starting;",
        "memory is the peak of one process. Who reads a zstd dump holds the window that its frames ask for.",
        "",
        "| from | to | score | bare classifier | more | a second (clock) | MB (scores) | MB (reads, writes) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *rows,
    ]
    if two := found.get("two_processes"):
        lines += ["", f"Two processes score {two['comments']:,} comments {two['times']} times as fast as one."]
    return "\n".join(lines) + "\n"


def main(
    texts: Annotated[Path, typer.Option(help="gzipped JSON lines with text, subreddit, created_utc")],
    comments: Annotated[int, typer.Option(help="how many are scored")] = 1_000_000,
    sample: Annotated[int, typer.Option(help="how many the bare classifier is timed on")] = 10_000,
    pair: Annotated[int, typer.Option(help="how many one and two processes are compared on; 0: none")] = 100_000,
    out: Annotated[Path | None, typer.Option(help="folder of measured.json and measured.md")] = None,
) -> None:
    """Measure, print the table, and write it where it is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure(texts, comments, sample, pair, Path(folder))
    print(table(found))
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "measured.json").write_text(json.dumps(found, indent=1) + "\n")
        (out / "measured.md").write_text(table(found))


if __name__ == "__main__":
    typer.run(main)
