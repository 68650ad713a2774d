"""Where the encoder's time goes: ONNX Runtime's own profile of one batch, by kind of operator, one thread.

    python -m scripts.benchmark.operators            # writes docs/speed_operators.json; docs/SPEED.md is made from it

The part of the run that no operator accounts for is ONNX Runtime's own: allocation, and the steps from one operator to
the next.
"""

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import numpy as np
import onnxruntime as ort
import typer

from lambda_fn.model.classifier import session_options
from lambda_fn.settings import get_settings
from scripts.benchmark import peak, report

REPOSITORY = Path(__file__).resolve().parents[2]
OUT = REPOSITORY / "docs" / "speed_operators.json"
ROWS, TOKENS = 16, 32
WARM_UP, RUNS = 20, 200
# What else runs, here or on the host's other machines, only ever slows a run down.
QUANTILE = 0.1


def feed(rows: int = ROWS, tokens: int = TOKENS) -> dict[str, np.ndarray]:
    """A batch without padding, of random words."""
    ids = np.random.default_rng(0).integers(1000, 20000, (rows, tokens))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def us_by_kind(events: Iterable[dict], runs: int) -> dict[str, float]:
    """Microseconds of one run per kind of operator, from a profile's events: each node's 10th percentile, summed."""
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            times[event["args"]["op_name"], event["name"]].append(event["dur"])
    kinds: dict[str, float] = defaultdict(float)
    for (kind, _), durations in times.items():
        kinds[kind] += float(np.quantile(durations[-runs:], QUANTILE))
    return dict(sorted(kinds.items(), key=lambda item: -item[1]))


def profile(model: Path, batch: dict[str, np.ndarray], runs: int = RUNS) -> tuple[dict[str, float], float]:
    """`us_by_kind`, and the microseconds of a whole run of a session that is not being profiled."""
    plain = ort.InferenceSession(str(model), session_options(1), ["CPUExecutionProvider"])
    with tempfile.TemporaryDirectory() as folder:
        options = session_options(1)
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        profiled = ort.InferenceSession(str(model), options, ["CPUExecutionProvider"])
        whole = []
        for run in range(WARM_UP + runs):  # by turns, so that both see the same machine
            started = time.perf_counter()
            plain.run(None, batch)
            whole.append(1e6 * (time.perf_counter() - started))
            if run < WARM_UP or run % 4 == 0:
                profiled.run(None, batch)
        events = json.loads(Path(profiled.end_profiling()).read_text())
    return us_by_kind(events, runs // 4), float(np.quantile(whole[WARM_UP:], QUANTILE))


def breakdown() -> dict:
    """What docs/speed_operators.json holds."""
    kinds, whole = profile(get_settings().model_dir / "onnx" / "model_quantized.onnx", feed())
    nominal, computed = peak.products()
    return {
        "hardware": report.hardware(),
        "rows": ROWS,
        "tokens": TOKENS,
        "run_us": whole,
        "operators_us": kinds,
        "peak_gmac_s": peak.matmul_integer_peak(),
        "nominal_mmac_per_token": nominal,
        "computed_mmac_per_token": computed,
    }


def operators(out: Annotated[Path, typer.Option(help="JSON file to write")] = OUT) -> None:
    measured = breakdown()
    out.write_text(json.dumps(measured, indent=1) + "\n")
    for kind, us in measured["operators_us"].items():
        typer.echo(f"{kind:24} {us:8.0f} us  {100 * us / measured['run_us']:5.1f} %")
    typer.echo(f"{'whole run':24} {measured['run_us']:8.0f} us")


operators.__doc__ = __doc__

if __name__ == "__main__":
    typer.run(operators)
