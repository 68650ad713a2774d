"""Result objects, small and by the hour of sending in, to objects by the hour in which the comments were written.

A line keeps all it has and gets `written_s`, when its comment was written (seconds since 1970). A comment that was
scored twice, under two partitions, has one time: both of its lines are then in one hour's partition, where the query
sees that they are one.
"""

import hashlib
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lambda_fn.bulk.results import line_text
from lambda_fn.bulk.times import TIME_NAMES, as_utc
from lambda_fn.contract import BY_HOUR_PREFIX
from lambda_fn.mood.calendar import DAY, HOUR

FIELD = "written_s"
# What bulk scoring writes, and nothing else that may lie there.
RESULT_KEY = re.compile(r"dt=(\d{4}-\d\d-\d\d)/hour=([01]\d|2[0-3])/[0-9a-f]{64}(?:-\d+)?\.jsonl\.gz$")


@dataclass(frozen=True)
class ResultObject:
    """modified: seconds since 1970."""

    key: str
    etag: str
    modified: float
    size: int

    @property
    def digest(self) -> str:
        """Of its content at its place: a retry that writes the same bytes is the same object."""
        return hashlib.sha256(f"{self.key} {self.etag}".encode()).hexdigest()[:16]


@dataclass
class Folded:
    """lines: by first second of their hour, bytes of each. unreadable: keys that are no result objects inside."""

    lines: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    without_time: int = 0
    unreadable: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)

    @property
    def hours(self) -> set[int]:
        return set(self.lines)

    def pieces(self) -> Iterable[tuple[str, bytes]]:
        """Keys and bodies of one object for each hour. The same objects folded again give the same keys and bodies."""
        name = hashlib.sha256("".join(sorted(self.digests)).encode()).hexdigest()[:32]
        for begin, lines in sorted(self.lines.items()):
            yield piece_key(begin, name), _gzip(b"".join(lines))


def piece_key(begin: int, name: str) -> str:
    """Key of an object of result lines of the hour that begins at `begin`."""
    return f"{BY_HOUR_PREFIX}{datetime.fromtimestamp(begin, UTC):dt=%Y-%m-%d/hour=%H}/{name}.jsonl.gz"


def fold(objects: Iterable[tuple[ResultObject, bytes]], now: float) -> Folded:
    """Lines of result objects by hour. An object that cannot be read is named, and costs only itself.

    now: seconds since 1970. A time more than a day later is none: a clock was wrong.
    """
    folded = Folded()
    for found, body in objects:
        folded.digests.append(found.digest)
        sent = _partition(found.key)
        try:
            lines = [(raw, json.loads(raw)) for raw in zlib.decompress(body, wbits=31).splitlines()]
            times = [_seconds(line, now) for _, line in lines]
        except (zlib.error, ValueError, AttributeError):
            folded.unreadable.append(found.key)
            continue
        for (raw, line), seconds in zip(lines, times, strict=True):
            if seconds is None:
                folded.without_time += 1
            folded.lines[sent if seconds is None else seconds - seconds % HOUR].append(_line(raw, line, seconds))
    return folded


def _line(raw: bytes, line: dict[str, Any], seconds: int | None) -> bytes:
    """The line with our field before all others; one of that name that a comment brought along gives way."""
    if not line or FIELD in line:
        raw = line_text({name: value for name, value in line.items() if name != FIELD}).encode()
    rest = raw.strip()[1:]
    written = b"null" if seconds is None else b"%d" % seconds
    return b'{"%s":%s%s%s\n' % (FIELD.encode(), written, b"" if rest == b"}" else b",", rest)


def _partition(key: str) -> int:
    """First second of the hour of sending in, which a result object's key says."""
    match = RESULT_KEY.search(key)
    if not match:
        raise ValueError(f"{key} is no key of a result object")
    return int(datetime.fromisoformat(f"{match[1]}T{match[2]}:00:00+00:00").timestamp())


def _seconds(line: dict[str, Any], now: float) -> int | None:
    """When the comment was written, by the first of its fields that says a time; None for none."""
    time = as_utc(line.get(TIME_NAMES[0]))
    if time is None:
        own = {name.lower(): value for name, value in line.items()}
        time = next((found for name in TIME_NAMES if (found := as_utc(own.get(name)))), None)
    if time is None or time.timestamp() > now + DAY:
        return None
    return int(time.timestamp())


def _gzip(text: bytes) -> bytes:
    """As gzip.compress, without a time in it: equal lines give equal bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(text) + packer.flush()
