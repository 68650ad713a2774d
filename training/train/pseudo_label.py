"""Step 5: the teachers' probabilities for labelled and unlabelled comments, cached on disk and resumable.

    python -m training.train.pseudo_label --teacher build/training/teacher --teacher build/training/finetuned-1 \
        --out build/training/pseudo.npz

Labelled comments come first, then as many of the others as `--limit` allows, in an order that the seed decides.
"""

import hashlib
import json
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.model.classifier import softmax
from training.data.comments import key, read, scored
from training.data.records import PREPARED
from training.evaluate.predict import logits_of_ids
from training.train.batches import encode
from training.train.encoder import load_checkpoint, pad_token

# ---- settings ---------------------------------------------------------------------------------------------------
MAX_TOKENS = 128
MIN_WORDS, MAX_CHARS = 4, 400  # of an unlabelled comment: a shorter one says little, a longer one costs most
LIMIT = 0  # all
CHUNK = 10_000  # comments between two saves
SEED = 1
# -----------------------------------------------------------------------------------------------------------------


def choose(data: Path, limit: int) -> list[dict]:
    """All labelled rows, then up to `limit` unlabelled ones of middling length in a seeded order."""
    labelled = scored(data, "labelled")
    known = {key(r) for r in labelled}
    others = [
        r
        for r in read(data, "unlabelled")
        if key(r) not in known and len(r["text"].split()) >= MIN_WORDS and len(r["text"]) <= MAX_CHARS
    ]
    order = np.random.default_rng(SEED).permutation(len(others))[: limit or None]
    return labelled + [others[i] for i in order]


def score(teacher: Path, rows: list[dict], cache: Path) -> tuple[np.ndarray, float]:
    """[n, 3] logits of one teacher and the seconds they took; `cache` keeps what is done, in the order of `rows`.

    A cache of another teacher, or of other rows, is not gone on with.
    """
    digest = hashlib.sha256((teacher / "model.safetensors").read_bytes())
    for row in rows:
        digest.update(f"{key(row)} {row['text']}".encode())
    made_of = digest.hexdigest()
    done, seconds = np.empty((0, 3), np.float32), 0.0
    if cache.is_file():
        with np.load(cache) as saved:
            if "made_of" in saved and saved["made_of"] == made_of:
                done, seconds = saved["logits"], float(saved["seconds"])
    if len(done) < len(rows):
        model, tokenizer = load_checkpoint(teacher)
        while len(done) < len(rows):
            started = time.monotonic()
            chunk = rows[len(done) : len(done) + CHUNK]
            ids = encode(tokenizer, [r["text"] for r in chunk], MAX_TOKENS)
            new = logits_of_ids(model, ids, pad_token(tokenizer), f"{teacher.name} {len(done)}/{len(rows)}")
            done = np.concatenate([done, new])
            seconds += time.monotonic() - started
            np.savez(cache, logits=done, made_of=made_of, seconds=seconds)
    return done, seconds


def pseudo_label(
    teacher: Annotated[list[Path], typer.Option(help="checkpoint folder; repeat for an ensemble")],
    out: Annotated[Path, typer.Option(help="cache to write: keys, probabilities [n, 3]")],
    data: Path = PREPARED,
    limit: Annotated[int, typer.Option(help="unlabelled comments; 0 for all")] = LIMIT,
) -> None:
    """Write the mean probability of the TEACHERs for each comment; beside it a .json with the minutes it took."""
    rows = choose(data, limit)
    scored_by = [score(t, rows, out.with_name(f"{out.stem}-{t.name}.npz")) for t in teacher]
    probabilities = np.mean([softmax(logits.astype(np.float64)) for logits, _ in scored_by], axis=0)
    minutes = round(sum(seconds for _, seconds in scored_by) / 60, 2)
    out.with_suffix(".json").write_text(json.dumps({"comments": len(rows), "minutes": minutes}))
    np.savez_compressed(out, keys=np.array([key(r) for r in rows]), probabilities=probabilities.astype(np.float32))
    print(f"{out}: {len(rows)} comments, {len(teacher)} teachers")


if __name__ == "__main__":
    typer.run(pseudo_label)
