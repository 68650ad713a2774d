"""The same classifier as a Spark job, for history: a billion comments on the cluster that their owner already has.

    from crypto_sentiment.spark import score, session
    spark = session()                                   # or the notebook's own
    score(spark.read.parquet("comments/"), text="body").write.parquet("scored/")

`score` is in dataframe.py, what each Python worker does in worker.py; job.py is the command that can be stopped and
goes on. This room works on pyspark 4 and on 3.5, which Amazon EMR has.
"""

from crypto_sentiment.spark.dataframe import score
from crypto_sentiment.spark.errors import SparkJobError
from crypto_sentiment.spark.session import session

__all__ = ["SparkJobError", "score", "session"]
