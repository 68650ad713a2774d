"""Where comments lie: files, folders, patterns, S3 prefixes, standard input. Each becomes a list of places to read."""

import glob
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from crypto_sentiment.files import s3 as s3_objects
from crypto_sentiment.files.errors import InputError

STANDARD_INPUT = "-"
# In a folder these are read, and what has no suffix at all; all others are somebody's notes.
SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".pq")
PACKED = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")
RECEIPT = ".receipt.jsonl"
PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Place:
    """One stream of bytes. name: for people. size: bytes, None for a pipe. listed: found in a folder, not named.

    modified: when an S3 object was written, ISO 8601.
    """

    name: str
    size: int | None = None
    listed: bool = False
    path: Path | None = None
    bucket: str = ""
    key: str = ""
    etag: str = ""
    modified: str = ""

    @property
    def can_be_read_again(self) -> bool:
        return self.size is not None

    def open(self, s3: Any = None) -> BinaryIO:
        """The place's bytes from the start. Raises InputError."""
        if self.bucket:
            raw = s3_objects.ObjectReader(s3 or s3_objects.client(), self.bucket, self.key, self.etag, self.size or 0)
            return io.BufferedReader(raw, 256 * 1024)
        if self.path is None:
            return sys.stdin.buffer
        try:
            return self.path.open("rb", buffering=0)
        except OSError as error:
            raise InputError(f"cannot read {self.name}: {error.strerror}") from None


class PassedOver(list[str]):
    """Names of what lay among the comments and is none."""


def find_places(sources: Iterable[str], output: Path | None = None, s3: Any = None) -> tuple[list[Place], PassedOver]:
    """The places that `sources` name, in order, and what was passed over among them.

    output: where results will go, which is no source. Raises InputError for a source that names nothing.
    """
    found: list[Place] = []
    passed = PassedOver()
    for source in sources:
        if source == STANDARD_INPUT:
            found.append(Place("standard input"))
        elif source.startswith("s3://"):
            found += _objects(source, passed, s3 or s3_objects.client())
        else:
            found += _files(source, output, passed)
    return list(dict.fromkeys(found)), passed


def _files(source: str, output: Path | None, passed: PassedOver) -> list[Place]:
    path = Path(source)
    if path.is_dir():
        places = list(_in_folder(path, output, passed))
        if not places:
            raise InputError(f"there is no file of comments in {source}")
        return places
    if not path.exists() and glob.has_magic(source):
        names = sorted(name for name in glob.glob(source, recursive=True) if Path(name).is_file())
        places = [_file(Path(n), True) for n in names if _is_comments(Path(n), output, passed, any_suffix=True)]
        if not places:
            raise InputError(f"no file matches {source}")
        return places
    return [_file(path, False)]


def _in_folder(folder: Path, output: Path | None, passed: PassedOver) -> Iterator[Place]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and not f.endswith(PARTIAL))
        if output and output.is_dir() and Path(parent).resolve() == output:
            folders.clear()
            continue
        for name in sorted(names):
            path = Path(parent) / name
            if _is_comments(path, output, passed):
                yield _file(path, True)


def _is_comments(path: Path, output: Path | None, passed: PassedOver, any_suffix: bool = False) -> bool:
    """Whether a file in a folder may hold comments: markers, receipts, our own output and empty files do not."""
    name = path.name
    if name.startswith((".", "_")) or name.endswith((RECEIPT, PARTIAL, ".crc")) or path.resolve() == output:
        passed.append(str(path))
        return False
    if path.stat().st_size == 0 and path.is_file():
        passed.append(str(path))
        return False
    if any_suffix or looks_like_comments(name):
        return True
    passed.append(str(path))
    return False


def looks_like_comments(name: str) -> bool:
    """Whether a file's name is one that comments have: a suffix of ours, or none."""
    name = name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return name.endswith(SUFFIXES) or "." not in name.lstrip(".") or name.rpartition(".")[2].isdigit()


def _file(path: Path, listed: bool) -> Place:
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    return Place(str(path), status.st_size if stat.S_ISREG(status.st_mode) else None, listed, path)


def _objects(url: str, passed: PassedOver, s3: Any) -> list[Place]:
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, prefix = s3_objects.split(url)
    places = []
    try:
        for item in s3_objects.listed(s3, bucket, prefix):
            key = item["Key"]
            named = key == prefix and not key.endswith("/")  # a prefix may have its folder's marker as an object
            base = key.rpartition("/")[2]
            if not named and (not base or base.startswith((".", "_")) or base.endswith(RECEIPT) or not item["Size"]):
                passed.append(f"s3://{bucket}/{key}")
            elif named or looks_like_comments(base):
                modified = item["LastModified"].isoformat()
                name = f"s3://{bucket}/{key}"
                place = Place(name, item["Size"], not named, None, bucket, key, item["ETag"], modified)
                if named:
                    return [place]
                places.append(place)
            else:
                passed.append(f"s3://{bucket}/{key}")
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"cannot list {url}: {error}") from None
    if not places:
        raise InputError(f"there is no object of comments under {url}")
    return places
