"""Comments in any usual file into Parquet that Spark can split: streamed, in constant memory, resumable.

Spark cannot open Reddit's dumps (zstd with a window of 2 GiB), nor split what is compressed whole. Each source becomes
files of `ROWS` rows. The columns and their types are those of the source's first `SAMPLE` records and never change
after: what a later record has beside them, or of another type, goes as JSON into the column `other`, and a record that
cannot be read into `_corrupt_record`, where scoring on Spark finds it and makes an error row of it. Rows in = rows out.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from crypto_sentiment.files.errors import OutputError
from crypto_sentiment.files.places import Place
from crypto_sentiment.files.schema import arrow_type
from crypto_sentiment.files.scored import kinds_of
from crypto_sentiment.files.source import Asked, Source, look
from lambda_fn.bulk.columns import ABSENT, at, id_text
from lambda_fn.bulk.records import parse_record
from lambda_fn.model.text import TextError

SAMPLE = 10_000
ROWS = 500_000  # of a file: some 60 MB, ten minutes of one core
GROUP_ROWS = 25_000  # of a row group, the least that Spark reads for one task
OTHER = "other"
CORRUPT = "_corrupt_record"  # as Spark's JSON reader calls it
CORRUPT_CHARS = 1_000
DONE = "_converted"  # a folder that Spark passes over: a file for each source that is through


@dataclass(frozen=True)
class Conversion:
    """output: folder. columns: the own fields to keep, by their names in the result; None: all that the sample has."""

    output: Path
    asked: Asked = field(default_factory=Asked)
    columns: frozenset[str] | None = None
    rows: int = ROWS

    def run(self, place: Place, tell: Callable[[int], None] = lambda rows: None) -> int:
        """Convert one source; returns its rows. What an earlier run has made of it is kept. tell: gets rows so far.

        Raises InputError for what cannot be read; OutputError where another source's files have the same name.
        """
        mark = self.output / DONE / f"{_stem(place)}.json"
        identity = {"name": place.name, "bytes": place.size}
        if mark.exists():
            done = json.loads(mark.read_text())
            if {name: done[name] for name in identity} != identity:
                raise OutputError(f"{self.output} has files of another {_stem(place)}: name another output")
            return int(done["rows"])
        source = look(place, self.asked)
        made = self._whole_files(place)
        rows = sum(_rows_of(path) for path in made)
        lines = self._lines(source, skip=rows)
        schema = _schema_of(made[0]) if made else None
        if schema is None:
            sample = list(islice(lines, SAMPLE))
            schema, lines = self._schema(sample), chain(sample, lines)
        number = len(made)
        while piece := list(islice(lines, min(GROUP_ROWS, self.rows))):
            rows += self._write(place, number, schema, chain(piece, islice(lines, self.rows - len(piece))))
            number += 1
            tell(rows)
        mark.parent.mkdir(exist_ok=True)
        _written(mark, json.dumps({**identity, "rows": rows}).encode())
        return rows

    def _whole_files(self, place: Place) -> list[Path]:
        """Files that an interrupted run has finished: they have their names only then."""
        found: list[Path] = []
        while (path := self._path(place, len(found))).exists():
            found.append(path)
        return found

    def _path(self, place: Place, number: int) -> Path:
        return self.output / f"{_stem(place)}-{number:05d}.parquet"

    def _lines(self, source: Source, skip: int) -> Iterator[dict]:
        """Each record from number `skip` on: its id, text and own fields, or what it was if it cannot be read."""
        columns = source.columns
        for record in islice(source.records(), skip, None):
            try:
                comment = parse_record(record)
            except TextError:
                yield {CORRUPT: record[:CORRUPT_CHARS].decode("utf-8", "replace")}
                continue
            plan = columns.plan(comment)
            column, text = columns.text_of(comment, plan)
            own = columns.own_fields(comment, plan, column)
            if isinstance(text, str) and column is not None:
                own[column if column in comment else "text"] = text  # whole, where it lay deeper or in pieces
            yield {"id": id_text(at(comment, plan.id)) if plan.id else None, **own}

    def _schema(self, sample: list[dict]) -> Any:
        import pyarrow as pa

        seen_lines = [{k: v for k, v in line.items() if k != CORRUPT} for line in sample]
        kinds = kinds_of(seen_lines, self.asked.time_column)
        kept = {name: seen for name, seen in kinds.items() if self.columns is None or name in self.columns}
        fields = [pa.field("id", pa.string()), *(pa.field(name, arrow_type(seen)) for name, seen in kept.items())]
        return pa.schema([*fields, pa.field(OTHER, pa.string()), pa.field(CORRUPT, pa.string())])

    def _write(self, place: Place, number: int, schema: Any, lines: Iterator[dict]) -> int:
        """One file, under its name only when it is whole. Returns its rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._path(place, number)
        part = path.with_name(f".{path.name}.part")
        rows = 0
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            while group := list(islice(lines, GROUP_ROWS)):
                fitted = [self._fit(line, schema) for line in group]
                arrays = [pa.array([line.get(field.name) for line in fitted], field.type) for field in schema]
                writer.write_batch(pa.record_batch(arrays, schema=schema), row_group_size=len(group))
                rows += len(group)
        part.replace(path)
        return rows

    def _fit(self, line: dict, schema: Any) -> dict:
        """The values that fit their columns; the others, as JSON, in `other`. Columns not asked for are gone."""
        fitted, other = {}, {}
        for name, value in line.items():
            index = schema.get_field_index(name)
            if index < 0:
                if self.columns is None or name in self.columns:
                    other[name] = value
                continue
            fitted[name] = value = _as(schema.field(index).type, value)
            if value is ABSENT:
                fitted[name], other[name] = None, line[name]
        if other:
            fitted[OTHER] = json.dumps(other, separators=(",", ":"))
        return fitted


def _as(kind: Any, value: Any) -> Any:
    """A JSON value as one of an Arrow type; ABSENT if it is none."""
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_string(kind):
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        return text.encode("utf-8", "replace").decode()  # a lone surrogate is no character
    if pa.types.is_boolean(kind):
        return value if isinstance(value, bool) else ABSENT
    if pa.types.is_timestamp(kind):
        try:
            return datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return ABSENT
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ABSENT
    if pa.types.is_floating(kind):
        return float(value) if isinstance(value, float) or abs(value) <= 2**53 else ABSENT
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else ABSENT


def _schema_of(path: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.read_schema(path)


def _rows_of(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def _stem(place: Place) -> str:
    """A source's name without its folder and suffixes: RC_2024-01 for RC_2024-01.zst."""
    name = (place.path.name if place.path else place.key.rpartition("/")[2]) or "comments"
    return name.lstrip(".").split(".", 1)[0] or "comments"


def _written(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
