"""What surrounds the graph, each try against what ships: batches, allocators, the model file, the start, threads.

    python -m scripts.benchmark.process_experiments             # prints before and after of each
    python -m scripts.benchmark.process_experiments --update    # writes them into docs/speed_experiments.csv

By turns, best of several rounds, CPU time. Allocators are those that are installed; a part of a vCPU needs root and
Linux's cgroups (version 1), and is left out elsewhere.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

os.environ["ORT_THREADS"] = "1"

import numpy as np
import onnxruntime as ort
import typer

from lambda_fn.model import classifier
from lambda_fn.settings import get_settings
from scripts.benchmark import comments
from scripts.benchmark.operators import feed
from scripts.speed_table import put

CPU = "Zen 4"  # as docs/SPEED.md names the machine that all of them were measured on
MODEL = get_settings().model_dir / "onnx" / "model_quantized.onnx"
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
ALLOCATORS = {
    "tcmalloc": "libtcmalloc_minimal.so.4",
    "jemalloc": "libjemalloc.so.2",
    "mimalloc": "libmimalloc.so.2.0",
}
CGROUP = Path("/sys/fs/cgroup/cpu/speed")
PERIOD_US = 20_000
COMMENTS = 1_000

SCORE = """
import sys, time
from lambda_fn.model.classifier import SentimentClassifier
from scripts.benchmark import comments
classifier, (texts, _) = SentimentClassifier.load(), comments.load(None, 300)
def best(texts, rounds):
    times = []
    for _ in range(rounds):
        started = time.process_time()
        classifier.classify(texts)
        times.append(time.process_time() - started)
    return min(times)
print(len(texts) / best(texts, 4), 1e3 * best(texts[:1], 100))
"""
START = "import {stub}lambda_fn.api, time; print(time.process_time())"

Row = tuple[str, str, float, float, str]  # part, what, before, after, unit


def printed(program: str, **environment: str) -> list[float]:
    """The numbers that a Python program prints, in a process of its own."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def allocators(rounds: int) -> Iterator[Row]:
    found = {name: str(LIBRARIES / file) for name, file in ALLOCATORS.items() if (LIBRARIES / file).exists()}
    figures = {name: [] for name in ("glibc", *found)}
    for _ in range(rounds):
        for name, runs in figures.items():
            runs.append(printed(SCORE, LD_PRELOAD=found.get(name, "")))
    for name in found:
        before, after = (np.array(figures[n]) for n in ("glibc", name))
        yield "process", f"glibc's malloc -> {name}: 300 comments", before[:, 0].max(), after[:, 0].max(), "comments/s"
        yield "process", f"glibc's malloc -> {name}: one comment", before[:, 1].min(), after[:, 1].min(), "ms"


def start(rounds: int) -> Iterator[Row]:
    """The API's start with the collector at work, and without (lambda_fn/cold_start.py)."""
    times = [(printed(START.format(stub="gc; gc.disable = int; import "))[0], printed(START.format(stub=""))[0])
             for _ in range(3 * rounds)]  # fmt: skip
    before, after = map(min, zip(*times, strict=True))
    yield "start", "API: garbage collection during the start -> none", before, after, "s"


def files(rounds: int) -> Iterator[Row]:
    """Milliseconds until a second session is ready: the first in a process also pays for the library's own start."""
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "model.ort"
        options = classifier.session_options(1)
        options.optimized_model_filepath = str(converted)
        options.add_session_config_entry("session.save_model_format", "ORT")
        ort.InferenceSession(str(MODEL), options, ["CPUExecutionProvider"])

        def opened(path: Path, *entries: tuple[str, str]) -> Callable[[], object]:
            options = classifier.session_options(1)
            for entry in entries:
                options.add_session_config_entry(*entry)
            return lambda: ort.InferenceSession(str(path), options, ["CPUExecutionProvider"])

        unpacked = ("session.disable_prepacking", "1")
        onnx, ort_format, bare = best(
            [opened(MODEL), opened(converted), opened(MODEL, unpacked)], 5 * rounds, lambda run: run()
        )
    yield "start", "session from the ONNX file -> from an ORT-format file", 1e3 * onnx, 1e3 * ort_format, "ms"
    yield "start", "session with prepacked weights -> without", 1e3 * onnx, 1e3 * bare, "ms"


def best(works: Sequence, rounds: int, run: Callable[[object], object]) -> list[float]:
    """Best CPU seconds of `run(work)` for each work, by turns."""
    times = np.full(len(works), np.inf)
    for _ in range(rounds):
        for i, work in enumerate(works):
            started = time.process_time()
            run(work)
            times[i] = min(times[i], time.process_time() - started)
    return times.tolist()


