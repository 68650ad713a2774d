"""Where scored comments go, and how they are read back: gzipped JSON lines, in S3 or in a local folder.

Key: <prefix>dt=YYYY-MM-DD/hour=HH/<work id>[-<chunk start>].jsonl.gz, which a retry overwrites byte for byte.
Each line is known by its work_id and position; a reader drops what remains double by these two.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

# Names of a result line's own fields. A comment's field of such a name (Reddit's `score`) goes out as comment_<name>.
OWN_FIELDS = frozenset({"work_id", "position", "label", "score", "probabilities", "truncated", "model", "error"})


def result_key(prefix: str, work_id: str, start: int, partition: datetime) -> str:
    """Key of the results of the chunk of `work_id` that begins at `start`."""
    chunk = f"-{start}" if start else ""
    return f"{prefix}{partition.astimezone(UTC):dt=%Y-%m-%d/hour=%H}/{work_id}{chunk}.jsonl.gz"


def result_line(work_id: str, position: int, comment: dict, outcome: dict) -> dict:
    """One result: the comment's identity, `outcome` (a sentiment or an error), and its other fields but the text."""
    line = {"work_id": work_id, "position": position, **outcome}
    for name, value in comment.items():
        if name == "text":
            continue
        while name in OWN_FIELDS or name in line:
            name = f"comment_{name}"
        line[name] = value
    return line


def encode_lines(lines: Iterable[dict]) -> bytes:
    """Gzipped JSON lines; equal lines give equal bytes."""
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def read_lines(body: bytes) -> Iterator[dict]:
    """The lines of one result object."""
    for line in gzip.decompress(body).splitlines():
        yield json.loads(line)


def unique_lines(lines: Iterable[dict]) -> Iterator[dict]:
    """`lines` without those that an earlier one already gives: same work_id, same position."""
    seen = set()
    for line in lines:
        identity = line["work_id"], line["position"]
        if identity not in seen:
            seen.add(identity)
            yield line


class Results(Protocol):
    """A place for results. `write` returns only when they are safe, and replaces what was at the key."""

    def write(self, work_id: str, start: int, partition: datetime, lines: Iterable[dict]) -> None: ...


class S3Results:
    """Results in a bucket."""

    def __init__(self, s3, bucket: str, prefix: str):
        self._s3, self._bucket, self._prefix = s3, bucket, prefix

    def write(self, work_id: str, start: int, partition: datetime, lines: Iterable[dict]) -> None:
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

    def write(self, work_id: str, start: int, partition: datetime, lines: Iterable[dict]) -> None:
        path = self._folder / result_key(self._prefix, work_id, start, partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(encode_lines(lines))
        part.replace(path)
