"""The queue's two ends run as a person runs them, against a queue and a bucket on this machine."""

import boto3
import pytest
from typer.testing import CliRunner

from crypto_sentiment.bulk import collect, submit
from crypto_sentiment.cli import app
from lambda_fn.bulk.process import BulkScorer
from lambda_fn.bulk.results import S3Results
from lambda_fn.bulk.scoring import Scorer
from lambda_fn.bulk.worker import Worker
from lambda_fn.settings import Settings
from tests.aws import RESULTS_BUCKET, LocalAws

CONSOLES = {"submit": submit.console, "collect": collect.console}


@pytest.fixture(scope="module")
def aws(classifier):
    with LocalAws() as aws:
        aws.s3.create_bucket(Bucket="uploads")
        yield aws


@pytest.fixture
def queue(aws):
    aws.empty()
    return aws.create_queue()


@pytest.fixture
def run(aws, queue, monkeypatch):
    """Run a verb; what it said."""
    for name, value in aws.environment(queue, COLUMNS="200").items():
        monkeypatch.setenv(name, value)
    boto3.DEFAULT_SESSION = None

    def run(verb: str, *arguments, status: int = 0, stdin: bytes = b"") -> str:
        with CONSOLES[verb].capture() as said:
            result = CliRunner().invoke(app, [verb, *map(str, arguments)], input=stdin)
        assert result.exit_code == status, (result.exception, said.get())
        return said.get()

    return run


@pytest.fixture
def work(aws, queue, classifier):
    """Score all that is in the queue, as the worker does."""

    def work(queue_url: str = queue.url) -> None:
        settings = Settings(results_bucket=RESULTS_BUCKET, queue_url=queue_url)
        results = S3Results(aws.s3, RESULTS_BUCKET, settings.results_prefix)
        bulk = BulkScorer(Scorer(classifier, settings.max_text_chars), results, aws.s3, None, settings)
        assert Worker(bulk, aws.sqs, queue_url).run(until_empty=True, wait_s=0) == 0

    return work
