"""Comments in, as Spark reads them: a folder, a file or a glob of Parquet, JSON lines or CSV, never silently wrong.

What Spark does by default and does here not: CSV broken at a newline inside quotes, columns of CSV taken by position
whatever the header says, ids turned into numbers, columns that only some Parquet files have left out, and the
`dt=…/hour=…` of a path lost when the path is a glob.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from crypto_sentiment.spark.errors import SparkJobError

# By the end of a file's name, without its compression; the options that make Spark's reader right.
FORMATS = {
    ".parquet": ("parquet", {"mergeSchema": "true"}),
    ".jsonl": ("json", {}),
    ".ndjson": ("json", {}),
    ".json": ("json", {}),
    ".csv": ("csv", {"header": "true", "multiLine": "true", "escape": '"', "enforceSchema": "false"}),
    ".tsv": ("csv", {"header": "true", "multiLine": "true", "escape": '"', "enforceSchema": "false", "sep": "\t"}),
}
COMPRESSED = (".gz", ".bz2")
CONVERT = "run `crypto-sentiment convert` first, which streams them into Parquet"
_GLOB = re.compile(r"([\\{}\[\]*?])")


@dataclass(frozen=True)
class SourceFile:
    """path as Spark lists it; bytes; modified: milliseconds since 1970."""

    path: str
    bytes: int
    modified: int

    @property
    def format(self) -> str | None:
        """The key in FORMATS, if there is one."""
        name = self.path.lower()
        for ending in COMPRESSED:
            name = name.removesuffix(ending)
        return next((ending for ending in FORMATS if name.endswith(ending)), None)


def list_files(spark: SparkSession, source: str) -> list[SourceFile]:
    """The files under a folder, a file or a glob, by path. Hidden ones (`_SUCCESS`, `.crc`) are passed over.

    Raises SparkJobError: none there, of a kind that Spark cannot read, or of several kinds.
    """
    listing = spark.read.format("binaryFile").option("recursiveFileLookup", "true")
    try:
        rows = listing.load(source).selectExpr("path", "length", "unix_millis(modificationTime) AS modified").collect()
    except Exception as error:
        raise SparkJobError(f"cannot list {source}: {reason(error)}") from None
    files = sorted((SourceFile(*row) for row in rows if row.length), key=lambda file: file.path)
    if not files:
        raise SparkJobError(f"there are no files in {source}")
    if wrong := [file.path for file in files if file.format is None]:
        packed = wrong[0].lower().endswith((".zst", ".xz"))
        why = "which Spark cannot split, nor open with a long window" if packed else "which Spark's readers do not know"
        raise SparkJobError(f"{source} has {wrong[0]}, {why}: {CONVERT}")
    kinds = sorted({FORMATS[file.format][0] for file in files if file.format})
    if len(kinds) > 1:
        raise SparkJobError(f"{source} has files of several kinds ({', '.join(kinds)}): score each by itself")
    return files


def read(spark: SparkSession, source: str, files: Sequence[SourceFile], schema: StructType | None = None) -> DataFrame:
    """Those files of `source`, with the keys that their path gives. schema: as an earlier read of the source found it.

    Raises SparkJobError if Spark cannot make one table of them.
    """
    kind, options = FORMATS[files[0].format or ""]
    reader = spark.read.format(kind).options(**options)
    if base := base_path(source):
        reader = reader.option("basePath", base)
    if schema is not None:
        reader = reader.schema(schema)
    try:
        return reader.load([_GLOB.sub(r"\\\1", file.path) for file in files])
    except Exception as error:
        why = reason(error)
        if "NANOS" in str(error):  # pyspark 3.5 says it further down, among Java's frames
            why = f"it has times in nanoseconds, which Spark cannot read: {CONVERT}"
        raise SparkJobError(f"cannot read {source}: {why}") from None


def base_path(source: str) -> str | None:
    """The folder below which `name=value` folders are columns: before the first such folder or glob in `source`.

    None for a file.
    """
    parts = source.rstrip("/").split("/")
    for index, part in enumerate(parts):
        if "=" in part or any(character in part for character in "*?[{"):
            return "/".join(parts[:index]) or "."
    return None if any(parts[-1].lower().endswith((end, *(end + c for c in COMPRESSED))) for end in FORMATS) else source


def keys_of(files: Sequence[SourceFile]) -> list[str]:
    """Names of the `name=value` folders above the first file: columns that the result is partitioned by, too."""
    return [part.split("=", 1)[0] for part in files[0].path.split("/")[:-1] if "=" in part]


def reason(error: Exception) -> str:
    """Spark's exception in a line. pyspark 3.5 puts one before Java's that says nothing."""
    lines = str(getattr(error, "desc", None) or error).strip().splitlines()
    if len(lines) > 1 and lines[0].startswith("An error occurred while calling"):
        del lines[0]
    return lines[0].removeprefix(": ")[:300] if lines else type(error).__name__
