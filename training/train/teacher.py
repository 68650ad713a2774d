"""Step 3: the teacher, a larger encoder fine-tuned on the labelled comments.

    python -m training.train.teacher --base mpnet --out build/training/teacher

The student that ships has 6 layers of width 384; what a 12-layer, 768-wide encoder reads better it can partly learn
from the teacher's probabilities. Without one (`--teacher ""`) the pipeline fine-tunes the student on the labels alone.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from training.data.comments import scored, soft_targets
from training.data.records import PREPARED
from training.train.batches import encode
from training.train.encoder import load_base, load_tokenizer, pad_token
from training.train.keep import keep
from training.train.loop import Schedule, soft_cross_entropy, train

# ---- hyper-parameters -------------------------------------------------------------------------------------------
ROWS = 80_000  # a seeded sample of the labels, 0 for all; of the others its opinion is its own, not remembered
EPOCHS = 1
LEARNING_RATE = 7e-5
BATCH_TOKENS = 4096
LAYER_DECAY = 0.9
DROPOUT = 0.0
FROZEN_LAYERS = 4  # the lowest, and the embeddings: their weights need no gradient and no optimizer state
MAX_TOKENS = 96  # 95 % of the comments are shorter
# -----------------------------------------------------------------------------------------------------------------


def freeze(model: torch.nn.Module, layers: int) -> None:
    """Leave the embeddings and the lowest `layers` layers as they are."""
    for name, parameter in model.named_parameters():
        depth = int(name.split(".layer.")[1].split(".")[0]) if ".layer." in name else None
        if "embeddings" in name or (depth is not None and depth < layers):
            parameter.requires_grad_(False)


def teacher(
    base: Annotated[str, typer.Option(help="mpnet, a folder or a Hugging Face id of the larger encoder")],
    out: Annotated[Path, typer.Option(help="folder to write")],
    data: Path = PREPARED,
    seed: int = 1,
    epochs: int = EPOCHS,
    learning_rate: float = LEARNING_RATE,
    rows: Annotated[int, typer.Option(help="labels to learn from; 0 for all")] = ROWS,
) -> None:
    """Fine-tune BASE on DATA/labelled.jsonl.gz and write it, with its logits on dev, to OUT."""
    torch.manual_seed(seed)
    model, tokenizer = load_base(base), load_tokenizer(base)
    freeze(model, FROZEN_LAYERS)
    labelled, dev = scored(data, "labelled"), scored(data, "dev")
    order = np.random.default_rng(seed).permutation(len(labelled))[: rows or None]
    labelled = [labelled[i] for i in sorted(order)]
    figures = train(
        model,
        encode(tokenizer, [r["text"] for r in labelled], MAX_TOKENS),
        soft_cross_entropy(torch.from_numpy(soft_targets(labelled))),
        Schedule(epochs, learning_rate, BATCH_TOKENS, layer_decay=LAYER_DECAY, dropout=DROPOUT, seed=seed),
        pad_token(tokenizer),
        out.with_suffix(".state"),
        f"teacher seed {seed}",
    )
    note = f"teacher: {Path(base).name}, {len(labelled):,} labels, {epochs} epochs"
    keep(model, tokenizer, out, dev, figures, note, fast=True)


if __name__ == "__main__":
    typer.run(teacher)
