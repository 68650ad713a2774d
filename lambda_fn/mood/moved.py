"""The comments that moved a mood: of an hour or a day, those whose own mood about the coin is the strongest.

They are read from result objects: those by the comments' hour that the scheduled rollup makes, or, where there are
none, those by the time of submission, which for a live stream is that of the comment or soon after. Where there are
more objects than a question may read, a part of them is looked at, evenly spread.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lambda_fn.contract import BY_HOUR_PREFIX, RESULTS_PREFIX
from lambda_fn.mood.calendar import DAY, HOUR

MOST_SECONDS = 31 * DAY
# 40 objects hold some 60,000 comments: about a second.
MOST_OBJECTS = 40
STRONGEST = 5


@dataclass(frozen=True)
class ResultObjects:
    """keys: of the objects under a prefix; raises PermissionError where it may not look. fetch: the body at a key, or
    None where there is none."""

    keys: Callable[[str], Iterable[str]]
    fetch: Callable[[str], bytes | None]


def moved(
    results: ResultObjects, since: int, until: int, coin: str = "", subreddits: Sequence[str] = ()
) -> dict[str, Any]:
    """{"comments": how many were looked at, "partial", "negative", "positive"}: the ids of the strongest of each side.

    since, until: seconds since 1970 of the comments' own time. coin: its symbol; "" for the comments as a whole.
    Raises PermissionError.
    """
    hours = range(since - since % HOUR, until, HOUR)
    keys = [key for hour in hours for key in sorted(results.keys(f"{BY_HOUR_PREFIX}{partition(hour)}"))]
    if not keys:
        hours = range(since - since % HOUR, until + HOUR, HOUR)  # the last one's may be submitted in the next
        keys = [key for hour in hours for key in sorted(results.keys(f"{RESULTS_PREFIX}{partition(hour)}"))]
    step = max(1, -(-len(keys) // MOST_OBJECTS))
    places = {name.lower().removeprefix("r/") for name in subreddits}
    found: dict[tuple[Any, Any], tuple[float, str]] = {}
    for line in lines_of(results.fetch, keys[::step]):
        time = seconds(line.get("created_utc"))
        if line.get("error") or line.get("language") == "other" or time is None or not since <= time < until:
            continue
        if places and str(line.get("subreddit") or "").lower() not in places:
            continue
        read = line if not coin else next((one for one in line.get("coins", ()) if one["coin"] == coin), None)
        if read and read.get("p_positive") is not None:
            identity = line.get("work_id"), line.get("position")
            found[identity] = round(read["p_positive"] - read["p_negative"], 4), str(line.get("id") or "")
    ranked = sorted(found.values())
    sides = {
        "negative": [one for one in ranked if one[0] < 0][:STRONGEST],
        "positive": [one for one in reversed(ranked) if one[0] > 0][:STRONGEST],
    }
    named = {side: [{"id": id or None, "net": net} for net, id in ones] for side, ones in sides.items()}
    return {"comments": len(found), "partial": step > 1, **named}


def partition(hour: int) -> str:
    """Of the hour that begins at `hour`, behind a prefix."""
    return f"{datetime.fromtimestamp(hour, UTC):dt=%Y-%m-%d/hour=%H}/"


def lines_of(fetch: Callable[[str], bytes | None], keys: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The result lines of objects. One that is gone, or cut off, has none."""
    for key in keys:
        try:
            body = fetch(key)
            text = gzip.decompress(body) if body else b""
        except (OSError, EOFError):
            continue
        for line in text.splitlines():
            yield json.loads(line)


def seconds(created: object) -> float | None:
    """Seconds since 1970 of a result's `created_utc`: ISO 8601, or seconds."""
    if isinstance(created, int | float):
        return float(created)
    try:
        time = datetime.fromisoformat(str(created))
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
