"""Scored lines as JSONL, CSV or Parquet, in bounded memory, equal bytes for equal lines."""

import bz2
import csv
import gzip
import io
import json
import lzma
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from crypto_sentiment.files.schema import arrow_schema, column_order
from crypto_sentiment.files.scored import Kinds, plain
from crypto_sentiment.files.zstd import zstd
from lambda_fn.bulk.results import line_text

# Lines of a chunk, and their own fields if all have the same: what a journal gives.
Lines = Iterable[tuple[bytes, list[str] | None]]

BATCH_ROWS = 1024
# A row group is closed at one of these.
GROUP_ROWS = 65_536
GROUP_BYTES = 16 * 1024 * 1024
# A cell that begins like this runs as a formula in a spreadsheet, and the comments are strangers'.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[\d.]+")
_decode = json.JSONDecoder().decode

PACKERS: dict[str, Callable[[BinaryIO], Any]] = {
    "": lambda raw: raw,
    ".gz": lambda raw: gzip.GzipFile("", "wb", 6, raw, mtime=0),
    ".zst": lambda raw: zstd.ZstdFile(raw, "wb"),
    ".bz2": lambda raw: bz2.BZ2File(raw, "wb"),
    ".xz": lambda raw: lzma.LZMAFile(raw, "wb", preset=2),  # noqa: SIM115
}


def write_jsonl(lines: Lines, kinds: Kinds, file: BinaryIO) -> None:
    """Each line with every column of the whole: readers that look at the first lines only miss none."""
    own = list(kinds)
    order = column_order(own)
    for block, uniform in lines:
        if uniform == own:
            file.write(block)
            continue
        for text in block.splitlines():
            line = json.loads(text)
            file.write(line_text({name: line.get(name) for name in order}).encode() + b"\n")


def write_csv(lines: Lines, kinds: Kinds, file: BinaryIO, delimiter: str = ",") -> None:
    """Nested values as JSON; cells that would run as formulas with an apostrophe before them."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    order = column_order(list(kinds))
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(_defused(name) for name in order)
    for line in _parsed(lines):
        writer.writerow([_cell(line.get(name)) for name in order])
    text.flush()
    text.detach()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return _defused(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value)


def _defused(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def write_parquet(lines: Lines, kinds: Kinds, file: BinaryIO) -> None:
    """One schema, whatever the lines hold: of no lines as well."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(kinds)
    names = schema.names
    parsed = _parsed(lines)
    with pq.ParquetWriter(file, schema, compression="zstd", store_schema=True) as writer:
        group: list[Any] = []
        rows = size = 0
        while batch := list(islice(parsed, BATCH_ROWS)):
            if all(list(line) == names for line in batch):
                columns: list[Any] = list(zip(*(line.values() for line in batch), strict=True))
            else:
                columns = [[line.get(name) for line in batch] for name in names]
            arrays = [_array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            group.append(pa.record_batch(arrays, schema=schema))
            rows, size = rows + len(batch), size + group[-1].nbytes
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                writer.write_table(pa.Table.from_batches(group), row_group_size=rows)
                group, rows, size = [], 0, 0
        if group:
            writer.write_table(pa.Table.from_batches(group), row_group_size=rows)


def _array(values: Any, kind: Any) -> Any:
    """JSON values as an Arrow array. What does not fit as it is, is cast value by value."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.string()).cast(kind)
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        cast = _cast(kind)
        return pa.array([None if value is None else cast(value) for value in values], kind)


def _cast(kind: Any) -> Callable[[Any], Any]:
    """What makes a JSON value one of an Arrow type that does not take it as it is."""
    import pyarrow as pa

    if pa.types.is_string(kind):
        return lambda v: v if isinstance(v, str) else json.dumps(v, separators=(",", ":"))
    return Decimal if pa.types.is_decimal(kind) else float


def _parsed(lines: Lines) -> Iterator[dict]:
    for block, _ in lines:
        for text in block.decode().splitlines():  # a block is ASCII, with all other line ends escaped
            yield _decode(text)


Writer = Callable[[Lines, Kinds, BinaryIO], None]
WRITERS: dict[str, Writer] = {
    ".jsonl": write_jsonl,
    ".ndjson": write_jsonl,
    ".csv": write_csv,
    ".tsv": lambda lines, kinds, file: write_csv(lines, kinds, file, "\t"),
    ".parquet": write_parquet,
}


def write(lines: Lines, kinds: Kinds, path: Path, suffix: str, packing: str) -> None:
    """Write `path` in the format of `suffix`, packed as `packing` says."""
    with path.open("wb") as raw:
        packed = PACKERS[packing](raw)
        WRITERS[suffix](lines, kinds, packed)
        if packed is not raw:
            packed.close()
