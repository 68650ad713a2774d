"""The predecessor, the peers and this project in one run on the same cores: JSON, Markdown and a picture.

python -m scripts.benchmark                                     # generated comments with real lengths
python -m scripts.benchmark --comments comments.jsonl.gz        # real ones
python -m scripts.benchmark --quick                             # a minute: the project and one peer

Exit codes: 0 done; 1 an engine that should run did not; 2 a file that cannot be read.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from scripts.benchmark import comments, over_http, peak, report, startup
from scripts.benchmark.engines import ENGINES, PREDECESSOR, PROJECT

WORKERS = (1, 2, 4)  # server processes; on two cores four are for comparison
QUICK_ENGINES = ("ONNX Runtime dynamic int8 384", PROJECT)


def run_engines(
    names: list[str], models: Path, texts_file: Path, sample: int, slow_sample: int, rounds: int
) -> list[dict]:
    """Every engine in its own process; in every round each scores the first `sample` texts, slow ones `slow_sample`."""
    workers, rows = {}, []
    for name in names:
        count = slow_sample if ENGINES[name].slow else sample
        command = [sys.executable, "-m", "scripts.benchmark.worker", name, str(models), str(texts_file), str(count)]
        log = (texts_file.parent / "worker.log").open("a")
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        ready = worker.stdout.readline()
        if not ready:
            rows.append({"engine": name, "error": f"ended with {worker.wait()}; see worker.log"})
            continue
        workers[name] = worker
        rows.append({"engine": name, "width": ENGINES[name].width, **json.loads(ready), "rounds": []})
    for _ in range(rounds):
        for row in rows:
            if worker := workers.get(row["engine"]):
                print("round", file=worker.stdin, flush=True)
                row["rounds"].append(json.loads(worker.stdout.readline()))
    for worker in workers.values():
        worker.stdin.close()
        worker.wait(timeout=60)
    return rows


def benchmark(
    comments_file: Annotated[Path | None, typer.Option("--comments", help="JSON Lines with `text`, .gz or not")] = None,
    out: Annotated[Path, typer.Option(help="folder for report.json, report.md and report.png")] = Path(
        "docs/benchmark"
    ),
    build: Annotated[Path, typer.Option(help="folder for the peers' models")] = Path("build/benchmark"),
    sample: Annotated[int, typer.Option(help="comments that every engine scores in every round")] = 200,
    slow_sample: Annotated[int, typer.Option(help="of these, those that the slow engines score")] = 64,
    requests: Annotated[int, typer.Option(help="of these, those that are sent to the servers")] = 100,
    bulk: Annotated[int, typer.Option(help="comments that this project alone scores in one call")] = 20_000,
    rounds: Annotated[int, typer.Option(help="rounds of each comparison")] = 3,
    quick: Annotated[bool, typer.Option("--quick", help="a minute: one peer, few comments, no servers")] = False,
) -> None:
    os.environ["ORT_THREADS"] = "1"
    if quick:
        sample, slow_sample, bulk, rounds = 40, 40, 200, 2
    try:
        texts, origin = comments.load(comments_file, max(sample, bulk))
    except (OSError, ValueError, KeyError) as error:
        typer.echo(f"cannot read {comments_file}: {error}", err=True)
        raise typer.Exit(2) from None
    from lambda_fn.settings import get_settings
    from scripts.benchmark import models

    build.mkdir(parents=True, exist_ok=True)
    for width in (384,) if quick else (384, 768):
        models.build(build, width, get_settings().model_dir / "tokenizer.json")
    texts_file = build / "texts.json"
    texts_file.write_text(json.dumps(texts[:sample]))
    results = {"hardware": report.hardware(), "comments": origin, "sample": sample, "rounds": rounds}
    names = list(QUICK_ENGINES if quick else ENGINES)
    results["engines"] = run_engines(names, build, texts_file, sample, slow_sample, rounds)
    results["startup"] = startup.measure(rounds)
    results["parts"] = peak.shares(texts[:bulk])
    results["bulk"] = {"comments": len(texts[:bulk]), **results["parts"]}
    nominal, computed = peak.products()
    results["int8"] = {
        "peak_gmac_s": peak.matmul_integer_peak(),
        "encoder_tokens_s": peak.encoder_tokens_per_s(),
        "nominal_mmac_per_token": nominal,
        "computed_mmac_per_token": computed,
    }
    if not quick:
        results["http"] = over_http.measure(build, texts[:requests], rounds, WORKERS)
        results["requests"] = requests
    report.write(results, out)
    typer.echo((out / "report.md").read_text())
    failed = [row["engine"] for row in results["engines"] if "error" in row and row["engine"] in (PREDECESSOR, PROJECT)]
    if failed:
        typer.echo(f"did not run: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


benchmark.__doc__ = __doc__

if __name__ == "__main__":
    typer.run(benchmark)
