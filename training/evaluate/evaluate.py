"""Step 10: what the model is worth on comments it was not trained on, as JSON, Markdown and two pictures.

    python -m training.evaluate.evaluate --checkpoint build/training/student --fp32 build/training/onnx/model.onnx \
        --int8 build/training/onnx/model_calibrated.onnx --calibration build/training/calibration.json \
        --out build/training/metrics.json

`--against` adds a Hugging Face id or a local folder of any sentiment classifier; `--previous` the saved logits of an
earlier model, named after their folder, for the paired comparison. `training.evaluate.evaluate_set` scores the
predecessor's evaluation set.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import typer
from sklearn.metrics import confusion_matrix, f1_score

from lambda_fn.model.classifier import LABELS, NEGATIVE, NEUTRAL, POSITIVE
from training.data.comments import key, scored
from training.data.records import PREPARED
from training.evaluate.predict import onnx_logits
from training.evaluate.slices import slices
from training.ship.finish import encoder_of
from training.train.batches import encode
from training.train.encoder import load_tokenizer

# ---- settings ---------------------------------------------------------------------------------------------------
MAX_TOKENS = 256
BOOTSTRAPS = 1000
SEED = 1
# -----------------------------------------------------------------------------------------------------------------


def side(logits: np.ndarray) -> np.ndarray:
    """True where the binary label is positive."""
    return logits[:, POSITIVE] >= logits[:, NEGATIVE]


def binary_accuracy(logits: np.ndarray, scores: np.ndarray) -> float:
    """Over the rows that take a side (score not 0)."""
    sided = scores != 0
    return float((side(logits) == (scores > 0))[sided].mean())


def sure_accuracy(logits: np.ndarray, scores: np.ndarray) -> float:
    """Over the rows of |score| = 2."""
    sure = np.abs(scores) == 2
    return float((side(logits) == (scores > 0))[sure].mean())


def binary_f1(logits: np.ndarray, scores: np.ndarray) -> float:
    """Macro-F1 of the two sides over the rows that take one."""
    sided = scores != 0
    return float(f1_score(scores[sided] > 0, side(logits)[sided], average="macro"))


def macro_f1(logits: np.ndarray, scores: np.ndarray) -> float:
    """Macro-F1 of the three classes over all rows."""
    return float(f1_score(np.sign(scores) + 1, logits.argmax(1), average="macro", labels=[0, 1, 2], zero_division=0))


def accuracy(logits: np.ndarray, scores: np.ndarray) -> float:
    """Accuracy of the three classes over all rows."""
    return float((logits.argmax(1) == np.sign(scores) + 1).mean())


MEASURES = {
    "binary": binary_accuracy,
    "sure": sure_accuracy,
    "binary_f1": binary_f1,
    "accuracy_3": accuracy,
    "macro_f1_3": macro_f1,
}


def percent(value: float) -> float:
    return round(100 * float(value), 2)


def resampled(logits: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Each measure over BOOTSTRAPS resamples of the rows; the resamples are the same for every model."""
    random = np.random.default_rng(SEED)
    draws = [random.integers(0, len(scores), len(scores)) for _ in range(BOOTSTRAPS)]
    return {name: np.array([measure(logits[d], scores[d]) for d in draws]) for name, measure in MEASURES.items()}


def figures(logits: np.ndarray, scores: np.ndarray, values: dict[str, np.ndarray]) -> dict:
    """Each measure in percent with its 95 % interval over `values`, and the 3 x 3 confusion (rows: truth)."""
    out = {}
    for name, measure in MEASURES.items():
        out[name] = percent(measure(logits, scores))
        out[f"{name}_interval"] = [percent(q) for q in np.quantile(values[name], (0.025, 0.975))]
    out["confusion"] = confusion_matrix(np.sign(scores) + 1, logits.argmax(1), labels=[0, 1, 2]).tolist()
    return out


def paired(ours: dict, theirs: dict, our_values: dict, their_values: dict) -> dict:
    """Difference ours - theirs of each measure in points, with its 95 % interval over the common resamples."""
    out = {}
    for name in MEASURES:
        low, high = np.quantile(our_values[name] - their_values[name], (0.025, 0.975))
        out[name] = {
            "difference": round(ours[name] - theirs[name], 2),
            "interval": [percent(low), percent(high)],
        }
    return out


