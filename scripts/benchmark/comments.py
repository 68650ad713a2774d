"""The comments that are scored: real ones from a file, or random words with the lengths of real ones."""

import gzip
import json
import random
from pathlib import Path

from crypto_sentiment.cost.inputs import TOKEN_LENGTHS, read_json
from crypto_sentiment.cost.measure import comments as generated
from crypto_sentiment.cost.workload import Lengths


def load(path: Path | None, count: int, seed: int = 1) -> tuple[list[str], str]:
    """`count` distinct texts and where they come from. path: JSON Lines with `text`, gzipped or not; None generates."""
    if path is None:
        lengths = Lengths.from_histogram(read_json(TOKEN_LENGTHS), 512)
        pool = list(dict.fromkeys(generated(lengths, count * 2, seed)))
        return pool[:count], "random words with the token lengths of real comments"
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        pool = list(dict.fromkeys(json.loads(line)["text"] for line in lines))
    return random.Random(seed).sample(pool, min(count, len(pool))), "real comments"
