"""Texts that are the same, or nearly: MinHash over character shingles, candidates checked by their exact similarity.

Broder, "On the resemblance and containment of documents" (1997); the index is datasketch's MinHashLSH.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Sequence

from datasketch import MinHash, MinHashLSH
from rich.console import Console
from rich.progress import track

from lambda_fn.text import normalise

SHINGLE_CHARACTERS = 5
# Shorter texts must be equal: one letter can turn "fortunately not" into its opposite.
SHORTEST_COMPARED = 40
# Jaccard similarity of the shingles from which two comments count as one. One word of twenty changed gives about 0.8.
SIMILARITY = 0.8
# Fewer permutations than usual, because candidates are checked exactly; the seed makes runs equal.
PERMUTATIONS = 64
SEED = 1
BATCH = 5_000
_NOT_WORD = re.compile(r"[\W_]+", re.UNICODE)


def canonical(text: str) -> str:
    """What is left of the text that the model reads when case, punctuation and white space are not looked at."""
    return _NOT_WORD.sub(" ", normalise(text).casefold()).strip() or text.strip()


def shingles(key: str) -> set[bytes]:
    """All runs of 5 characters of a canonical text (the text itself where it is shorter)."""
    ends = max(1, len(key) - SHINGLE_CHARACTERS + 1)
    return {key[start : start + SHINGLE_CHARACTERS].encode() for start in range(ends)}


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
        # A little below the threshold: LSH's probability of missing a pair is about a half at its own threshold.
        self._index = MinHashLSH(threshold=max(0.1, threshold - 0.1), num_perm=PERMUTATIONS)

    def add(self, names: Sequence[str], texts: Sequence[str], description: str = "Indexing") -> None:
        """Add texts under unique names."""
        self._scan(names, texts, description, keep=lambda name, match: True)

    def find(self, texts: Sequence[str], description: str = "Comparing") -> list[str | None]:
        """For each text, the name of an indexed text that it equals or nearly equals, or None."""
        found: list[str | None] = []
        self._scan([""] * len(texts), texts, description, keep=lambda name, match: found.append(match))
        return found

    def add_distinct(self, names: Sequence[str], texts: Sequence[str], description: str = "Removing duplicates"):
        """Add each text that nearly equals none before it. Returns [the earlier text's name, or None if added]."""
        found: list[str | None] = []

        def keep(name: str, match: str | None) -> bool:
            found.append(match)
            return match is None

        self._scan(names, texts, description, keep)
        return found

    def _scan(
        self, names: Sequence[str], texts: Sequence[str], description: str, keep: Callable[[str, str | None], object]
    ) -> None:
        starts = range(0, len(texts), BATCH)
        for start in track(starts, description=description, console=Console(stderr=True), disable=len(starts) < 3):
            keys = [canonical(text) for text in texts[start : start + BATCH]]
            sets = [shingles(key) for key in keys]
            sketches = MinHash.bulk(sets, num_perm=PERMUTATIONS, seed=SEED, hashfunc=zlib.crc32)
            for name, key, parts, sketch in zip(names[start : start + BATCH], keys, sets, sketches, strict=True):
                match = self._name_of.get(key)
                if match is None and len(key) >= SHORTEST_COMPARED:
                    match = self._nearest(parts, sketch)
                if keep(name, match):
                    self._name_of.setdefault(key, name)
                    if len(key) >= SHORTEST_COMPARED and name not in self._key_of:
                        self._key_of[name] = key
                        self._index.insert(name, sketch)

    def _nearest(self, parts: set[bytes], sketch: MinHash) -> str | None:
        best, best_similarity = None, self.threshold
        # Sorted, because LSH returns its candidates in no fixed order and ties would make runs differ.
        for name in sorted(self._index.query(sketch)):
            value = similarity(parts, shingles(self._key_of[name]))
            if value >= best_similarity and (best is None or value > best_similarity):
                best, best_similarity = name, value
        return best


def distinct_names(sources: Iterable[str], ids: Iterable[str]) -> list[str]:
    """Names unique over sources: ids that are row numbers repeat from one file to the next."""
    return [f"{source}#{id}" for source, id in zip(sources, ids, strict=True)]
