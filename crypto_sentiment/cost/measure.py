"""Measures what the cost model needs to know about the model, and writes it to the benchmark file.

    make measure                                                          # both hosts, then the documents again
    python -m crypto_sentiment.cost.measure                               # the model in the repository, on this CPU
    python -m scripts.benchmark.masked 3 python -m crypto_sentiment.cost.measure --host avx2   # as if it had AVX2 only
    python -m crypto_sentiment.cost.measure --model-dir DIR --width 768   # another one, for comparison

One ONNX Runtime thread on one core, while the other cores multiply matrices: a Lambda vCPU is a hyperthread whose
sibling works for someone else. Times are CPU times of the thread, so that other programs on this machine do not count.
Comments are random words, with the lengths of real ones (crypto_sentiment/cost/data).
"""

import datetime as dt
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.inputs import BENCHMARK, TOKEN_LENGTHS, read_json
from crypto_sentiment.cost.workload import Lengths

WORDS = ("the", "coin", "price", "will", "go", "up", "down", "buy", "sell", "hold", "market", "moon", "bear", "bull")
SINGLE_CALLS, MESSAGE_COMMENTS, MESSAGES = 200, 273, 3  # half a minute for the narrow model


def comment_of(tokens: int, rng: random.Random) -> str:
    """A text of about `tokens` tokens: each word is one, and the model adds its two markers."""
    return " ".join(rng.choices(WORDS, k=max(1, tokens - 2)))


def comments(lengths: Lengths, count: int, seed: int) -> list[str]:
    """`count` texts with the lengths of real comments."""
    rng = random.Random(seed)
    tokens, shares = zip(*lengths.points, strict=True)
    return [comment_of(round(n), rng) for n in rng.choices(tokens, shares, k=count)]


def real_comments(path: Path) -> list[str]:
    """Texts of a JSONL file, as many as are measured. A first stage settles random words otherwise."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line, _ in zip(lines, range(MESSAGE_COMMENTS * MESSAGES), strict=False)]


def _multiply(core: int) -> None:
    import numpy as np

    os.sched_setaffinity(0, {core})
    a = np.random.default_rng(0).standard_normal((384, 384), dtype=np.float32)
    while True:
        a @ a


@contextmanager
def busy_cores(cores: set[int]):
    """Keep `cores` busy with matrix products for as long as the block runs; yields the processes that do it."""
    context = multiprocessing.get_context("spawn")
    neighbours = [context.Process(target=_multiply, args=(core,), daemon=True) for core in cores]
    for process in neighbours:
        process.start()
    try:
        time.sleep(1.5)  # until they have imported numpy and multiply
        yield neighbours
    finally:
        for process in neighbours:
            process.terminate()
            process.join()


def line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Least squares (intercept, slope) of y over x."""
    slope, intercept = statistics.linear_regression(*zip(*points, strict=True))
    return intercept, slope


def time_singles(classifier, texts: list[str]) -> tuple[float, float]:
    """(call_ms, ms per token) of calls with one comment; the best of two after one to warm up, so that a
    preemption by another process does not count."""
    points = []
    for text in texts:
        times = []
        for _ in range(3):
            start = time.thread_time()
            sentiment = classifier.classify([text])[0]
            times.append((time.thread_time() - start) * 1000)
        points.append((sentiment.tokens, min(times[1:])))
    return line(points)


def time_batches(classifier, texts: list[str], size: int) -> float:
    """ms per token in batches of `size` comments, tokenizing and padding included; the best of three passes each."""
    elapsed, tokens = 0.0, 0
    for start_at in range(0, len(texts) - size + 1, size):
        batch = texts[start_at : start_at + size]
        passes = []
        for _ in range(3):
            start = time.thread_time()
            sentiments = classifier.classify(batch)
            passes.append((time.thread_time() - start) * 1000)
        elapsed += min(passes)
        tokens += sum(sentiment.tokens for sentiment in sentiments)
    return elapsed / tokens


def start_ms() -> float:
    """Wall ms of a fresh process that imports the classifier and loads the model."""
    code = "from lambda_fn.model.classifier import SentimentClassifier as C; C.load().classify(['to the moon'])"
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - start) * 1000