def vader_logits(texts: list[str]) -> np.ndarray:
    """VADER's compound in [-1, 1] as [n, 3]: neutral between -0.05 and 0.05, as its authors advise."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()
    compound = np.array([analyser.polarity_scores(t)["compound"] for t in texts])
    return np.stack([-compound, np.full(len(compound), 0.05), compound], axis=1)


def huggingface_logits(name: str, texts: list[str]) -> np.ndarray:
    """[n, 3] log-probabilities of any Hugging Face sentiment classifier, its labels mapped to ours.

    A label counts by its first letters (neg, neu, pos, bear, bull, label_0...); a two-class model has no neutral.
    """
    from transformers import pipeline

    classify = pipeline("text-classification", model=name, top_k=None, truncation=True, device="cpu")
    starts = {"neg": NEGATIVE, "bear": NEGATIVE, "neu": NEUTRAL, "pos": POSITIVE, "bull": POSITIVE}
    by_number = {2: (NEGATIVE, POSITIVE), 3: (NEGATIVE, NEUTRAL, POSITIVE)}
    out = np.full((len(texts), 3), 1e-9)
    for row, scores in enumerate(classify(texts, batch_size=16)):
        for entry in scores:
            label = entry["label"].lower()
            if label.startswith("label_"):
                column = by_number[len(scores)][int(label[6:])]
            else:
                column = next((c for start, c in starts.items() if label.startswith(start)), None)
                if column is None:
                    raise ValueError(f"{name} has the label {entry['label']}, which is no sentiment")
            out[row, column] = max(entry["score"], 1e-9)
    return np.log(out)


def saved_logits(path: Path, rows: list[dict]) -> np.ndarray:
    """Logits saved by an earlier model, in the order of `rows`. Raises ValueError if a row is missing."""
    with np.load(path) as saved:
        by_key = dict(zip(saved["keys"].tolist(), saved["logits"], strict=True))
    missing = [key(r) for r in rows if key(r) not in by_key]
    if missing:
        raise ValueError(f"{path} lacks {len(missing)} of the rows, {missing[0]} first")
    return np.stack([by_key[key(r)] for r in rows])


def by_slice(models: dict[str, np.ndarray], rows: list[dict], scores: np.ndarray, lengths: list[int]) -> list[dict]:
    """Binary accuracy of each model on each part, with the number of rows that take a side there."""
    table = []
    for name, part in slices(rows, lengths).items():
        sided = part & (scores != 0)
        if sided.sum() < 20:
            continue
        values = {m: percent((side(x) == (scores > 0))[sided].mean()) for m, x in models.items()}
        table.append({"slice": name, "rows": int(part.sum()), "sided": int(sided.sum()), **values})
    return table


def keep_others(metrics: dict, earlier: dict) -> dict:
    """`metrics` with those models of `earlier`, on the same rows, that were not measured again, and its cost.

    Without their logits there is no paired difference of these. Raises ValueError where the rows are others.
    """
    counts = ("rows", "sided_rows", "sure_rows")
    if any(metrics[name] != earlier[name] for name in counts):
        raise ValueError("the earlier metrics are of other rows")
    order = [*earlier["models"], *metrics["models"]]
    models = {name: metrics["models"].get(name) or earlier["models"][name] for name in dict.fromkeys(order)}
    known = {part["slice"]: part for part in earlier["slices"]}
    slices = [{**known.get(part["slice"], {}), **part} for part in metrics["slices"]]
    kept = {name: earlier[name] for name in ("training",) if name in earlier}
    return {**kept, **metrics, "models": models, "slices": slices}


def evaluate(
    int8: Annotated[Path, typer.Option(help="int8 ONNX file as it ships")],
    checkpoint: Annotated[Path, typer.Option(help="checkpoint folder or artifact, for its tokenizer")],
    out: Annotated[Path, typer.Option(help="JSON file to write; Markdown and pictures go beside it")],
    fp32: Annotated[Path | None, typer.Option(help="fp32 ONNX file to compare with")] = None,
    calibration: Annotated[Path | None, typer.Option(help="JSON of training.evaluate.calibrate")] = None,
    parity: Annotated[Path | None, typer.Option(help="JSON of training.evaluate.parity")] = None,
    previous: Annotated[
        list[Path] | None, typer.Option(help="saved dev logits of an earlier model (.npz); may be repeated")
    ] = None,
    against: Annotated[list[str] | None, typer.Option(help="Hugging Face id or folder; may be repeated")] = None,
    training: Annotated[Path | None, typer.Option(help="JSON of the training cost")] = None,
    earlier: Annotated[
        Path | None,
        typer.Option(help="metrics.json of the same rows: what it has of other models, and the cost, is kept"),
    ] = None,
    data: Path = PREPARED,
) -> None:
    """Measure the int8 model, and what it is compared with, on DATA/dev.jsonl.gz."""
    from training.evaluate.pictures import draw_calibration, draw_confusion
    from training.evaluate.report import markdown

    rows = scored(data, "dev")
    texts, scores = [r["text"] for r in rows], np.array([r["score"] for r in rows])
    tokenizer = load_tokenizer(str(checkpoint))
    models = {"int8": onnx_logits(int8, tokenizer, texts, MAX_TOKENS)}
    if fp32:
        models["fp32"] = onnx_logits(fp32, tokenizer, texts, MAX_TOKENS)
    for file in previous or []:
        name = file.parent.name.replace("-", " ")
        if name in (*models, "VADER"):
            raise typer.BadParameter(f"there is a model {name!r} already: rename the folder of {file}")
        models[name] = saved_logits(file, rows)
    models["VADER"] = vader_logits(texts)
    for name in against or []:
        models[name] = huggingface_logits(name, texts)
    lengths = [len(i) for i in encode(tokenizer, texts, 100_000)]
    values = {name: resampled(logits, scores) for name, logits in models.items()}
    table = {name: figures(logits, scores, values[name]) for name, logits in models.items()}
    metrics = {
        "rows": len(rows),
        "sided_rows": int((scores != 0).sum()),
        "sure_rows": int((np.abs(scores) == 2).sum()),
        "labels": list(LABELS),
        "max_tokens": MAX_TOKENS,
        "bootstraps": BOOTSTRAPS,
        "models": table,
        "paired": {m: paired(table["int8"], table[m], values["int8"], values[m]) for m in models if m != "int8"},
        "slices": by_slice(models, rows, scores, lengths),
        "file_mb": round(int8.stat().st_size / 1e6, 2),
    }
    for name, path in (("calibration", calibration), ("parity", parity), ("training", training)):
        if path:
            metrics[name] = json.loads(path.read_text())
    if earlier:
        metrics = keep_others(metrics, json.loads(earlier.read_text()))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(metrics, indent=1) + "\n")
    out.with_suffix(".md").write_text(markdown(metrics))
    trained = onnx_logits(encoder_of(onnx.load(int8)).SerializeToString(), tokenizer, texts, MAX_TOKENS)
    draw_calibration(trained, models["int8"], scores, out.with_name("calibration.png"))
    draw_confusion(metrics["models"]["int8"]["confusion"], out.with_name("confusion.png"))
    print(markdown(metrics))


if __name__ == "__main__":
    typer.run(evaluate)
