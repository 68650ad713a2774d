"""Parquet's rows as records: JSON of one comment each, a batch of rows at a time."""

import json
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO

from crypto_sentiment.files.errors import InputError
from lambda_fn.bulk.times import as_utc, iso

BATCH_ROWS = 1024


def open_parquet(file: BinaryIO | str, name: str) -> Any:
    """A pyarrow ParquetFile. Raises InputError if it is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file, pre_buffer=False, buffer_size=1024 * 1024)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise InputError(f"{name} is not whole Parquet: {_one_line(error)}") from None


def parquet_records(parquet: Any, name: str) -> Iterator[bytes]:
    """The rows in order. Raises InputError where the file is damaged."""
    import pyarrow as pa

    encode = json.JSONEncoder(separators=(",", ":"), default=_plain).encode
    try:
        for batch in parquet.iter_batches(BATCH_ROWS):
            names = batch.schema.names
            columns = [_values(column) for column in batch.columns]
            for row in zip(*columns, strict=True):
                yield encode(dict(zip(names, row, strict=True))).encode()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise InputError(f"{name} is damaged: {_one_line(error)}") from None


def _values(column: Any) -> list:
    """A column's values. Timestamps go by way of microseconds, so that nanoseconds need no pandas."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", column.type.tz), safe=False).to_pylist()
    return column.to_pylist()


def _plain(value: object) -> object:
    """What JSON has no word for, as text that loses nothing: times as UTC, decimals with all their digits."""
    if isinstance(value, datetime):
        utc = as_utc(value)
        return iso(utc) if utc else str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _one_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