def measure(
    model_dir: Annotated[Path | None, typer.Option(help="model folder; default: the model in the repository")] = None,
    width: Annotated[int, typer.Option(help="width of that model: 384 or 768")] = 384,
    real: Annotated[
        Path | None, typer.Option("--comments", help="JSONL of real comments (`text`); default: random words")
    ] = None,
    host: Annotated[str, typer.Option(help="vnni; or avx2: as a factor of what was measured with VNNI")] = "vnni",
    out: Annotated[Path, typer.Option(help="benchmark file to update")] = BENCHMARK,
    note: Annotated[str, typer.Option(help="what the model is, for the file")] = "the model in the repository",
) -> None:
    """Measure one model on this machine and update the benchmark file. Exit 2: no model, or not Linux."""
    if not hasattr(os, "sched_setaffinity"):
        typer.echo("error: the measurement pins itself to a core, which only Linux allows", err=True)
        raise typer.Exit(2)
    os.environ["ORT_THREADS"] = "1"
    if model_dir:
        os.environ["MODEL_DIR"] = str(model_dir.resolve())
    from lambda_fn.model.classifier import ModelError, SentimentClassifier

    cores = sorted(os.sched_getaffinity(0))
    try:
        if host not in ("vnni", "avx2"):
            raise CostError(f"--host {host}: vnni or avx2")
        classifier = SentimentClassifier.load(model_dir)
        benchmark = read_json(out)
        lengths = Lengths.from_histogram(read_json(TOKEN_LENGTHS), classifier.max_tokens)
    except (ModelError, CostError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    texts = real_comments(real) if real else comments(lengths, MESSAGE_COMMENTS * MESSAGES, seed=1)
    os.sched_setaffinity(0, {cores[0]})
    with busy_cores(set(cores[1:])):
        classifier.classify(texts[:300])
        call_ms, single = time_singles(classifier, texts[:SINGLE_CALLS])
        batch = time_batches(classifier, texts, MESSAGE_COMMENTS)
        cold = start_ms()
    where = f"{processor()}, one thread, {'the other cores busy' if cores[1:] else 'no other core'}"
    text_kind = "real comments" if real else "random words of real lengths"
    source = f"cost.measure on {text_kind}, {dt.date.today()}, model {classifier.revision}; {where}"
    figures = {"call_ms": max(0.0, call_ms), "single_ms_per_token": single, "batch_ms_per_token": batch}
    if host == "avx2":
        add_factor(benchmark, width, classifier.revision, batch, source)
    else:
        benchmark["max_tokens"] = classifier.max_tokens
        rows = {name: figure(round(value, 5), f"{note}; {source}") for name, value in figures.items()}
        rows["local_start_ms"] = figure(round(cold), source)
        benchmark.setdefault("models", {})[str(width)] = {"revision": classifier.revision} | rows
    out.write_text(json.dumps(benchmark, indent=1) + "\n", encoding="utf-8")
    typer.echo(
        f"width {width}: one comment a call {call_ms:.2f} ms + {single:.4f} ms a token; in batches {batch:.4f} ms a "
        f"token ({1000 / batch:,.0f} tokens/s, {batch * lengths.mean:.2f} ms a comment); start {cold:.0f} ms -> {out}"
    )


def figure(value: float, source: str) -> dict:
    """A row of the benchmark file."""
    return {"value": value, "basis": "measured", "source": source}


def add_factor(benchmark: dict, width: int, revision: str, batch_ms_per_token: float, source: str) -> None:
    """Note how much longer the same model takes with AVX2 only. Raises typer.Exit where VNNI's figure is another's."""
    row = benchmark.get("models", {}).get(str(width), {})
    if row.get("revision") != revision:
        typer.echo(f"error: measure model {revision} with VNNI first: the file has {row.get('revision')}", err=True)
        raise typer.Exit(2)
    base = row["batch_ms_per_token"]["value"]
    text = f"{source}; VNNI and AVX512 hidden: {batch_ms_per_token:.5f} against {base:.5f} ms a token in batches"
    benchmark["host_factors"]["avx2"] = figure(round(batch_ms_per_token / base, 3), text)


def processor() -> str:
    """The CPU's own name, where the system tells it, with the instruction sets that matter for int8."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "unknown CPU"
    fields = dict(row.split("\t:", 1) for row in text.replace("\t\t:", "\t:").splitlines() if "\t:" in row)
    flags = set(fields.get("flags", "").split())
    kinds = [kind for flag, kind in (("avx2", "AVX2"), ("avx512_vnni", "AVX512-VNNI")) if flag in flags]
    return " ".join([fields.get("model name", "unknown CPU").strip(), *kinds])


if __name__ == "__main__":
    typer.run(measure)
