"""Where scored comments, or rollups of them, lie: files, folders, patterns and S3 prefixes."""

import glob
import gzip
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from crypto_sentiment.mood.errors import MoodError

KINDS = {".jsonl": "json", ".ndjson": "json", ".json": "json", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet"}
PACKINGS = (".gz", ".zst", "")
DOWNLOADS_AT_ONCE = 16


def kind_of(path: Path) -> str | None:
    """json, csv, tsv or parquet, by the name; None for what is none of these, or packed as DuckDB does not read."""
    name = path.name.lower()
    for packing in PACKINGS:
        if packing and name.endswith(packing):
            name = name.removesuffix(packing)
            break
    return KINDS.get(Path(name).suffix)


@contextmanager
def local_files(sources: Sequence[str]) -> Iterator[dict[str, list[Path]]]:
    """The files that `sources` name, by kind; "rollup" are objects of lambda_fn/mood/rollup.py. S3's are downloaded.

    Raises MoodError for a source without any.
    """
    with tempfile.TemporaryDirectory(prefix="crypto-sentiment-mood-") as folder:
        found: dict[str, list[Path]] = defaultdict(list)
        for number, source in enumerate(sources):
            paths = _download(source, Path(folder) / str(number)) if source.startswith("s3://") else _listed(source)
            kinds = {path: kind_of(path) for path in paths}
            if not any(kinds.values()):
                raise MoodError(f"there are no results in {source}: .jsonl, .csv or .parquet, plain, .gz or .zst")
            rollups = _is_rollup(next(path for path, kind in kinds.items() if kind))
            for path, kind in kinds.items():
                if kind:
                    found["rollup" if rollups else kind].append(path)
        # A file that two patterns name is one file.
        yield {kind: list(dict.fromkeys(paths)) for kind, paths in found.items()}


def _listed(source: str) -> list[Path]:
    path = Path(source)
    if path.is_dir():
        parts = sorted(part for part in path.rglob("*") if part.is_file())
        return [
            p.resolve() for p in parts if not any(name.startswith((".", "_")) for name in p.relative_to(path).parts)
        ]
    if path.exists():
        return [path.resolve()]
    paths = [Path(name).resolve() for name in sorted(glob.glob(source, recursive=True)) if Path(name).is_file()]
    if not paths:
        raise MoodError(f"there is no {source}")
    return paths


def _is_rollup(path: Path) -> bool:
    """Whether the first line is a rollup's."""
    if kind_of(path) != "json" or path.name.endswith(".zst"):
        return False
    opener = gzip.open if path.name.endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            line = json.loads(file.readline())
    except (OSError, EOFError, ValueError):
        return False
    return isinstance(line, dict) and {"cells", "thread_pairs"} <= line.keys()


def _download(url: str, folder: Path) -> list[Path]:
    """The objects under an s3:// address, at their keys in `folder`."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    folder.mkdir()
    try:
        s3 = boto3.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", []) if kind_of(Path(item["Key"]))]
        if not keys:
            raise MoodError(f"there are no results in {url}")

        def fetch(numbered: tuple[int, str]) -> Path:
            number, key = numbered
            # Numbered, not at its key: a key may be `a` and another `a/b`, or `../x`.
            path = folder / f"{number}-{Path(key).name}"
            s3.download_file(bucket, key, str(path))
            return path

        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            return list(pool.map(fetch, enumerate(keys)))
    except (BotoCoreError, ClientError) as error:
        raise MoodError(f"cannot read {url}: {error}") from None
