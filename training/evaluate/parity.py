"""Step 9d: the same comment, the same answer: in any batch, and on CPUs with other integer instructions.

    python -m training.evaluate.parity --artifact build/training/artifact --cpu Haswell --cpu neoverse-n1 \
        --out parity.json

Another CPU is emulated by qemu (emulation.py says what that needs), many times slower than the real one;
`--scored` takes what training.evaluate.parity_worker wrote on another machine.
"""

import json
import random
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.model.classifier import SentimentClassifier
from training.data.comments import scored
from training.data.records import PREPARED
from training.evaluate import emulation

# ---- settings ---------------------------------------------------------------------------------------------------
COMMENTS = 250
MAX_CHARS = 400  # emulation is slow; long comments multiply with the same kernels
SEED = 1
CPUS = {  # qemu's name: what it stands for; the pipeline compares those that can run where it runs
    "Haswell": "x86 with AVX2, without VNNI",
    "neoverse-n1": "arm64 with dot products (Graviton2)",
}
# -----------------------------------------------------------------------------------------------------------------


def scores_of(classifier: SentimentClassifier, texts: list[str]) -> np.ndarray:
    """[n] probability of positive against negative."""
    return np.array([s.score if s.label == "positive" else 1 - s.score for s in classifier.classify(texts)])


def batch_difference(classifier: SentimentClassifier, texts: list[str]) -> float:
    """Largest change of a comment's score, or of a class probability, between alone and two different batches."""
    alone = [classifier.classify([text])[0] for text in texts]
    shuffled = list(range(len(texts)))
    random.Random(SEED).shuffle(shuffled)
    halves = [shuffled[: len(texts) // 2], shuffled[len(texts) // 2 :]]
    worst = 0.0
    for rows in [list(range(len(texts))), *halves]:
        for i, together in zip(rows, classifier.classify([texts[i] for i in rows]), strict=True):
            signed = [s.score if s.label == "positive" else 1 - s.score for s in (alone[i], together)]
            changes = [abs(alone[i].probabilities[k] - p) for k, p in together.probabilities.items()]
            worst = max(worst, abs(signed[0] - signed[1]), *changes)
    return worst


def compare(reference: np.ndarray, other: np.ndarray, cpu: str) -> dict:
    """Share of labels that agree (percent), largest score difference. reference, other: [n] P(positive)."""
    return {
        "cpu": cpu,
        "agree": round(100 * float(((reference >= 0.5) == (other >= 0.5)).mean()), 2),
        "score_difference": round(float(np.abs(reference - other).max()), 5),
    }


def main(
    artifact: Annotated[Path, typer.Option(help="artifact folder")],
    out: Annotated[Path, typer.Option(help="JSON file to write")],
    cpu: Annotated[
        list[str] | None, typer.Option(help="qemu CPU model, x86 or arm64: Haswell, neoverse-n1; may be repeated")
    ] = None,
    scored_elsewhere: Annotated[
        list[str] | None,
        typer.Option("--scored", help="NAME=FILE written by training.evaluate.parity_worker elsewhere"),
    ] = None,
    texts: Annotated[Path | None, typer.Option(help="where to write the texts, for the worker elsewhere")] = None,
    comments: int = COMMENTS,
    data: Path = PREPARED,
) -> None:
    """Compare the artifact's scores across batches and CPUs, on comments of the development set."""
    for name in cpu or []:
        if reason := emulation.what_is_missing(name):
            raise typer.BadParameter(reason, param_hint="--cpu")
    short = [r["text"] for r in scored(data, "dev") if len(r["text"]) <= MAX_CHARS]
    sample = random.Random(SEED).sample(short, min(comments, len(short)))
    if texts:
        texts.write_text(json.dumps(sample))
    classifier = SentimentClassifier.load(artifact)
    reference = scores_of(classifier, sample)
    cpus = [
        compare(reference, np.array(emulation.scores(artifact, sample, name)), f"{CPUS.get(name, 'CPU')}, qemu {name}")
        for name in cpu or []
    ]
    for entry in scored_elsewhere or []:
        name, _, file = entry.partition("=")
        cpus.append(compare(reference, np.array(json.loads(Path(file).read_text())), name))
    figures = {
        "comments": len(sample),
        "batch_difference": batch_difference(classifier, sample),
        "reference": processor(),
        "cpus": cpus,
    }
    out.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures))


def processor() -> str:
    """The integer instructions of this CPU that matter to int8 products."""
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.is_file() else set()
    found = [name for name in ("amx_int8", "avx512_vnni", "avx_vnni", "avx512bw", "avx2", "asimddp") if name in flags]
    return f"this CPU ({', '.join(found) or 'no int8 instructions known'})"


if __name__ == "__main__":
    typer.run(main)
