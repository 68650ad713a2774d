"""Comments that the project wrote for its own tests, and a tiny checkpoint of each class that `--base` takes."""

import gzip
import json
from pathlib import Path

# Four words at most: with coin and days that is too short for preparation to compare more than equal texts.
GOOD = ["to the moon", "love this coin", "great gains today", "buying more", "best project ever", "so bullish"]
BAD = ["total scam", "lost everything", "selling all of it", "worst exchange ever", "so bearish", "just a rug pull"]
PLAIN = ["what is the fee", "where is the paper", "a block every minute", "which wallet is that"]
COINS = ["bitcoin", "ethereum", "doge", "solana", "cardano"]
# Two of these end each text and make it a text of its own, with words that every split has: a tiny model reads any
# token that it never met in training as it likes.
DAYS = ["monday", "tuesday", "friday", "sunday", "today", "tonight", "morning", "noon", "evening", "may", "june"]


def rows(copies: int, start: int = 0) -> list[dict]:
    """Scored comments with ids, balanced over -2, 0 and 2 with some -1 and 1."""
    out = []
    for n in range(start, start + copies):
        for phrases, score in ((GOOD, 2), (BAD, -2), (PLAIN, 0), (GOOD[::-1], 1), (BAD[::-1], -1)):
            days = f"{DAYS[n % len(DAYS)]} {DAYS[(7 * n + n // len(DAYS)) % len(DAYS)]}"
            text = f"{COINS[n % len(COINS)]}: {phrases[n % len(phrases)]}, {days}"
            out.append(
                {
                    "id": f"t{n}_{score}",
                    "text": text,
                    "score": score,
                    "subreddit": "CryptoCurrency",
                    "created_utc": 1652226177.0,
                    "source": "our/own:corpus.py",
                }
            )
    return out


def write_data(folder: Path) -> Path:
    """What `training.data.prepare` takes: labelled.jsonl, dev.jsonl, comments.jsonl.gz and general/made_up.jsonl.gz."""
    (folder / "general").mkdir(parents=True)
    labelled, dev = rows(40), rows(10, start=100)
    for name, part in (("labelled", labelled), ("dev", dev)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in part))
    unlabelled = [{k: r[k] for k in ("id", "text", "subreddit", "source")} for r in labelled + rows(12, start=200)]
    general = [
        {"id": f"g{i}", "text": p, "label": label, "source": "our/own:corpus.py"}
        for i, (p, label) in enumerate(
            [(p, "positive") for p in GOOD] + [(p, "negative") for p in BAD] + [(p, "neutral") for p in PLAIN]
        )
    ] + [{"id": "g99", "text": "hm", "label": "ambiguous", "source": "our/own:corpus.py"}]
    for path, part in (("comments.jsonl.gz", unlabelled), ("general/made_up.jsonl.gz", general)):
        with gzip.open(folder / path, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(r) + "\n" for r in part)
    return folder


def write_checkpoint(folder: Path, kind: str) -> Path:
    """A random checkpoint of class `kind`: distilbert, bert, mpnet (WordPiece) or roberta (byte-level BPE)."""
    import torch
    from tokenizers import BertWordPieceTokenizer, ByteLevelBPETokenizer
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        DistilBertConfig,
        DistilBertForSequenceClassification,
        MPNetConfig,
        MPNetForSequenceClassification,
        RobertaConfig,
        RobertaForSequenceClassification,
    )

    torch.manual_seed(0)
    texts = [r["text"] for r in rows(40)]
    if kind == "roberta":
        tokenizer = ByteLevelBPETokenizer()
        tokenizer.train_from_iterator(texts, 500, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
        from tokenizers.processors import RobertaProcessing

        tokenizer._tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    else:
        tokenizer = BertWordPieceTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        tokenizer.train_from_iterator(texts, 500, special_tokens=special + ["<pad>"] * (kind == "mpnet"))
        from tokenizers.processors import BertProcessing

        ids = {t: tokenizer.token_to_id(t) for t in ("[CLS]", "[SEP]")}
        tokenizer._tokenizer.post_processor = BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    size = tokenizer.get_vocab_size()
    common = {"vocab_size": size, "num_labels": 2}
    wide = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    if kind == "distilbert":
        config = DistilBertConfig(dim=32, n_layers=2, n_heads=4, hidden_dim=64, **common)
        model = DistilBertForSequenceClassification(config)
    elif kind == "bert":
        model = BertForSequenceClassification(BertConfig(**wide, **common))
    elif kind == "mpnet":
        pad_id = tokenizer.token_to_id("<pad>")
        model = MPNetForSequenceClassification(MPNetConfig(**wide, **common, pad_token_id=pad_id))
    else:
        model = RobertaForSequenceClassification(RobertaConfig(**wide, **common, pad_token_id=1))
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
