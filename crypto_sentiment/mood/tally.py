"""Counting result lines as they come, in memory: what `rollup.sql` counts, for a run that has no files to query."""

from collections import defaultdict
from datetime import datetime

from lambda_fn.mood import grid
from lambda_fn.mood.calendar import HOUR
from lambda_fn.mood.rollup import EVERY_COIN, NO_HOUR, Rollup

NOBODY = frozenset({"", "[deleted]", "AutoModerator"})


class Tally:
    """Comments by hour, coin, subreddit and model revision."""

    def __init__(self) -> None:
        self._groups: dict[tuple, dict] = {}
        self._together: dict[tuple, int] = defaultdict(int)

    def add(self, line: dict, time: datetime | None) -> None:
        """Count one result line, whose comment was written at `time`."""
        hour = int(time.timestamp() // HOUR * HOUR) if time else NO_HOUR
        key = hour, str(line.get("subreddit") or "").lower(), line.get("model") or ""
        if reason := self._left_out(line):
            left_out = self._group(EVERY_COIN, key)["left_out"]
            left_out[reason] = left_out.get(reason, 0) + 1
            return
        for read in ({**line, "coin": EVERY_COIN}, *(line.get("coins") or [])):
            group = self._group(read["coin"], key)
            cell = int(grid.cells(read["p_negative"], read["p_positive"]))
            group["counts"][cell] = group["counts"].get(cell, 0) + 1
            for pairs, who in (("thread_pairs", line.get("link_id")), ("author_pairs", line.get("author"))):
                if who and who not in NOBODY:
                    place = (pairs, read["coin"], *key, who)
                    group[pairs] += 2 * self._together[place]
                    self._together[place] += 1

    @staticmethod
    def _left_out(line: dict) -> str:
        if line.get("error"):
            return line["error"]
        return "language_other" if line.get("language") == "other" else ""

    def _group(self, coin: str, key: tuple) -> dict:
        return self._groups.setdefault(
            (coin, *key), {"counts": {}, "left_out": {}, "thread_pairs": 0, "author_pairs": 0}
        )

    def rollup(self) -> Rollup:
        """What was counted so far."""
        return Rollup.of_lines(
            {
                **{name: group[name] for name in ("left_out", "thread_pairs", "author_pairs")},
                **dict(zip(("coin", "hour", "subreddit", "model"), key, strict=True)),
                "cells": list(group["counts"]),
                "comments": list(group["counts"].values()),
            }
            for key, group in self._groups.items()
        )