def batches(rounds: int, texts: list[str]) -> Iterator[Row]:
    loaded = classifier.SentimentClassifier.load()
    ids = [encoding.ids for encoding in loaded.tokenizer.encode_batch_fast([classifier.normalise(t) for t in texts])]
    lengths = list(map(len, ids))
    by_length = sorted(range(len(ids)), key=lengths.__getitem__)
    names = {f"{n} tokens": list(classifier.length_buckets(lengths, n)) for n in (512, 256, 384, 768, 1024)}
    names["512 tokens, rows of exactly one length"] = list(exact(by_length, lengths, 512))

    def run(batches: list[list[int]]) -> None:
        for batch in batches:
            loaded._run([ids[i] for i in batch])

    shipped, *others = (sum(lengths) / t for t in best(list(names.values()), rounds, run))
    for name, rate in zip(list(names)[1:], others, strict=True):
        yield "batching", f"comments in one call, batches of 512 tokens -> {name}", shipped, rate, "tokens/s"


def exact(by_length: list[int], lengths: list[int], tokens: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for index in by_length:
        if batch and (lengths[index] != lengths[batch[0]] or lengths[index] * (len(batch) + 1) > tokens):
            yield batch
            batch = []
        batch.append(index)
    yield batch


@contextmanager
def part_of_a_vcpu(quota: float) -> Iterator[None]:
    """This process with `quota` of a CPU's time, as Lambda's memory sizes give it."""
    CGROUP.mkdir(exist_ok=True)
    (CGROUP / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    (CGROUP / "cpu.cfs_quota_us").write_text(str(int(PERIOD_US * quota)))
    (CGROUP / "cgroup.procs").write_text(str(os.getpid()))
    try:
        yield
    finally:
        (CGROUP.parent / "cgroup.procs").write_text(str(os.getpid()))
        CGROUP.rmdir()


def threads(rounds: int) -> Iterator[Row]:
    """Mean wall-clock milliseconds of a comment: what a caller waits for."""
    ways = {"one thread": (1, "0"), "two threads": (2, "0"), "two threads that spin": (2, "1")}
    for quota in (0.29, 1.0):
        waits = dict.fromkeys(ways, np.inf)
        for _ in range(rounds):
            for name, (count, spinning) in ways.items():
                options = classifier.session_options(count)
                options.add_session_config_entry("session.intra_op.allow_spinning", spinning)
                with part_of_a_vcpu(quota):  # before the threads start: they inherit it
                    session = ort.InferenceSession(str(MODEL), options, ["CPUExecutionProvider"])
                    for _ in range(10):
                        session.run(None, feed(1, 22))
                    started = time.perf_counter()
                    for _ in range(100):
                        session.run(None, feed(1, 22))
                    waits[name] = min(waits[name], 10 * (time.perf_counter() - started))
        for name in list(ways)[1:]:
            what = f"{quota:g} vCPU, one comment of 22 tokens: one thread -> {name}"
            yield "process", what, waits["one thread"], waits[name], "ms of waiting"


def digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def process_experiments(
    rounds: Annotated[int, typer.Option(help="rounds of each comparison")] = 5,
    comments_file: Annotated[Path | None, typer.Option("--comments", help="JSON Lines with `text`, .gz or not")] = None,
    update: Annotated[bool, typer.Option("--update", help="write the figures into docs/speed_experiments.csv")] = False,
) -> None:
    ort.set_default_logger_severity(3)  # it warns of an option that is set twice
    texts, _ = comments.load(comments_file, COMMENTS)
    parts = [batches(2 * rounds, texts), allocators(rounds), files(rounds), start(rounds)]
    if os.access(CGROUP.parent, os.W_OK) and (CGROUP.parent / "cpu.cfs_quota_us").exists():
        parts.append(threads(rounds))
    measured = []
    for rows in parts:
        for part, what, before, after, unit in rows:
            row = {"part": part, "what": what, "unit": unit, "CPU": CPU}
            row |= {"before": digits(before), "after": digits(after)}
            typer.echo(f"{row['before']:>8} -> {row['after']:>8} {unit} {100 * (after / before - 1):+5.1f} %  {what}")
            measured.append(row)
    if update:
        put(measured)


process_experiments.__doc__ = __doc__

if __name__ == "__main__":
    typer.run(process_experiments)
