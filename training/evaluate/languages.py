"""How well comments that are not English are told, and how much English is lost by it; how many hold styled letters.

    python -m training.evaluate.languages --comments ../shared/data/comments.jsonl.gz

languages.tsv holds comments that this project wrote in other languages (language, text). What real comments are called
"other" is printed, to be judged by eye: some are. Chosen by this: the constants of lambda_fn/model/language.py.
"""

import gzip
import json
import random
import re
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from lambda_fn.model.language import OTHER, language
from lambda_fn.model.letters import unstyled

WRITTEN = Path(__file__).with_name("languages.tsv")
SAMPLE = 8000
SHORT_CHARS = 40
# What digits for letters would be folded in. (They are not: lambda_fn/model/letters.py.)
_DIGIT_WORD = re.compile(r"\b[a-z]+[01345]+[a-z]+\b", re.I)


def written() -> list[tuple[str, str]]:
    """(language, text) of our own comments in other languages."""
    lines = WRITTEN.read_text(encoding="utf-8").splitlines()
    return [(name, text) for name, _, text in (line.partition("\t") for line in lines)]


def texts_of(path: Path) -> list[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line)["text"] for line in raw.splitlines()]


def measure(name: str, texts: list[str]) -> None:
    """Print how many of `texts` are called another language, which, and what that costs."""
    chosen = random.Random(3).sample(texts, min(SAMPLE, len(texts)))
    started = time.process_time()
    called = [text for text in chosen if language(text) == OTHER]
    micros = 1e6 * (time.process_time() - started) / len(chosen)
    changed = sum(unstyled(text) != text for text in chosen)
    share = 100 * len(called) / len(chosen)
    print(f"{name}: {len(chosen):,} texts, {share:.2f} % called another language, {micros:.0f} µs of CPU each;")
    digits = Counter(word.lower() for text in texts for word in _DIGIT_WORD.findall(text))
    print(f"  {changed:,} hold styled letters, or Cyrillic ones among Latin")
    print(
        f"  of all {len(texts):,} with digits within a word: " + ", ".join(word for word, _ in digits.most_common(15))
    )
    for text in called[:20]:
        print(f"  {text[:80]!r}")


def main(comments: Annotated[list[Path] | None, typer.Option(help="JSON lines with a field text")] = None) -> None:
    """Print the recall on our own comments, by language, and what is lost of real ones."""
    rows = written()
    language("warm up: a sentence of no language, xyzzy")
    right = Counter(name for name, text in rows if language(text) == OTHER)
    total = Counter(name for name, _ in rows)
    found = sum(right.values())
    print(f"{len(total)} other languages: {found} of {len(rows)} comments told ({100 * found / len(rows):.1f} %)")
    print("  missed: " + (", ".join(f"{total[n] - right[n]} {n}" for n in total if right[n] < total[n]) or "none"))
    for path in comments or []:
        texts = texts_of(path)
        measure(path.name, texts)
        measure(f"{path.name}, up to {SHORT_CHARS} characters", [t for t in texts if len(t.strip()) <= SHORT_CHARS])


if __name__ == "__main__":
    typer.run(main)
