"""A DataFrame of comments in, a DataFrame of scored comments out: the door for notebooks and jobs alike."""

import inspect
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from pyspark.errors import PySparkTypeError
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, StringType, StructType

from crypto_sentiment.spark.errors import SparkJobError
from crypto_sentiment.spark.schema import find_author, find_id, find_text, result_schema
from crypto_sentiment.spark.shipping import ship
from lambda_fn.settings import get_settings

if TYPE_CHECKING:
    import pyarrow as pa

# What a score depends on, and what carries it: the workers' are to be the driver's.
SAME_PACKAGES = ("google-re2", "numpy", "onnxruntime", "py3langid", "pyarrow", "tokenizers")
# The column in which Spark's JSON reader leaves a line that it could not read.
CORRUPT = "_corrupt_record"


def score(
    df: DataFrame,
    text: str | None = None,
    id: str | None = None,
    *,
    keep_text: bool = True,
    partitions: int | None = None,
) -> DataFrame:
    """Score every row of `df`: one row out for each row in.

    text: the text's column (dotted for a field of a struct); default `text`, `body`, `comment`, …, in any case.
    id: the column that tells comments apart; default `id`, `comment_id`, …, where there is one. It comes out as text.
    keep_text: whether the text's own column (or the struct that holds it) goes into the result too.
    partitions: spread the rows over so many tasks first (a shuffle); default as `df` has them.

    Returns `id`, the other columns of `df` (one with a name of ours as comment_<name>), then label, score, mood,
    p_negative, p_neutral, p_positive, coins, language, truncated, model, error, error_message. A comment that cannot
    be scored is a row whose `error` is a code; `error` is "" in all others. Lazy, as transformations are.
    Raises SparkJobError if a named column is missing or holds no text.
    """
    path, id_name = find_text(df.schema, text), find_id(df.schema, id)
    result = result_schema(df.schema, id_name, {CORRUPT} | (set() if keep_text else {path[0]}))
    author = find_author(df.schema)
    ordered = [
        # As bytes: Spark's strings may hold what is not UTF-8, which the worker has to be able to look at.
        _field(path).cast(BinaryType()).alias("text"),
        (_column(author) if author else F.lit(None)).cast(BinaryType()).alias("author"),
        (F.col(CORRUPT).isNotNull() if CORRUPT in df.columns else F.lit(False)).alias("corrupt"),
        (_column(id_name) if id_name else F.lit(None)).cast(StringType()).alias("id"),
        # mapInArrow looks columns up by name, and takes a dot in one for a struct: these names have none.
        *(_column(old).alias(f"own{index}") for index, (old, _) in enumerate(result.own)),
    ]
    _check_types(result.schema)
    archive = ship(df.sparkSession)
    rows = df.repartition(partitions) if partitions else df
    return rows.select(*ordered).mapInArrow(_task(archive, get_settings().max_text_chars), result.schema)


def _task(archive: str | None, max_chars: int) -> Callable[[Iterator["pa.RecordBatch"]], Iterator["pa.RecordBatch"]]:
    """The function that the workers run. It travels by value (it is nested), so that a worker of another environment
    says so itself, before it fails to import us. archive: what `ship` sent, None where we are installed."""
    wanted, driver = _versions(), sys.executable

    def task(batches):
        import sys
        from importlib.metadata import PackageNotFoundError, version

        for package, wished in wanted.items():
            try:
                found = version(package)
            except PackageNotFoundError:
                found = "none"
            if found != wished:
                raise RuntimeError(
                    f"the workers' Python ({sys.executable}) has {package} {found}, the driver's ({driver}) {wished}: "
                    "give both the same environment, by PYSPARK_PYTHON or spark.pyspark.python"
                )
        model_dir = None
        if archive:
            from pyspark import SparkFiles

            folder = SparkFiles.get(archive)
            model_dir = f"{folder}/model"
            if folder not in sys.path:
                sys.path.insert(0, folder)
        from crypto_sentiment.spark.worker import score_batches

        yield from score_batches(batches, model_dir, max_chars)

    return task


def _versions() -> dict[str, str]:
    try:
        return {package: version(package) for package in SAME_PACKAGES}
    except PackageNotFoundError as error:
        raise SparkJobError(f"{error.name} is not installed: pip install 'crypto-sentiment[spark]'") from None


def _column(name: str) -> Column:
    return F.col(f"`{name.replace('`', '``')}`")


def _field(path: tuple[str, ...]) -> Column:
    column = _column(path[0])
    for name in path[1:]:
        column = column.getField(name)
    return column


def _check_types(schema: StructType) -> None:
    """Raises SparkJobError for a column that Arrow has no type for (an interval of months, say)."""
    from pyspark.sql.pandas.types import to_arrow_type

    zone = {"timezone": "UTC"} if "timezone" in inspect.signature(to_arrow_type).parameters else {}  # since 4.3
    for field in schema.fields:
        try:
            to_arrow_type(field.dataType, **zone)
        except PySparkTypeError:
            raise SparkJobError(
                f"the column {field.name} is {field.dataType.simpleString()}, which Python cannot get: drop or cast it"
            ) from None
