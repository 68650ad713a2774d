"""What one run of the rollup leaves to the next: an object of a few hundred KB in the results bucket.

Losing it costs work, not truth: everything is folded again, and the query counts each comment once all the same.
"""

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

from lambda_fn.contract import ROLLUP_STATE_PREFIX

KEY = f"{ROLLUP_STATE_PREFIX}state.json.gz"


@dataclass
class State:
    """folded: digests of result objects that lie by hour too, with when each was modified; the last half day's.

    pending: hours whose lines have changed and whose rollup has not been written yet. swept: when the last look at all
    result objects began, of which every older one has been folded. sweeping, cursor: when the look now under way began,
    and the last key that it has dealt with. spread: hours whose lines may lie in several objects. compacted: the last
    day, counted from 1970, on which they were put into one.
    """

    folded: dict[str, float] = field(default_factory=dict)
    pending: set[int] = field(default_factory=set)
    swept: float = 0.0
    sweeping: float = 0.0
    cursor: str = ""
    spread: set[int] = field(default_factory=set)
    compacted: int = 0

    def forget(self, before: float) -> None:
        """Drop what no look will come upon again."""
        self.folded = {digest: modified for digest, modified in self.folded.items() if modified >= before}

    def encode(self) -> bytes:
        lists = {"pending": sorted(self.pending), "spread": sorted(self.spread)}
        return gzip.compress(json.dumps(vars(self) | lists).encode(), 1, mtime=0)

    @classmethod
    def decode(cls, body: bytes) -> "State":
        """Raises ValueError, TypeError or OSError for what is no state."""
        found: dict[str, Any] = json.loads(gzip.decompress(body))
        return cls(**{**found, "pending": set(found["pending"]), "spread": set(found.get("spread", ()))})
