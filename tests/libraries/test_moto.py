"""moto's SQS where it is not SQS: what our tests with it cannot show."""

import pytest

from tests.aws import LocalAws


@pytest.fixture
def queue():
    with LocalAws() as aws:
        yield aws.sqs, aws.sqs.create_queue(QueueName="comments")["QueueUrl"]


@pytest.mark.library(
    "moto 5.2.5",
    guess="a message of more than 1,048,576 bytes is refused, as SQS does",
    seen="moto counts characters: a message of 2,097,152 bytes in 1,048,576 two-byte characters is taken",
    so="our own packing counts bytes, and its tests measure bytes instead of trusting moto to refuse",
)
def test_a_message_is_measured_in_characters(queue):
    sqs, url = queue
    limit = 1_048_576
    assert sqs.send_message(QueueUrl=url, MessageBody="é" * limit)["MessageId"]
    with pytest.raises(sqs.exceptions.ClientError, match="shorter than"):
        sqs.send_message(QueueUrl=url, MessageBody="x" * (limit + 1))


@pytest.mark.library(
    "moto 5.2.5",
    guess="ten messages whose bytes add up to more than 1,048,576 are refused",
    seen="a batch is measured in characters too: 1,200,000 bytes in two-byte characters are taken",
    so="our own batches count bytes",
)
def test_a_batch_is_measured_in_characters(queue):
    sqs, url = queue
    entries = [{"Id": str(i), "MessageBody": "é" * 60_000} for i in range(10)]
    assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10
    entries = [{"Id": str(i), "MessageBody": "x" * 120_000} for i in range(10)]
    with pytest.raises(sqs.exceptions.ClientError, match="BatchRequestTooLong"):
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
