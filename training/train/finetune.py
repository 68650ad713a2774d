"""Step 4: fine-tune on the labelled crypto comments, with soft targets.

python -m training.train.finetune --init build/training/base --out build/training/finetuned-1 --seed 1
"""

from pathlib import Path
from typing import Annotated

import torch
import typer

from training.data.comments import scored, soft_targets
from training.data.records import PREPARED
from training.train.batches import encode
from training.train.encoder import load_checkpoint, pad_token
from training.train.keep import keep
from training.train.loop import Schedule, soft_cross_entropy, train

# ---- hyper-parameters -------------------------------------------------------------------------------------------
EPOCHS = 1  # enough of 80,000 labels; of the first 20,000 it took two or three
LEARNING_RATE = 1.5e-4
BATCH_TOKENS = 2048
LAYER_DECAY = 1.0
EMA = 0.99  # the model kept is a moving average of the weights
MAX_TOKENS = 128  # in training, 96 % of the comments whole; the service reads with the artifact's own max_tokens
DEV_TOKENS = 256
# -----------------------------------------------------------------------------------------------------------------


def finetune(
    init: Annotated[Path, typer.Option(help="checkpoint to start from")],
    out: Annotated[Path, typer.Option(help="folder to write")],
    data: Path = PREPARED,
    seed: int = 1,
    epochs: int = EPOCHS,
    learning_rate: float = LEARNING_RATE,
    layer_decay: float = LAYER_DECAY,
    ema: float = EMA,
    limit: Annotated[int, typer.Option(help="rows to train on; 0 for all")] = 0,
    note: Annotated[str, typer.Option(help="what this run adds, for the ablation table")] = "",
) -> None:
    """Fine-tune the checkpoint INIT on DATA/labelled.jsonl.gz and write the result, with its logits on dev, to OUT."""
    model, tokenizer = load_checkpoint(init)
    rows = scored(data, "labelled")[: limit or None]
    dev = scored(data, "dev")
    figures = train(
        model,
        encode(tokenizer, [r["text"] for r in rows], MAX_TOKENS),
        soft_cross_entropy(torch.from_numpy(soft_targets(rows))),
        Schedule(epochs, learning_rate, batch_tokens=BATCH_TOKENS, layer_decay=layer_decay, ema=ema, seed=seed),
        pad_token(tokenizer),
        out.with_suffix(".state"),
        f"finetune seed {seed}",
    )
    keep(model, tokenizer, out, dev, figures, note or f"fine-tune {init.name}, seed {seed}", DEV_TOKENS)


if __name__ == "__main__":
    typer.run(finetune)
