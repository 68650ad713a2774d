"""The result of scoring a DataFrame: which columns, in which order, of which types.

`mapInArrow` takes columns by position and ignores their names, so the order is fixed here once, for the schema that
Spark is told and for the batches that the workers build.
"""

from dataclasses import dataclass

from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DoubleType,
    StringType,
    StructField,
    StructType,
)

from crypto_sentiment.spark.errors import SparkJobError
from lambda_fn.bulk.columns import ID_NAMES, TEXT_NAMES, usual
from lambda_fn.contract import RESULT_FIELDS

_PROBABILITIES = [StructField(f"p_{mood}", DoubleType()) for mood in ("negative", "neutral", "positive")]
COIN = StructType([StructField("coin", StringType()), StructField("mood", StringType()), *_PROBABILITIES])
# What scoring adds to a comment, in this order. `error` is "" where all is well; the others are null where it is not.
OUTCOME = StructType(
    [
        StructField("label", StringType()),
        StructField("score", DoubleType()),
        StructField("mood", StringType()),
        *_PROBABILITIES,
        StructField("coins", ArrayType(COIN)),
        StructField("language", StringType()),
        StructField("truncated", BooleanType()),
        StructField("model", StringType()),
        StructField("error", StringType()),
        StructField("error_message", StringType()),
    ]
)
RESERVED = frozenset(RESULT_FIELDS)


@dataclass(frozen=True)
class ResultSchema:
    """own: (name in the input, name in the result) of the comment's own columns, in order; schema: the whole result."""

    own: tuple[tuple[str, str], ...]
    schema: StructType

    @property
    def renamed(self) -> dict[str, str]:
        return {old: new for old, new in self.own if old != new}


def result_schema(columns: StructType, id_name: str | None, left_out: set[str]) -> ResultSchema:
    """`id` (always text), the comment's own columns but `left_out` and the id, then OUTCOME.

    An own column with one of our names becomes comment_<name>. Names are compared as Spark does, without case.
    Raises SparkJobError for two columns of one name.
    """
    names = [field.name.lower() for field in columns.fields]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SparkJobError(f"the columns {', '.join(twice)} are there twice (Spark ignores case): rename one of each")
    fields = [StructField("id", StringType())]
    own, taken = [], set(names)
    for field in columns.fields:
        if field.name in left_out or (id_name and field.name == id_name and id_name.lower() == "id"):
            continue
        name = field.name
        while name.lower() in RESERVED or (name != field.name and name.lower() in taken):
            name = f"comment_{name}"
        taken.add(name.lower())
        own.append((field.name, name))
        fields.append(StructField(name, field.dataType, field.nullable))
    return ResultSchema(tuple(own), StructType(fields + OUTCOME.fields))


def find_text(columns: StructType, wanted: str | None) -> tuple[str, ...]:
    """Path of the text's column: one name, or several for a field of a struct ("data.note.body").

    wanted: None looks for TEXT_NAMES. Raises SparkJobError if it is not there or holds no text.
    """
    if wanted is None:
        kinds = {field.name: field.dataType for field in columns.fields}
        found = usual(columns.names, TEXT_NAMES)
        if not found:
            raise SparkJobError(
                f"no column can be the text: there are {', '.join(columns.names) or 'none'}. Name it (--text-column, "
                "or score(df, text=…)), a field of a struct with dots"
            )
        wanted = next((name for name in found if isinstance(kinds[name], StringType | BinaryType)), found[0])
    path = (wanted,) if _field(columns, wanted) else tuple(wanted.split("."))
    kind: DataType = columns
    for name in path:
        field = _field(kind, name) if isinstance(kind, StructType) else None
        if field is None:
            raise SparkJobError(f"there is no column {wanted}: there are {', '.join(columns.names)}")
        kind = field.dataType
    if not isinstance(kind, StringType | BinaryType):
        raise SparkJobError(f"the column {wanted} is {kind.simpleString()}, not text")
    return path


def find_id(columns: StructType, wanted: str | None) -> str | None:
    """Name of the column that tells comments apart; None where none is named, nor there by a usual name."""
    if wanted is None:
        return next(iter(usual(columns.names, ID_NAMES)), None)
    field = _field(columns, wanted)
    if field is None:
        raise SparkJobError(f"there is no column {wanted}: there are {', '.join(columns.names)}")
    return field.name


def find_author(columns: StructType) -> str | None:
    """Name of the column that says who wrote the comment: bots are told by it."""
    return next(
        (name for name in usual(columns.names, ("author",)) if isinstance(columns[name].dataType, StringType)), None
    )


def _field(columns: StructType, name: str) -> StructField | None:
    exact = next((field for field in columns.fields if field.name == name), None)
    return exact or next((field for field in columns.fields if field.name.lower() == name.lower()), None)
