"""Step 4b: one model from several fine-tuned ones, by the mean of their weights.

    python -m training.train.soup --checkpoint build/training/finetuned-1 --checkpoint build/training/finetuned-2 \
        --out build/training/soup

Runs that start from the same weights and differ in their seed end in the same basin, where the mean of the weights is
about as good as the mean of the predictions and costs one forward pass (Wortsman et al. 2022, arXiv 2203.05482).
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from training.data.comments import scored
from training.data.records import PREPARED
from training.evaluate.ablations import record
from training.evaluate.predict import dev_figures, logits_of, save_logits
from training.train.encoder import load_checkpoint, save_checkpoint

# ---- settings ---------------------------------------------------------------------------------------------------
MAX_TOKENS = 256
# -----------------------------------------------------------------------------------------------------------------


@torch.no_grad()
def average(models: list[torch.nn.Module]) -> None:
    """Give the first model the mean of all models' weights."""
    states = [m.state_dict() for m in models]
    for name, weight in states[0].items():
        if weight.is_floating_point():
            weight.copy_(torch.stack([s[name] for s in states]).mean(0))


def soup(
    checkpoint: Annotated[list[Path], typer.Option(help="fine-tuned checkpoint; repeat")],
    out: Annotated[Path, typer.Option(help="folder to write")],
    data: Path = PREPARED,
) -> None:
    """Average the CHECKPOINTs' weights and write the result, with its logits on dev, to OUT."""
    models = [load_checkpoint(c) for c in checkpoint]
    average([m for m, _ in models])
    model, tokenizer = models[0]
    save_checkpoint(model, tokenizer, out)
    dev = scored(data, "dev")
    logits = logits_of(model, tokenizer, [r["text"] for r in dev], MAX_TOKENS)
    save_logits(out / "dev_logits.npz", dev, logits)
    figures = dev_figures(logits, np.array([r["score"] for r in dev])) | {"minutes": 0.0}
    (out / "figures.json").write_text(json.dumps(figures, indent=1))
    record(f"mean of the weights of {len(models)} fine-tuned seeds", figures)
    print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(soup)
