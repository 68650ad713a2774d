"""A queue and a bucket on this machine, to try bulk scoring without an AWS account (moto's server; nothing is kept)."""

import json
import signal
import socket
import sys

import boto3
import typer
from moto.server import ThreadedMotoServer

from lambda_fn.contract import Default

BUCKET = "sentiment-results"
QUEUE = "comments"


def create(endpoint: str) -> str:
    """The queue, its dead-letter queue and the results bucket; the queue's URL."""
    credentials = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}
    boto3.client("s3", endpoint_url=endpoint, **credentials).create_bucket(Bucket=BUCKET)
    sqs = boto3.client("sqs", endpoint_url=endpoint, **credentials)
    dead_letters = sqs.create_queue(QueueName=f"{QUEUE}-dead-letters")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": Default.BULK_RECEIVES})
    return sqs.create_queue(QueueName=QUEUE, Attributes={"RedrivePolicy": redrive})["QueueUrl"]


def serve(port: int) -> None:
    """Serve SQS and S3 on this machine until Ctrl-C, and print the variables that name them."""
    endpoint = f"http://127.0.0.1:{port}"
    try:  # moto's server would wait for ever for a port that it cannot have
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError as error:
        typer.echo(f"port {port} cannot be used: {error}", err=True)
        raise typer.Exit(1) from None
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    # before the server's thread starts, so that a signal is only ever taken by the wait below
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    server.start()
    queue_url = create(endpoint)
    variables = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "QUEUE_URL": queue_url,
        "RESULTS_BUCKET": BUCKET,
    }
    for name, value in variables.items():
        typer.echo(f"export {name}={value}")
    sys.stdout.flush()
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    server.stop()
