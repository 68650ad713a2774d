"""Made-up result lines whose rollup a test can count by hand."""

import gzip
import json
import math
import random
from collections import Counter
from pathlib import Path

MODEL = json.loads(
    (Path(__file__).parents[3] / "model_artifacts" / "distilbert-crypto-sentiment" / "manifest.json").read_text()
)["revision"]
MAY_12 = 1_652_313_600  # 2022-05-12T00:00:00Z


def probabilities(draw: random.Random) -> dict[str, float]:
    """Four digits, as results have; every tenth a multiple of a twentieth, where a cell ends."""
    step = 20 if draw.random() < 0.1 else 10_000
    negative = draw.randrange(step + 1)
    positive = draw.randrange(step + 1 - negative)
    return {
        "p_negative": negative / step,
        "p_neutral": (step - negative - positive) / step,
        "p_positive": positive / step,
    }


def line(draw: random.Random, work: int, position: int, hours: int = 48) -> dict:
    """One result line of the queue."""
    coins = draw.sample(["BTC", "ETH", "LUNA", "SOL"], draw.choice([0, 0, 1, 1, 2, 3]))
    made = {
        "work_id": f"work{work:05}",
        "position": position,
        "id": f"{work}-{position}",
        "created_utc": MAY_12 + draw.randrange(hours * 3600) + draw.choice([0, 0.5]),
        "subreddit": draw.choice(["Bitcoin", "bitcoin", "CryptoCurrency", None]),
        "author": draw.choice(["[deleted]", None, *(f"u{n}" for n in range(40))]),
        "link_id": draw.choice([None, *(f"t3_{n}" for n in range(30))]),
        "label": "positive",
        "score": 0.7,
        "mood": "neutral",
        **probabilities(draw),
        "coins": [{"coin": coin, "mood": "neutral", **probabilities(draw)} for coin in coins],
        "language": "other" if draw.random() < 0.03 else "en",
        "truncated": False,
        "model": MODEL,
        "error": "",
        "error_message": "",
    }
    if draw.random() < 0.05:
        nothing = {
            "label": None,
            "score": None,
            "mood": None,
            "p_negative": None,
            "p_neutral": None,
            "p_positive": None,
        }
        made |= {**nothing, "coins": [], "error": draw.choice(["text_deleted", "text_bot"])}
    return made


def by_hand(lines: list[dict]) -> dict[tuple, Counter]:
    """(hour, coin, subreddit) -> counts of ("cell", n), ("left_out", reason), and pairs, each comment counted once."""
    groups: dict[tuple, Counter] = {}
    members: dict[tuple, Counter] = {}
    for made in {(made["work_id"], made["position"]): made for made in lines}.values():
        hour = int(made["created_utc"]) // 3600 * 3600
        subreddit = (made["subreddit"] or "").lower()
        reason = made["error"] or ("language_other" if made["language"] == "other" else "")
        if reason:
            groups.setdefault((hour, "", subreddit), Counter())["left_out", reason] += 1
            continue
        for read in [{**made, "coin": ""}, *made["coins"]]:
            key = hour, read["coin"], subreddit
            a = math.floor(10 * read["p_negative"] + 0.5)
            b = min(math.floor(10 * read["p_positive"] + 0.5), 10 - a)
            groups.setdefault(key, Counter())["cell", 11 * a + b] += 1
            together = members.setdefault(key, Counter())
            if made["link_id"]:
                together["thread_pairs", made["link_id"]] += 1
            if made["author"] not in (None, "[deleted]"):
                together["author_pairs", made["author"]] += 1
    for key, together in members.items():
        for (kind, _), n in together.items():
            groups[key]["pairs", kind] += n * (n - 1)
    return {key: Counter({name: n for name, n in counts.items() if n}) for key, counts in groups.items()}


def of_rollup(rollup) -> dict[tuple, Counter]:
    """A rollup in the form of `by_hand`."""
    return {
        (group["hour"], group["coin"], group["subreddit"]): Counter(
            {
                name: n
                for name, n in [
                    *((("cell", cell), n) for cell, n in zip(group["cells"], group["comments"], strict=True)),
                    *((("left_out", reason), n) for reason, n in group["left_out"].items()),
                    *((("pairs", kind), group[kind]) for kind in ("thread_pairs", "author_pairs")),
                ]
                if n
            }
        )
        for group in rollup.lines()
    }


def write_gzip(path: Path, lines: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join(json.dumps(made) + "\n" for made in lines).encode(), 1))
