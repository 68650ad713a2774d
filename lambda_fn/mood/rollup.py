"""Counts that add up: for each hour, coin, subreddit and model revision, the comments in each cell of the grid.

Made by `rollup.sql`, kept as gzipped JSON lines, one object an hour (or a day, or a month: they add up), one line a
group: {"hour", "coin", "subreddit", "model", "cells", "comments", "thread_pairs", "author_pairs", "left_out"}. An
empty coin is every comment, whether it names a coin or none. Grids of two revisions do not add up, so they stay apart.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lambda_fn.mood import grid

EVERY_COIN = ""
# Hour of comments that carry no time.
NO_HOUR = -1
KEYS = ("hour", "coin", "subreddit", "model")


@dataclass
class Rollup:
    """Columns of g groups, which lambda_fn/mood/adding.py adds up.

    hour: [g] its first second since 1970 (UTC), or NO_HOUR. coin, subreddit, model: [g] text.
    counts: [g, 66] comments in each cell. thread_pairs, author_pairs: [g] how many ordered pairs of comments share a
    thread, or an author: n * (n - 1) of each, added up. left_out: by reason, [g] comments that have no mood.
    """

    hour: np.ndarray
    coin: np.ndarray
    subreddit: np.ndarray
    model: np.ndarray
    counts: np.ndarray
    thread_pairs: np.ndarray
    author_pairs: np.ndarray
    left_out: dict[str, np.ndarray] = field(default_factory=dict, kw_only=True)

    def __len__(self) -> int:
        return len(self.hour)

    @property
    def comments(self) -> np.ndarray:
        """Comments [g] that have a mood."""
        return np.asarray(self.counts.sum(axis=1))

    @classmethod
    def of_rows(cls, rows: Iterable[Sequence[Any]]) -> "Rollup":
        """From rows of `rollup.sql`: KEYS, left_out, cell, comments, thread_pairs, author_pairs."""
        groups: dict[tuple[Any, ...], dict[str, Any]] = {}
        for hour, coin, subreddit, model, left_out, cell, comments, threads, authors in rows:
            key = NO_HOUR if hour is None else int(hour), coin, subreddit or "", model or ""
            line = groups.setdefault(key, {"cells": {}, "left_out": {}, "thread_pairs": 0, "author_pairs": 0})
            line["thread_pairs"] += int(threads)
            line["author_pairs"] += int(authors)
            if comments:
                where, name = ("left_out", left_out) if left_out else ("cells", int(cell))
                line[where][name] = line[where].get(name, 0) + int(comments)
        return cls.of_lines(
            {
                **dict(zip(KEYS, key, strict=True)),
                **line,
                "cells": [*line["cells"]],
                "comments": [*line["cells"].values()],
            }
            for key, line in groups.items()
        )

    @classmethod
    def of_lines(cls, lines: Iterable[dict[str, Any]]) -> "Rollup":
        """From the lines of rollup objects, in any order; a group may be there several times. Raises ValueError."""
        lines = list(lines)
        counts = np.zeros((len(lines), len(grid.CELLS)), dtype=np.int64)
        left_out: dict[str, np.ndarray] = {}
        for row, line in enumerate(lines):
            counts[row, grid.columns(line["cells"])] = line["comments"]
            for reason, comments in line["left_out"].items():
                left_out.setdefault(reason, np.zeros(len(lines), dtype=np.int64))[row] = comments
        columns = [np.array([line[name] for line in lines], dtype=object) for name in KEYS[1:]]
        numbers = [
            np.array([line[name] for line in lines], dtype=np.int64)
            for name in ("hour", "thread_pairs", "author_pairs")
        ]
        coin, subreddit, model = columns
        return cls(numbers[0], coin, subreddit, model, counts, numbers[1], numbers[2], left_out=left_out)

    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines of a rollup object, by hour, coin, subreddit and model."""
        for row in np.lexsort((self.model, self.subreddit, self.coin, self.hour)):
            used = np.flatnonzero(self.counts[row])
            yield {
                "hour": int(self.hour[row]),
                **{name: str(getattr(self, name)[row]) for name in KEYS[1:]},
                "cells": grid.CELLS[used].tolist(),
                "comments": self.counts[row, used].tolist(),
                "thread_pairs": int(self.thread_pairs[row]),
                "author_pairs": int(self.author_pairs[row]),
                "left_out": {reason: int(n[row]) for reason, n in sorted(self.left_out.items()) if n[row]},
            }

    def encode(self) -> bytes:
        """A rollup object; equal groups give equal bytes."""
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in self.lines())
        return gzip.compress(text.encode(), compresslevel=9, mtime=0)

    @classmethod
    def decode(cls, body: bytes) -> "Rollup":
        """Raises ValueError, KeyError or OSError for what is no rollup object, gzipped or plain."""
        text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
        return cls.of_lines(json.loads(line) for line in text.splitlines())

    def where(self, chosen: np.ndarray) -> "Rollup":
        """The groups that `chosen` names: a mask [g], or indices."""
        columns = (self.hour, self.coin, self.subreddit, self.model, self.counts, self.thread_pairs, self.author_pairs)
        return Rollup(
            *(column[chosen] for column in columns), left_out={r: n[chosen] for r, n in self.left_out.items()}
        )

    @classmethod
    def concatenate(cls, parts: Sequence["Rollup"]) -> "Rollup":
        """All groups of `parts`, not yet added up."""
        if not parts:
            return cls.of_lines([])
        reasons = {reason for part in parts for reason in part.left_out}
        none = [np.zeros(len(part), dtype=np.int64) for part in parts]
        names = ("hour", "coin", "subreddit", "model", "counts", "thread_pairs", "author_pairs")
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in names),
            left_out={
                r: np.concatenate([part.left_out.get(r, n) for part, n in zip(parts, none, strict=True)])
                for r in reasons
            },
        )
