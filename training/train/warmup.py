"""Step 2: warm-up on general human-labelled sentiment (tweets, Reddit, reviews), one pass.

python -m training.train.warmup --init build/training/base --out build/training/warm
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from training.data.comments import general, scored, soft_targets
from training.data.records import PREPARED
from training.train.batches import encode
from training.train.encoder import load_checkpoint, pad_token
from training.train.keep import keep
from training.train.loop import Schedule, soft_cross_entropy, train

# ---- hyper-parameters -------------------------------------------------------------------------------------------
ROWS = 80_000  # a seeded sample; 0 for all
EPOCHS = 1
LEARNING_RATE = 2e-4
BATCH_TOKENS = 4096
MAX_TOKENS = 64  # these texts are short
# -----------------------------------------------------------------------------------------------------------------


def warmup(
    init: Annotated[Path, typer.Option(help="checkpoint to start from")],
    out: Annotated[Path, typer.Option(help="folder to write")],
    data: Path = PREPARED,
    seed: int = 1,
    rows: Annotated[int, typer.Option(help="texts to train on; 0 for all")] = ROWS,
) -> None:
    """Train INIT on DATA/general.jsonl.gz and write it to OUT."""
    model, tokenizer = load_checkpoint(init)
    texts = general(data)
    order = np.random.default_rng(seed).permutation(len(texts))[: rows or None]
    texts = [texts[i] for i in order]
    dev = scored(data, "dev")
    figures = train(
        model,
        encode(tokenizer, [r["text"] for r in texts], MAX_TOKENS),
        soft_cross_entropy(torch.from_numpy(soft_targets(texts))),
        Schedule(EPOCHS, LEARNING_RATE, batch_tokens=BATCH_TOKENS, seed=seed),
        pad_token(tokenizer),
        out.with_suffix(".state"),
        f"warm-up {len(texts)}",
    )
    keep(model, tokenizer, out, dev, figures, f"general warm-up only, {len(texts)} texts, no crypto label")


if __name__ == "__main__":
    typer.run(warmup)
