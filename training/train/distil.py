"""Step 6: the student learns from the labels mixed with the teacher's probabilities, and from those where none is.

    python -m training.train.distil --init build/training/warm --probabilities build/training/pseudo.npz \
        --out build/training/student

Each unlabelled comment's target is the teachers' mean probability (pseudo_label.py cached it); each labelled comment's
is its soft label mixed with the teachers' probability for it.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from training.data.comments import key, read, scored, soft_targets
from training.data.records import PREPARED
from training.train.batches import encode
from training.train.encoder import load_checkpoint, pad_token
from training.train.keep import keep
from training.train.loop import Schedule, soft_cross_entropy, train

# ---- hyper-parameters -------------------------------------------------------------------------------------------
EPOCHS = 4
LEARNING_RATE = 3e-4
BATCH_TOKENS = 6144  # large, so that the optimizer passes less often over all weights
TEACHER_SHARE = 0.5  # of a labelled comment's target; the rest is its own label
DROPOUT = 0.0
MAX_TOKENS = 256
# -----------------------------------------------------------------------------------------------------------------


def distil(
    init: Annotated[Path, typer.Option(help="checkpoint to start from")],
    probabilities: Annotated[Path, typer.Option(help="cache written by training.train.pseudo_label")],
    out: Annotated[Path, typer.Option(help="folder to write")],
    data: Path = PREPARED,
    seed: int = 1,
    epochs: int = EPOCHS,
    learning_rate: float = LEARNING_RATE,
    note: Annotated[str, typer.Option(help="what this run adds, for the ablation table")] = "",
) -> None:
    """Train INIT on the labelled comments, and on the unlabelled ones that PROBABILITIES has."""
    model, tokenizer = load_checkpoint(init)
    with np.load(probabilities) as cache:
        taught = dict(zip(cache["keys"].tolist(), cache["probabilities"], strict=True))
    labelled, dev = scored(data, "labelled"), scored(data, "dev")
    known = {key(r) for r in labelled}
    unlabelled = [r for r in read(data, "unlabelled") if key(r) in taught and key(r) not in known]
    targets = soft_targets(labelled)
    for i, row in enumerate(labelled):
        if (probability := taught.get(key(row))) is not None:
            targets[i] = TEACHER_SHARE * probability + (1 - TEACHER_SHARE) * targets[i]
    targets = np.concatenate([targets, np.array([taught[key(r)] for r in unlabelled], np.float32).reshape(-1, 3)])
    figures = train(
        model,
        encode(tokenizer, [r["text"] for r in labelled + unlabelled], MAX_TOKENS),
        soft_cross_entropy(torch.from_numpy(targets)),
        Schedule(epochs, learning_rate, batch_tokens=BATCH_TOKENS, dropout=DROPOUT, seed=seed),
        pad_token(tokenizer),
        out.with_suffix(".state"),
        f"distil {len(unlabelled)} + {len(labelled)}",
    )
    figures |= {"unlabelled": len(unlabelled)}
    default = f"distilled: {len(labelled):,} labels, {len(unlabelled):,} unlabelled comments"
    keep(model, tokenizer, out, dev, figures, note or default, MAX_TOKENS)


if __name__ == "__main__":
    typer.run(distil)
