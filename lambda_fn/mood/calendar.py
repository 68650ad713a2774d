"""Hours, days, weeks and months of a rollup, in UTC: the width of what is added up, each as wide as the calendar's."""

import numpy as np

HOUR, DAY = 3600, 86_400
WIDTHS = ("hour", "day", "week", "month")
# 1970-01-01 was a Thursday; weeks begin on Monday.
_MONDAY = 4 * DAY


def floor(hours: np.ndarray, width: str) -> np.ndarray:
    """First second [n] of the hour, day, week or month that each of `hours` [n] (seconds, UTC) is in; -1 stays -1."""
    if width == "hour":
        begins = hours - hours % HOUR
    elif width == "day":
        begins = hours - hours % DAY
    elif width == "week":
        begins = hours - (hours - _MONDAY) % (7 * DAY)
    elif width == "month":
        begins = hours.astype("datetime64[s]").astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
    else:
        raise ValueError(f"{width!r} is none of {', '.join(WIDTHS)}")
    return np.where(hours < 0, hours, begins)


def following(begin: int, width: str) -> int:
    """First second of the next one after the one that begins at `begin`."""
    if width == "month":
        month = np.array(begin).astype("datetime64[s]").astype("datetime64[M]") + 1
        return int(month.astype("datetime64[s]").astype(np.int64))
    return begin + {"hour": HOUR, "day": DAY, "week": 7 * DAY}[width]


def every(first: int, last: int, width: str) -> list[int]:
    """First seconds of all from the one at `first` to the one at `last`, whether or not there are comments."""
    found = [first]
    while found[-1] < last:
        found.append(following(found[-1], width))
    return found


def narrowest(first: int, last: int, most: int) -> str:
    """The narrowest width that gives at most `most` points between two hours; else months."""
    seconds = {"hour": HOUR, "day": DAY, "week": 7 * DAY}
    return next((w for w, s in seconds.items() if (last - first) // s < most), "month")


def iso(begin: int) -> str:
    """`2022-05-12T08:00:00Z`."""
    return f"{np.datetime64(begin, 's')}Z"
