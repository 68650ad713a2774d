"""The columns of a whole output: the comments' own with one type each, and ours, which never differ."""

from typing import Any

from lambda_fn.contract import RESULT_FIELDS

SHARED_ONLY = ("work_id", "position")  # fields that only results in a shared bucket have
OURS = tuple(name for name in RESULT_FIELDS if name not in SHARED_ONLY)


def column_order(own: list[str]) -> list[str]:
    """All columns: the id, the comments' own fields, then the results."""
    return ["id", *own, *(name for name in OURS if name != "id")]


def arrow_type(kinds: set[str]) -> Any:
    """The Arrow type that holds values of such kinds exactly; text where no other does."""
    import pyarrow as pa

    if kinds == {"truth"}:
        return pa.bool_()
    if kinds == {"time"}:
        return pa.timestamp("us", "UTC")
    if kinds and kinds <= {"whole53", "whole64"}:
        return pa.int64()
    if kinds and kinds <= {"whole53", "float"}:
        return pa.float64()
    if kinds and kinds <= {"whole53", "whole64", "decimal"}:
        return pa.decimal128(38, 0)
    return pa.string()


def arrow_schema(own: dict[str, set[str]]) -> Any:
    """The Arrow schema of results whose own columns hold values of such kinds."""
    import pyarrow as pa

    coin = pa.struct(
        [
            ("coin", pa.string()),
            ("mood", pa.string()),
            *((f"p_{m}", pa.float64()) for m in ("negative", "neutral", "positive")),
        ]
    )
    ours = {
        "id": pa.string(),
        "label": pa.string(),
        "score": pa.float64(),
        "mood": pa.string(),
        "p_negative": pa.float64(),
        "p_neutral": pa.float64(),
        "p_positive": pa.float64(),
        "coins": pa.list_(coin),
        "language": pa.string(),
        "truncated": pa.bool_(),
        "model": pa.string(),
        "error": pa.string(),
        "error_message": pa.string(),
    }
    types = {name: arrow_type(kinds) for name, kinds in own.items()} | ours
    return pa.schema([(name, types[name]) for name in column_order(list(own))])
