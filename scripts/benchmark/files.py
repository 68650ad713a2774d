"""What `crypto-sentiment score` costs beside the model: rate against the bare classifier, and peak memory.

    python -m scripts.benchmark.files --comments 1000000 --texts ../shared/data/comments.jsonl.gz

Makes COMMENTS comments with Reddit's fields, their texts made distinct (equal ones are scored once), as zstd JSON lines
with a window of 2 GiB and as Parquet, and scores them. Times are of CPU, user and system, of all processes, so that a
busy machine changes little; what a run of one comment takes (starting) is told apart. --sample: comments that the bare
classifier is timed on, in the chunks that `score` cuts.
"""

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from crypto_sentiment.files.chunks import CHUNK_RECORDS
from crypto_sentiment.files.zstd import zstd

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


def score(source: Path, output: Path, workers: int) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and peak MB of the largest process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    command = [sys.executable, "-m", "crypto_sentiment", "score", str(source), str(output), "--workers", str(workers)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max([peak, *high_water_marks(process.pid)])
        time.sleep(0.1)
    wall = time.monotonic() - started
    if process.returncode not in (0, 3):
        raise SystemExit(f"score ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, peak


def high_water_marks(pid: int) -> list[float]:
    """Peak resident MB of a process and its children. (ru_maxrss would count what this process had when it forked.)"""
    import psutil

    found = []
    try:
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            status = Path(f"/proc/{process.pid}/status").read_text()
            found += [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")]
    except (psutil.Error, OSError):
        pass
    return found


def main(
    texts: Annotated[Path, typer.Option(help="gzipped JSON lines with text, subreddit, created_utc")],
    comments: Annotated[int, typer.Option(help="how many are scored")] = 1_000_000,
    sample: Annotated[int, typer.Option(help="how many the bare classifier is timed on")] = 10_000,
    workers: Annotated[int, typer.Option(help="processes")] = 1,
) -> None:
    """Print a line for each kind of input."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one.jsonl"
        # one text in two chunks: the processes start, the detector of languages loads, and nothing else is done
        one.write_text('{"text": "La vida es bella, amigos, y vale la pena vivirla"}\n' * (CHUNK_RECORDS + 1))
        start, _, least = score(one, Path(folder) / "one.parquet", 1)
        print(f"start: {start:.1f} s of CPU, {least:,.0f} MB")
        sources = make(texts, comments, Path(folder))
        for source, output in zip(sources, ("out.jsonl.zst", "out.parquet"), strict=True):
            alone = bare(texts, comments, sample)
            cpu, wall, peak = score(source, Path(folder) / output, workers)
            each = (cpu - start) / comments
            print(
                f"{source.name} ({source.stat().st_size / 1e6:,.0f} MB) to {output}: {comments:,} comments, "
                f"{1e3 * each:.3f} ms of CPU each against {1e3 * alone:.3f} bare ({100 * (each / alone - 1):+.1f} %), "
                f"{comments / wall:,.0f} a second by the clock, peak {peak:,.0f} MB in one process",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(main)
