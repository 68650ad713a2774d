"""Where scored comments go, and how they are read back: gzipped JSON lines, in S3 or in a local folder.

Key: <prefix>dt=YYYY-MM-DD/hour=HH/<work id>[-<chunk start>].jsonl.gz, which a retry overwrites byte for byte.
Each line is known by its work_id and position; a reader drops what remains double by these two.
"""

import gzip
import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol


def result_key(prefix: str, work_id: str, start: int, partition: datetime) -> str:
    """Key of the results of the chunk of `work_id` that begins at `start`."""
    chunk = f"-{start}" if start else ""
    return f"{prefix}{partition.astimezone(UTC):dt=%Y-%m-%d/hour=%H}/{work_id}{chunk}.jsonl.gz"


def result_line(
    identity: dict[str, Any], id: str | None, own: dict[str, Any], outcome: dict[str, Any]
) -> dict[str, Any]:
    """One result, its fields in the order of RESULT_FIELDS, the comment's own fields behind its id.

    identity: work_id and position, or nothing where results are not shared. outcome: a sentiment or an error.
    """
    return {**identity, "id": id, **own, **outcome}


def line_text(line: dict[str, Any]) -> str:
    """`line` as JSON that every reader takes: no NaN or infinity (null instead), no half of a surrogate pair."""
    try:
        text = _encode(line)
    except ValueError:
        text = _encode(_finite(line))
    return _ESCAPED.sub(_whole, text) if "\\ud" in text else text


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
# An escaped backslash, a pair of surrogates, or a lone one, which is no character and which most readers refuse.
_ESCAPED = re.compile(r"\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(\\ud[89a-f][0-9a-f]{2})")


def _whole(match: re.Match[str]) -> str:
    return "\\ufffd" if match[1] else match[0]


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def encode_lines(lines: Iterable[dict[str, Any]]) -> bytes:
    """Gzipped JSON lines; equal lines give equal bytes."""
    text = "".join(line_text(line) + "\n" for line in lines)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def read_lines(body: bytes) -> Iterator[dict[str, Any]]:
    """The lines of one result object."""
    for line in gzip.decompress(body).splitlines():
        yield json.loads(line)


def unique_lines(lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """`lines` without those that an earlier one already gives: same work_id, same position."""
    seen = set()
    for line in lines:
        identity = line["work_id"], line["position"]
        if identity not in seen:
            seen.add(identity)
            yield line


class Results(Protocol):
    """A place for results. `write` returns only when they are safe, and replaces what was at the key."""

    def write(self, work_id: str, start: int, partition: datetime, lines: Iterable[dict[str, Any]]) -> None: ...


class S3Results:
    """Results in a bucket."""

    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix

    def write(self, work_id: str, start: int, partition: datetime, lines: Iterable[dict[str, Any]]) -> None:
        self._s3.put_object(
            Bucket=self._bucket,
            Key=result_key(self._prefix, work_id, start, partition),
            Body=encode_lines(lines),
            ContentType="application/gzip",
        )


class FolderResults:
    """Results under a local folder, at the same keys."""

    def __init__(self, folder: Path, prefix: str = ""):
        self._folder, self._prefix = Path(folder), prefix

    def write(self, work_id: str, start: int, partition: datetime, lines: Iterable[dict[str, Any]]) -> None:
        path = self._folder / result_key(self._prefix, work_id, start, partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(encode_lines(lines))
        part.replace(path)
