"""Which field of a source is its text: told by a look at its first records, before anything is scored."""

from typing import Any

from lambda_fn.bulk.columns import ABSENT, ID_NAMES, TEXT_NAMES, Columns, at, usual
from lambda_fn.bulk.formats import TAKEN
from lambda_fn.bulk.records import parse_record
from lambda_fn.contract import RESULT_FIELDS
from lambda_fn.model.text import TextError


class NoText(ValueError):
    """No field of a source can be its text; the message names those that it has."""


def choose_columns(
    name: str,
    sample: list[bytes],
    header: tuple[str, ...],
    text_column: str | None = None,
    id_column: str | None = None,
    time_column: str | None = None,
    keep_text: bool = True,
) -> tuple[Columns, bool]:
    """How the records of a source are read, and whether they are results of ours.

    name: of the source, for errors. sample: its first records. header: a table's. text_column, id_column, time_column:
    named by a person, dotted where they lie deeper. keep_text: whether results carry the text. Raises NoText.
    """
    comments, fault = [], ""
    for record in sample:
        try:
            comments.append(parse_record(record))
        except TextError as error:
            fault = fault or str(error)
    names = tuple(dict.fromkeys([*header, *(field for comment in comments for field in comment)]))
    columns = Columns(text_column, id_column, time_column, (), names, keep_text)
    is_results = {"label", "p_negative", "model", "error"} <= set(names) and len(names) >= len(RESULT_FIELDS) - 2
    if text_column:
        if sample and not any(at(comment, text_column) is not ABSENT for comment in comments):
            raise NoText(f"{name} has no column {text_column!r}; {_listing(names, fault)}")
        return columns, is_results
    candidates = [n for n in usual(names, TEXT_NAMES) if _is_text(n, comments)]
    if not candidates and (sample or header):
        candidates = _nested(comments)
        if len(candidates) == 1 and not usual(names, ID_NAMES):
            parent = candidates[0].rpartition(".")[0]
            if any(at(comment, f"{parent}.id") is not ABSENT for comment in comments):
                columns.id = columns.id or f"{parent}.id"
    if not candidates and not sample:
        candidates = usual(names, TEXT_NAMES)
    if not candidates and (sample or header):
        raise NoText(
            f"{name}: none of its fields can be the text; {_listing(names, fault)}. Name the text with --text-column."
        )
    columns.texts = tuple(candidates)
    return columns, is_results


def _listing(names: tuple[str, ...], fault: str) -> str:
    if not names:
        return f"no comment in it can be read ({fault})" if fault else f"it holds no fields; {TAKEN}"
    more = f" and {len(names) - 30} more" if len(names) > 30 else ""
    return "it has " + ", ".join(repr(name) for name in names[:30]) + more


def _is_text(name: str, comments: list[dict[str, Any]]) -> bool:
    """Whether a field of a usual name holds texts: not numbers alone (a `comment` may be a count), not objects."""
    values = [comment[name] for comment in comments if comment.get(name) not in (None, "")]
    if not values:
        return True
    return any(
        (isinstance(value, str) and not value.strip().replace(".", "", 1).isdecimal()) or isinstance(value, list)
        for value in values
    )


def _nested(comments: list[dict[str, Any]]) -> list[str]:
    """The text's path where it lies one step deeper, if there is just one such."""
    paths = dict.fromkeys(
        f"{outer}.{name}"
        for comment in comments
        for outer, value in comment.items()
        if isinstance(value, dict)
        for name in usual(value, TEXT_NAMES)
        if isinstance(value[name], str)
    )
    return list(paths) if len(paths) == 1 else []
