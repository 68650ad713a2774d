"""Step 1b, optional: masked-language pre-training on the unlabelled crypto comments.

    python -m training.train.pretrain --init build/training/base --out build/training/pretrained

The head is tied to the word embeddings; the loss is taken on the masked positions only, so the vocabulary-wide product
costs 15 % of what it would.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from training.data.comments import read
from training.data.records import PREPARED
from training.train.batches import Batch, encode
from training.train.encoder import EncoderError, load_checkpoint, pad_token, save_checkpoint
from training.train.loop import Schedule, train

# ---- hyper-parameters -------------------------------------------------------------------------------------------
ROWS = 100_000  # a seeded sample; 0 for all
EPOCHS = 1
LEARNING_RATE = 1e-4
BATCH_TOKENS = 4096
MASKED = 0.15  # of the tokens; of these 80 % become the mask token, 10 % another token, 10 % stay
MAX_TOKENS = 128
# -----------------------------------------------------------------------------------------------------------------


def token(tokenizer: Tokenizer, *names: str) -> int:
    for name in names:
        if (found := tokenizer.token_to_id(name)) is not None:
            return found
    raise EncoderError(f"the tokenizer has none of {', '.join(names)}")


class MaskedLanguageModel(nn.Module):
    """The encoder of a classifier, with a small head tied to its word embeddings."""

    def __init__(self, classifier: PreTrainedModel):
        super().__init__()
        self.encoder = classifier.base_model
        self.config = classifier.config
        width = classifier.config.hidden_size
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(classifier.config.vocab_size))

    def forward(self, batch: Batch, masked: torch.Tensor) -> torch.Tensor:
        """Logits [m, vocabulary] at the m masked positions. masked: bool [n, width]."""
        hidden = self.encoder(input_ids=batch.input_ids, attention_mask=batch.attention_mask).last_hidden_state
        return F.linear(self.transform(hidden[masked]), self.encoder.get_input_embeddings().weight, self.bias)


def mask_loss(tokenizer: Tokenizer, seed: int):
    """A loss for training.train.loop.train: per comment the mean cross-entropy of its masked tokens."""
    mask_id = token(tokenizer, "[MASK]", "<mask>")
    special = torch.tensor([token(tokenizer, "[CLS]", "<s>"), token(tokenizer, "[SEP]", "</s>"), pad_token(tokenizer)])
    vocabulary = tokenizer.get_vocab_size()
    random = torch.Generator().manual_seed(seed)

    def loss(model: MaskedLanguageModel, batch: Batch) -> torch.Tensor:
        ids = batch.input_ids
        masked = (torch.rand(ids.shape, generator=random) < MASKED) & ~torch.isin(ids, special)
        if not masked.any():  # a batch of comments of a token or two
            masked[:, min(1, ids.shape[1] - 1)] = True
        how = torch.rand(ids.shape, generator=random)
        seen = torch.where(masked & (how < 0.8), mask_id, ids)
        other = torch.randint(0, vocabulary, ids.shape, generator=random)
        seen = torch.where(masked & (how >= 0.9), other, seen)
        logits = model(Batch(batch.rows, seen, batch.attention_mask), masked)
        each = F.cross_entropy(logits.float(), ids[masked], reduction="none")
        rows = masked.nonzero()[:, 0]
        counts = masked.sum(1).clamp(min=1)
        return torch.zeros(len(ids)).index_add(0, rows, each) / counts

    return loss


def pretrain(
    init: Annotated[Path, typer.Option(help="checkpoint to start from")],
    out: Annotated[Path, typer.Option(help="folder to write")],
    data: Path = PREPARED,
    seed: int = 1,
    rows: Annotated[int, typer.Option(help="comments to train on; 0 for all")] = ROWS,
) -> None:
    """Pre-train INIT on DATA/unlabelled.jsonl.gz and write the classifier, its head untouched, to OUT."""
    classifier, tokenizer = load_checkpoint(init)
    texts = [r["text"] for r in read(data, "unlabelled")]
    order = np.random.default_rng(seed).permutation(len(texts))[: rows or None]
    ids = encode(tokenizer, [texts[i] for i in order], MAX_TOKENS)
    figures = train(
        MaskedLanguageModel(classifier),
        ids,
        mask_loss(tokenizer, seed),
        Schedule(EPOCHS, LEARNING_RATE, batch_tokens=BATCH_TOKENS, seed=seed),
        pad_token(tokenizer),
        out.with_suffix(".state"),
        f"pretrain {len(ids)}",
    )
    save_checkpoint(classifier, tokenizer, out)
    (out / "figures.json").write_text(json.dumps(figures, indent=1))
    print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(pretrain)
