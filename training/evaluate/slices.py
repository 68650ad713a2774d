"""Named parts of the development set on which accuracy is reported apart."""

import re
from collections import Counter
from datetime import UTC, datetime

import numpy as np

MIN_ROWS = 30  # smaller parts say nothing
TOP_SUBREDDITS = 8
LENGTHS = ((1, 16), (17, 64), (65, 128), (129, 100_000))

_EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
# Not a detector: what sarcastic comments often carry, so that a model blind to sarcasm shows here.
_SARCASM = re.compile(
    r"(?:(?<!\w)/s\b|🤡|🙄|\byeah,? (?:right|sure)\b|\bsure,? (?:buddy|thing|bro)\b|\bwhat could go wrong\b"
    r"|\b(?:great|nice|wow|amazing|good job)[,!.]* (?:another|more|just|so)\b|\bthanks? (?:to|for) nothing\b)",
    re.IGNORECASE,
)


def year(created: object) -> int | None:
    """Year of `created_utc`, which is seconds since 1970 in some sources and an ISO date in others."""
    if isinstance(created, int | float):
        return datetime.fromtimestamp(created, UTC).year
    if isinstance(created, str) and re.match(r"\d{4}-\d\d-\d\d", created):
        return int(created[:4])
    if isinstance(created, str) and re.fullmatch(r"\d{9,10}(\.\d+)?", created):
        return datetime.fromtimestamp(float(created), UTC).year
    return None


def slices(rows: list[dict], lengths: list[int]) -> dict[str, np.ndarray]:
    """Slice name -> bool [n]. lengths: tokens of each row before truncation."""
    n = np.array(lengths)
    texts = [r["text"] for r in rows]
    parts = {
        f"{low}–{high} tokens" if high < 10_000 else f"over {low - 1} tokens": (n >= low) & (n <= high)
        for low, high in LENGTHS
    }
    parts["with emoji"] = np.array([bool(_EMOJI.search(t)) for t in texts])
    parts["sarcasm candidates"] = np.array([bool(_SARCASM.search(t)) for t in texts])
    parts["with a quoted parent"] = np.array([bool(re.search(r"^\s*>(?!!)", t, re.MULTILINE)) for t in texts])
    names = [str(r.get("subreddit") or "unknown").lower() for r in rows]
    for name, _ in Counter(names).most_common(TOP_SUBREDDITS):
        parts[f"r/{name}" if name != "unknown" else "subreddit unknown"] = np.array([x == name for x in names])
    years = [year(r.get("created_utc")) for r in rows]
    for value in sorted({y for y in years if y}):
        parts[str(value)] = np.array([y == value for y in years])
    return {name: part for name, part in parts.items() if part.sum() >= MIN_ROWS}
