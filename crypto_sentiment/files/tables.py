"""Scored lines as JSONL, CSV or Parquet, in bounded memory: one pass finds the columns, another writes them."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

ROWS_AT_ONCE = 10_000
FIRST_COLUMNS = ["id", "label", "score", "negative", "neutral", "positive"]


def flat_rows(lines: Path) -> Iterator[dict]:
    """Result lines as rows: probabilities and errors in columns of their own, other nested values as JSON."""
    with lines.open() as file:
        for line in file:
            row = json.loads(line)
            row |= row.pop("probabilities", {})
            if error := row.pop("error", None):
                row |= {"error_code": error["code"], "error_message": error["message"]}
            yield {name: json.dumps(v) if isinstance(v, dict | list) else v for name, v in row.items()}


def columns(lines: Path) -> dict[str, set[type]]:
    """Each column and the types of its values, the model's columns first."""
    found: dict[str, set[type]] = {}
    for row in flat_rows(lines):
        for name, value in row.items():
            found.setdefault(name, set()).update(() if value is None else (type(value),))
    order = [name for name in FIRST_COLUMNS if name in found]
    return {name: found[name] for name in [*order, *(name for name in found if name not in order)]}


def write_jsonl(lines: Path, output: Path) -> None:
    shutil.copyfile(lines, output)


def write_csv(lines: Path, output: Path) -> None:
    with output.open("w", newline="", encoding="utf-8", errors="replace") as file:
        writer = csv.DictWriter(file, list(columns(lines)))
        writer.writeheader()
        writer.writerows(flat_rows(lines))


def write_parquet(lines: Path, output: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    simple = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    fields = {}
    for name, types in columns(lines).items():
        numbers = types == {int, float}
        fields[name] = pa.float64() if numbers else simple[types.pop()] if len(types) == 1 else pa.string()
    casts = {pa.string(): _sound_text, pa.float64(): float}
    rows = flat_rows(lines)
    with pq.ParquetWriter(output, pa.schema(fields), compression="zstd") as writer:
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            arrays = []
            for name, kind in fields.items():
                cast = casts.get(kind, lambda value: value)
                values = (row.get(name) for row in batch)
                arrays.append(pa.array([None if v is None else cast(v) for v in values], kind))
            writer.write_batch(pa.record_batch(arrays, schema=pa.schema(fields)))


def _sound_text(value: object) -> str:
    """Parquet's text is UTF-8, which has no lone surrogates."""
    return str(value).encode("utf-8", "replace").decode()


WRITERS: dict[str, Callable[[Path, Path], None]] = {".jsonl": write_jsonl, ".csv": write_csv, ".parquet": write_parquet}
