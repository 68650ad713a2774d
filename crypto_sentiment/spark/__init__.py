"""The same classifier as a Spark job, for history: a billion comments on the cluster that their owner already has.

    from crypto_sentiment.spark import score, session
    spark = session()                                   # or the notebook's own
    score(spark.read.parquet("comments/"), text="body").write.parquet("scored/")

`score` is in dataframe.py, what each Python worker does in worker.py; job.py is the command that can be stopped and
goes on. This room works on pyspark 4 and on 3.5, which Amazon EMR has.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crypto_sentiment.spark.dataframe import score
    from crypto_sentiment.spark.errors import SparkJobError
    from crypto_sentiment.spark.session import session

__all__ = ["SparkJobError", "score", "session"]

_HOMES = {"SparkJobError": "errors", "score": "dataframe", "session": "session"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and only then: who submits a job to EMR Serverless needs no pyspark."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES[name]}")
    globals()[name] = found = getattr(home, name)  # over the submodule `session`, which the import put there
    return found
