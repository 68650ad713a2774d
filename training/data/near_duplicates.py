"""Texts that are the same, or nearly: MinHash over pairs of words, candidates checked by their exact similarity.

Broder, "On the resemblance and containment of documents" (1997); the index is datasketch's MinHashLSH.
"""

import re
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

from datasketch import MinHash, MinHashLSH
from rich.console import Console
from rich.progress import track

from lambda_fn.model.text import normalise

# Shorter texts must be equal: one letter can turn "fortunately not" into its opposite.
SHORTEST_COMPARED_WORDS = 8
# Jaccard similarity of word pairs from which two comments count as one. One word of twelve changed gives 0.69.
SIMILARITY = 0.7
# Fewer permutations than usual, because candidates are checked exactly; the seed makes runs equal.
PERMUTATIONS = 64
SEED = 1
BATCH = 5_000
_NOT_WORD = re.compile(r"[\W_]+", re.UNICODE)


@lru_cache(maxsize=2**19)  # each text is looked at by two guards and by duplicate removal
def canonical(text: str) -> str:
    """What is left of the text that the model reads when case, punctuation and white space are not looked at."""
    return _NOT_WORD.sub(" ", normalise(text).casefold()).strip() or text.strip()


def word_pairs(words: list[str]) -> set[bytes]:
    """All pairs of neighbouring words."""
    return {f"{left} {right}".encode() for left, right in pairwise(words)}


def similarity(left: set[bytes], right: set[bytes]) -> float:
    """Jaccard similarity, 0 to 1."""
    both = len(left & right)
    return both / (len(left) + len(right) - both)


class NearDuplicates:
    """An index of texts that tells whether a further text equals or nearly equals one of them."""

    def __init__(self, threshold: float = SIMILARITY):
        self.threshold = threshold
        self._name_of: dict[str, str] = {}
        self._key_of: dict[str, str] = {}
        # Candidates are checked exactly, so a false one costs a little time; a missed one would stay.
        self._index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, weights=(0.1, 0.9))

    def add(self, names: Sequence[str], texts: Sequence[str], description: str = "Indexing") -> None:
        """Add texts under unique names."""
        self._scan(names, texts, description, keep=lambda name, match: True)

    def find(self, texts: Sequence[str], description: str = "Comparing") -> list[str | None]:
        """For each text, the name of an indexed text that it equals or nearly equals, or None."""
        found: list[str | None] = []
        self._scan([""] * len(texts), texts, description, keep=lambda name, match: found.append(match))
        return found

    def add_distinct(
        self, names: Sequence[str], texts: Sequence[str], description: str = "Removing duplicates"
    ) -> list[str | None]:
        """Add each text that nearly equals none before it. For each text, the earlier one's name, or None if added."""
        found: list[str | None] = []

        def keep(name: str, match: str | None) -> bool:
            found.append(match)
            return match is None

        self._scan(names, texts, description, keep)
        return found

    def _scan(
        self, names: Sequence[str], texts: Sequence[str], description: str, keep: Callable[[str, str | None], object]
    ) -> None:
        """Tell `keep` each text's name and match, in order; a text that it answers with True enters the index."""
        starts = range(0, len(texts), BATCH)
        for start in track(starts, description=description, console=Console(stderr=True), disable=len(starts) < 3):
            keys = [canonical(text) for text in texts[start : start + BATCH]]
            words = [key.split() for key in keys]
            pairs = [word_pairs(found) if len(found) >= SHORTEST_COMPARED_WORDS else None for found in words]
            compared = [found for found in pairs if found is not None]
            sketches = iter(MinHash.bulk(compared, num_perm=PERMUTATIONS, seed=SEED, hashfunc=zlib.crc32))
            for name, key, found in zip(names[start : start + BATCH], keys, pairs, strict=True):
                sketch = next(sketches) if found is not None else None
                match = self._name_of.get(key)
                if match is None and found is not None:
                    match = self._nearest(found, sketch)
                if keep(name, match):
                    self._name_of.setdefault(key, name)
                    if sketch is not None and name not in self._key_of:
                        self._key_of[name] = key
                        self._index.insert(name, sketch)

    def _nearest(self, pairs: set[bytes], sketch: MinHash) -> str | None:
        best, best_similarity = None, self.threshold
        # Sorted, because LSH returns its candidates in no fixed order and ties would make runs differ.
        for name in sorted(self._index.query(sketch)):
            value = similarity(pairs, word_pairs(self._key_of[name].split()))
            if value >= best_similarity and (best is None or value > best_similarity):
                best, best_similarity = name, value
        return best
