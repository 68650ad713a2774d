"""Where the mood comes from, as MOOD_SOURCE names it: s3://bucket, a folder that is laid out as one, or one rollup."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_fn.mood.moved import ResultObjects
from lambda_fn.mood.rollup_file import RollupFile
from lambda_fn.mood.store import MoodStore


@dataclass(frozen=True)
class MoodSource:
    """results: the comments behind the rollups, None where there are none."""

    store: MoodStore
    results: ResultObjects | None


def open_source(source: str | None) -> MoodSource | None:
    """None for none. Raises ValueError for a file that is no rollup."""
    if not source:
        return None
    if source.startswith("s3://"):
        return of_bucket(source.removeprefix("s3://").strip("/"))
    path = Path(source)
    if path.is_file():
        try:
            return MoodSource(RollupFile.read(path), None)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"MOOD_SOURCE={source} is no rollup: {error}") from None
    return of_folder(path)


def of_folder(folder: Path) -> MoodSource:
    def fetch(key: str) -> bytes | None:
        path = folder / key
        return path.read_bytes() if path.is_file() else None

    def keys(prefix: str) -> list[str]:
        return [str(path.relative_to(folder)) for path in (folder / prefix).glob("*.jsonl.gz")]

    return MoodSource(MoodStore(fetch), ResultObjects(keys, fetch))


def of_bucket(bucket: str) -> MoodSource:
    clients: list[Any] = []

    def s3() -> Any:
        import boto3  # only where it is needed: it is most of the time that a start would take

        if not clients:
            clients.append(boto3.client("s3"))
        return clients[0]

    def fetch(key: str) -> bytes | None:
        try:
            body: bytes = s3().get_object(Bucket=bucket, Key=key)["Body"].read()
            return body
        except s3().exceptions.NoSuchKey:
            return None

    def keys(prefix: str) -> Iterator[str]:
        try:
            for page in s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from (item["Key"] for item in page.get("Contents", ()))
        except s3().exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "AccessDenied":
                raise PermissionError(prefix) from None
            raise

    return MoodSource(MoodStore(fetch), ResultObjects(keys, fetch))
