"""What normalisation and the reading window are worth: one checkpoint, the development set, one change at a time.

    python -m training.evaluate.text_variants --checkpoint build/training/student --out docs/text-variants.md

Each text variant is scored only on the rows that it changes, by accuracy on those that take a side; rows that it leaves
alone cannot differ. The checkpoint was trained with lambda_fn/model/text.py as it is, which favours it a little.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lambda_fn.model import text as text_rules
from lambda_fn.model.classifier import softmax
from lambda_fn.model.text import normalise
from training.data.comments import scored
from training.data.records import PREPARED
from training.evaluate.evaluate import side
from training.evaluate.predict import logits_of_ids
from training.evaluate.report import table
from training.train.encoder import load_checkpoint, pad_token

# ---- settings ---------------------------------------------------------------------------------------------------
WINDOWS = (64, 128, 256, 512)
LONG = 128  # tokens; the window matters only beyond
# -----------------------------------------------------------------------------------------------------------------

_NEVER = re.compile(r"(?!)()")  # matches nothing; its group is for the replacements that name one
_QUOTE = re.compile(r"^[ \t]*>(?!!).*$", re.MULTILINE)
_EMOJI = re.compile("[\u203c-\u3299\U0001f000-\U0001faff\ufe0f]")
_SUBREDDIT = re.compile(r"(?<![\w/])/?r/\w+")
_EMPHASIS = re.compile(r"(\*\*|__|~~|\*|`|^#+ )", re.MULTILINE)


def without(rule: str) -> Callable[[str], str]:
    """normalise with one of its patterns switched off."""

    def variant(text: str) -> str:
        kept = getattr(text_rules, rule)
        setattr(text_rules, rule, _NEVER)
        try:
            return normalise(text)
        finally:
            setattr(text_rules, rule, kept)

    return variant


VARIANTS: dict[str, Callable[[str], str]] = {
    "quoted parent kept": without("_QUOTED_LINE"),
    "quoted parent dropped even where nothing else is left": lambda t: normalise(_QUOTE.sub(" ", t)),
    "Markdown links kept as written": without("_MARKDOWN_LINK"),
    "links kept": without("_URL"),
    "links removed": lambda t: normalise(t).replace("[link]", " "),
    "user names kept": without("_USER"),
    "subreddit names replaced by r/sub": lambda t: _SUBREDDIT.sub("r/sub", normalise(t)),
    "emoji kept as they are": without("_SYMBOL"),
    "emoji removed": lambda t: normalise(_EMOJI.sub(" ", t)),
    "emphasis marks removed": lambda t: normalise(_EMPHASIS.sub("", t)),
}


def windows(ids: np.ndarray, width: int) -> dict[str, list[np.ndarray]]:
    """Ways to read one comment of more than `width` tokens; ids include the two marker tokens."""
    body, first, last = ids[1:-1], ids[:1], ids[-1:]
    room = width - 2
    half = room // 2
    chunks = [body[i : i + room] for i in range(0, len(body), room)]
    if len(chunks) > 1 and len(chunks[-1]) < room // 4:
        chunks = chunks[:-1]

    def marked(part: np.ndarray) -> np.ndarray:
        return np.concatenate([first, part, last])

    return {
        "head": [marked(body[:room])],
        "tail": [marked(body[-room:])],
        "head and tail": [marked(np.concatenate([body[:half], body[-(room - half) :]]))],
        "chunks, mean probability": [marked(c) for c in chunks],
    }


def read_window(model, pad_id: int, ids: list[np.ndarray], width: int) -> dict[str, np.ndarray]:
    """Log-probabilities [n, 3] by each way of reading; comments that fit are read whole by all."""
    ways = {}
    for way in ("head", "tail", "head and tail", "chunks, mean probability"):
        parts, owner = [], []
        for i, tokens in enumerate(ids):
            pieces = [tokens] if len(tokens) <= width else windows(tokens, width)[way]
            parts += pieces
            owner += [i] * len(pieces)
        probabilities = softmax(logits_of_ids(model, parts, pad_id, fast=False).astype(np.float64))
        total = np.zeros((len(ids), 3))
        np.add.at(total, owner, probabilities)
        ways[way] = np.log(total / np.bincount(owner)[:, None])
    return ways


def encode_whole(tokenizer, texts: list[str]) -> list[np.ndarray]:
    tokenizer.no_truncation()
    return [np.array(e.ids, dtype=np.int32) for e in tokenizer.encode_batch_fast(texts)]


def main(
    checkpoint: Annotated[Path, typer.Option(help="fp32 checkpoint folder")],
    out: Annotated[Path, typer.Option(help="Markdown file to write")],
    data: Path = PREPARED,
) -> None:
    """Write both tables."""
    model, tokenizer = load_checkpoint(checkpoint)
    pad_id = pad_token(tokenizer)
    rows = [r for r in scored(data, "dev") if r["score"] != 0]
    positive = np.array([r["score"] > 0 for r in rows])
    texts = [normalise(r["text"]) for r in rows]
    whole = encode_whole(tokenizer, texts)
    cut = [w if len(w) <= 256 else windows(w, 256)["head"][0] for w in whole]
    right = side(logits_of_ids(model, cut, pad_id, fast=False)) == positive
    lines = []
    for name, variant in VARIANTS.items():
        changed = [i for i, r in enumerate(rows) if variant(r["text"]) != texts[i]]
        if not changed:
            lines.append([name, "0", "", "", ""])
            continue
        ids = encode_whole(tokenizer, [variant(rows[i]["text"]) or " " for i in changed])
        ids = [w if len(w) <= 256 else windows(w, 256)["head"][0] for w in ids]
        then = side(logits_of_ids(model, ids, pad_id, fast=False)) == positive[changed]
        now = right[changed]
        lines.append(
            [
                name,
                str(len(changed)),
                f"{100 * now.mean():.1f}",
                f"{100 * then.mean():.1f}",
                f"{then.sum() - now.sum():+d}",
            ]
        )
    report = "## Normalisation: one change at a time\n\n" + table(
        ["instead", "rows changed", "as it is, %", "instead, %", "rows won"], lines
    )
    long = [i for i, w in enumerate(whole) if len(w) > LONG]
    lines = []
    for width in WINDOWS:
        for way, logits in read_window(model, pad_id, [whole[i] for i in long], width).items():
            tokens = np.mean([min(len(whole[i]), width) if way[0] != "c" else len(whole[i]) for i in long])
            hits = side(logits) == positive[long]
            lines.append([str(width), way, f"{100 * hits.mean():.1f}", f"{tokens:.0f}"])
    report += f"\n## Comments of more than {LONG} tokens ({len(long)} that take a side): how they are read\n\n" + table(
        ["window, tokens", "reads", "binary accuracy, %", "tokens read, mean"], lines
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(report)
    print(report)


if __name__ == "__main__":
    typer.run(main)
