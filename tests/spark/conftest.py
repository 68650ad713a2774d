"""A real Spark whose executors are processes of their own, started from another folder than the project's."""

import os
import shutil

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/spark" in str(item.path):
            item.add_marker(pytest.mark.spark)


@pytest.fixture(scope="session")
def java():
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("there is no Java: Debian has openjdk-17-jre-headless")


@pytest.fixture(scope="session")
def spark(java, tmp_path_factory):
    """Two executors of one core each. Nothing leads them to this folder, so that what they need has to be sent."""
    from crypto_sentiment.spark import session

    folder = tmp_path_factory.mktemp("driver")
    before = os.getcwd()
    os.chdir(folder)
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ.pop("PYTHONPATH", None)
    spark = session(
        "local-cluster[2,1,1024]",
        **{
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
        },
    )
    spark.sparkContext.setLogLevel("ERROR")
    os.chdir(before)
    yield spark
    spark.stop()


@pytest.fixture(scope="session")
def classifier():
    """The bare classifier, in this process."""
    from lambda_fn.model.classifier import SentimentClassifier

    return SentimentClassifier.load()
