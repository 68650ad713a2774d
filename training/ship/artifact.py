"""Step 11: the folder that the service loads.

    python -m training.ship.artifact --checkpoint build/training/student \
        --model build/training/onnx/model_calibrated.onnx --metrics build/training/metrics.json \
        --data build/training/data --out model_artifacts/distilbert-crypto-sentiment

config.json (Hugging Face's fields, and max_tokens), tokenizer.json, tokenizer_config.json, special_tokens_map.json,
onnx/model_quantized.onnx, ngrams.npz (the first stage), metrics.json, README.md (the model card, from metrics.json)
and manifest.json (revision, sha256 of each file, training data, tool versions).

`--checkpoint` may be an artifact: its config and tokenizer are all that is taken from it.
"""

import gzip
import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.model.classifier import LABELS
from training.ship.card import card
from training.ship.hugging_face import special_tokens, tokenizer_config
from training.train.encoder import load_tokenizer, pad_token

# ---- settings ---------------------------------------------------------------------------------------------------
MAX_TOKENS = 256
NAME = "distilbert-crypto-sentiment"
# -----------------------------------------------------------------------------------------------------------------

TOOLS = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime", "numpy")
MODEL_FILES = ("config.json", "tokenizer.json", "onnx/model_quantized.onnx")  # what the revision stands for
NGRAMS = "ngrams.npz"  # the first stage's, also part of the revision where there is one
LOADER_FILES = ("tokenizer_config.json", "special_tokens_map.json")  # the service reads neither


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def count_lines(path: Path) -> int:
    with gzip.open(path) as lines:
        return sum(1 for _ in lines)


def data_account(paths: list[Path]) -> list[dict]:
    """Name, use, lines, bytes and sha256 of each data file, so that a rebuild can be told from this one."""
    held = "choice and calibration, never trained on"
    return [
        {
            "file": p.name,
            "use": held if p.name.startswith("dev.") else "training",
            "lines": count_lines(p),
            "bytes": p.stat().st_size,
            "sha256": sha256(p),
        }
        for p in paths
        if p.is_file()
    ]


def write_artifact(
    checkpoint: Path,
    model: Path,
    metrics: dict | None,
    training_data: list[dict],
    out: Path,
    first_stage: dict | None = None,
) -> str:
    """Write the folder OUT, replacing it as a whole; returns its revision. Without metrics: a draft without a card.

    first_stage: fields of ngrams.npz, the weights and the rule.

    The revision is the first 12 hex digits of a sha256 over the sha256 of MODEL_FILES: the same files, the same name.
    """
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    (part / "onnx").mkdir(parents=True)
    shutil.copyfile(model, part / "onnx" / "model_quantized.onnx")
    tokenizer = load_tokenizer(str(checkpoint))
    tokenizer.save(str(part / "tokenizer.json"))
    config = json.loads((checkpoint / "config.json").read_text())
    config.update(
        max_tokens=MAX_TOKENS,
        pad_token_id=pad_token(tokenizer),
        id2label={str(i): label for i, label in enumerate(LABELS)},
        label2id={label: i for i, label in enumerate(LABELS)},
    )
    config.pop("calibration", None)  # of an artifact made before it was part of the graph
    _write_json(part / "config.json", config)
    _write_json(part / "tokenizer_config.json", tokenizer_config(tokenizer, MAX_TOKENS))
    _write_json(part / "special_tokens_map.json", special_tokens(tokenizer))
    model_files = MODEL_FILES
    if first_stage:
        np.savez_compressed(part / NGRAMS, **first_stage)
        model_files = (*MODEL_FILES, NGRAMS)
    files = {name: sha256(part / name) for name in (*model_files, *LOADER_FILES)}
    revision = hashlib.sha256("".join(files[name] for name in model_files).encode()).hexdigest()[:12]
    if metrics is not None:
        _write_json(part / "metrics.json", metrics)
        (part / "README.md").write_text(card(metrics, revision, NAME, training_data))
        files |= {name: sha256(part / name) for name in ("metrics.json", "README.md")}
    manifest = {
        "name": NAME,
        "revision": revision,
        "files": {name: {"sha256": files[name], "bytes": (part / name).stat().st_size} for name in sorted(files)},
        "training_data": training_data,
        "tools": {tool: version(tool) for tool in TOOLS},
    }
    _write_json(part / "manifest.json", manifest)
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    part.rename(out)
    return revision


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def main(
    checkpoint: Annotated[Path, typer.Option(help="checkpoint folder, or an artifact")],
    model: Annotated[Path, typer.Option(help="int8 ONNX file of training.ship.finish")],
    out: Annotated[Path, typer.Option(help="folder to write")],
    metrics: Annotated[Path | None, typer.Option(help="JSON of training.evaluate.evaluate; none: a draft")] = None,
    data: Annotated[Path | None, typer.Option(help="folder of the prepared data, for card and manifest")] = None,
    ngrams: Annotated[Path | None, typer.Option(help="npz of training.train.ngrams, if the graph has them")] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="JSON of training.evaluate.calibrate, for their rule")
    ] = None,
) -> None:
    """Write the artifact folder."""
    files = sorted(data.glob("*.jsonl.gz")) if data else []
    figures = json.loads(metrics.read_text()) if metrics else None
    if figures and not data:
        raise typer.BadParameter("the card counts the labels: name the folder of the prepared data with --data")
    if figures and not figures.get("training", {}).get("unlabelled"):  # nothing unlabelled was used
        files = [p for p in files if not p.name.startswith("unlabelled.")]
    account = data_account(files)
    first_stage = None
    if ngrams and calibration:
        rule = json.loads(calibration.read_text())["ngrams"]["rule"]
        first_stage = {"weights": np.load(ngrams)["weights"], **rule}
    revision = write_artifact(checkpoint, model, figures, account, out, first_stage)
    print(f"{out}: revision {revision}")


if __name__ == "__main__":
    typer.run(main)
