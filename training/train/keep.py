"""How every training step ends: the checkpoint is kept, measured on the development set, and noted."""

import json
from pathlib import Path

import numpy as np
from torch import nn
from transformers import PreTrainedTokenizerBase

from training.evaluate.ablations import record
from training.evaluate.predict import dev_figures, logits_of, save_logits
from training.train.encoder import save_checkpoint


def keep(
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    out: Path,
    dev: list[dict],
    figures: dict,
    note: str,
    max_tokens: int = 256,
    fast: bool = False,
) -> None:
    """Write the checkpoint OUT with dev_logits.npz and figures.json, and add `note` to the ablation table.

    dev: rows with text and score. figures: what training measured; the development set's are added. max_tokens: of a
    development comment that are read. fast: in bfloat16, where the CPU is quick at it.
    """
    save_checkpoint(model, tokenizer, out)
    logits = logits_of(model, tokenizer, [row["text"] for row in dev], max_tokens, fast=fast)
    save_logits(out / "dev_logits.npz", dev, logits)
    figures |= dev_figures(logits, np.array([row["score"] for row in dev]))
    (out / "figures.json").write_text(json.dumps(figures, indent=1))
    record(note, figures)
    print(json.dumps(figures))
