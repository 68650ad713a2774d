"""The cost model's price file, as far as cdk/spending.py needs it: the first tier's rate of a row."""

import json
from functools import cache
from pathlib import Path

PRICES = Path(__file__).resolve().parent.parent / "crypto_sentiment" / "cost" / "prices" / "us-east-1.json"
# What the price file calls CDK's architectures.
ARCHITECTURES = {"x86_64": "x86", "arm64": "arm64"}


@cache
def _rows(file: Path) -> dict[str, dict]:
    return json.loads(file.read_text())["rows"]


def rate(key: str, architecture: str | None = None) -> float:
    """USD a unit of `key`, e.g. "sqs.requests", or of `key` for an architecture, e.g. "lambda.duration", "arm64"."""
    return _rows(PRICES)[f"{key}.{ARCHITECTURES[architecture]}" if architecture else key]["tiers"][0]["usd"]
