"""Fails where the model became slower: a ratio of two times measured by turns, so that the machine hardly counts.

    python -m scripts.benchmark.guard             # exit 1 if the ratio is over 15 % above the committed one
    python -m scripts.benchmark.guard --update    # commit to what is measured now

The ratio is the time of the model's session over the time of the same products in fp32 by NumPy, one thread each. It
depends on the kind of int8 instructions, so there is a figure for each kind that was measured; on another kind
nothing is compared, and the program says so.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["ORT_THREADS"] = "1"

import numpy as np
import typer

from lambda_fn.model.classifier import SentimentClassifier
from lambda_fn.model.cpu import int8_flags
from lambda_fn.settings import get_settings

COMMITTED = Path(__file__).with_name("guard.json")
TOLERANCE = 1.15
ROWS, TOKENS, REPEATS = 16, 32, 25


def fp32_products(config: dict) -> Callable[[], None]:
    """Multiplies one layer's matrices; config: the model's config.json."""
    width, hidden = config["dim"], config["hidden_dim"]
    random = np.random.default_rng(0)
    pairs = [
        (random.standard_normal((ROWS * TOKENS, a), dtype=np.float32), random.standard_normal((a, b), dtype=np.float32))
        for a, b in ((width, 4 * width), (width, hidden), (hidden, width))
    ]

    def multiply() -> None:
        for a, b in pairs:
            a @ b

    return multiply


def seconds(work: Callable[[], object]) -> float:
    """CPU time, so that other programs do not count."""
    started = time.process_time()
    work()
    return time.process_time() - started


def ratio() -> float:
    """Best time of the model's session over that of its products in fp32; the two measured by turns."""
    config = json.loads((get_settings().model_dir / "config.json").read_text())
    session = SentimentClassifier.load().session
    ids = np.random.default_rng(0).integers(1000, 20000, (ROWS, TOKENS))
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    multiply = fp32_products(config)
    times = [(seconds(lambda: session.run(None, feed)), seconds(multiply)) for _ in range(REPEATS)]
    best_model, best_products = map(min, zip(*times, strict=True))
    return best_model / (best_products * config["n_layers"])


def guard(
    update: Annotated[bool, typer.Option("--update", help="write the figure of this kind of CPU")] = False,
    committed: Annotated[Path, typer.Option(help="file of the committed figures")] = COMMITTED,
) -> None:
    # A masked CPU (cpumask.c) still shows its flags in /proc/cpuinfo.
    masked = os.environ.get("CPU_MASK", "")
    kind = {"1": "avx512_vnni", "2": "avx512f", "3": "avx2"}.get(masked) or (int8_flags() or ["none"])[-1]
    measured = ratio()
    figures = json.loads(committed.read_text()) if committed.exists() else {}
    if update:
        committed.write_text(json.dumps(figures | {kind: round(measured, 3)}, indent=1) + "\n")
        typer.echo(f"{kind}: {measured:.3f}, written")
    elif kind not in figures:
        typer.echo(f"{kind}: {measured:.3f}; no figure is committed for this kind of CPU")
    elif measured > figures[kind] * TOLERANCE:
        typer.echo(f"{kind}: {measured:.3f}, over 15 % above the committed {figures[kind]:.3f}", err=True)
        raise typer.Exit(1)
    else:
        typer.echo(f"{kind}: {measured:.3f}; committed {figures[kind]:.3f}")


guard.__doc__ = __doc__

if __name__ == "__main__":
    typer.run(guard)
