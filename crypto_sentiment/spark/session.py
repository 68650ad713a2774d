"""A Spark session with the settings that scoring and its readers want."""

import os
import shutil
import sys

from pyspark.sql import SparkSession

from crypto_sentiment.spark.errors import SparkJobError

SETTINGS = {
    # Spark's default, INT96, makes other readers lose the zone.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.session.timeZone": "UTC",
    # Else `hour=03` is read as the number 3, and written back as `hour=3`.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    # A task's worth of comments: 128 MiB, the default, would keep a core busy for a quarter of an hour.
    "spark.sql.files.maxPartitionBytes": "16m",
}
AT_START = {
    # An executor that is taken away (Spot) costs its tasks an attempt each.
    "spark.task.maxFailures": "16",
    "spark.speculation": "true",
    "spark.ui.showConsoleProgress": "false",
}


def session(master: str | None = None, **settings: str) -> SparkSession:
    """The running session, or a new one. master: default spark-submit's, else all cores of this machine.

    settings: Spark's own (**{"spark.executor.cores": "4"}); those of a running session that cannot be changed any more
    are left as they are. Raises SparkJobError where there is no Java.
    """
    if SparkSession.getActiveSession() is None and "PYSPARK_GATEWAY_PORT" not in os.environ:
        if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            raise SparkJobError(
                "Spark needs Java 17, and there is none (Debian: apt-get install openjdk-17-jre-headless)"
            )
        # Spark starts its Python workers as the PATH's `python3` otherwise, whatever this interpreter is.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("crypto-sentiment")
    if master or "PYSPARK_GATEWAY_PORT" not in os.environ:
        builder = builder.master(master or "local[*]")
    wanted = {**AT_START, **SETTINGS, **settings}
    spark = builder.config(map=wanted).getOrCreate()
    for name, value in SETTINGS.items():
        spark.conf.set(name, settings.get(name, value))
    return spark
