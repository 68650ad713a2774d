"""Real SQS and S3 APIs over HTTP (moto's server), which can be told to fail; and the event source mapping's part.

with LocalAws() as aws:
    queue = aws.create_queue()
    with LambdaFunction("lambda_fn.bulk.handler.handler", aws.environment(queue)) as function:
        EventSource(aws, queue, function).drain()
"""

import json
import random
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from botocore.config import Config
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from lambda_fn.bulk.results import read_lines
from tests.rie import LambdaFunction

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
RESULTS_BUCKET = "sentiment-results"
SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


EXPIRED_XML = (
    b"<?xml version='1.0'?><Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
)
EXPIRED_JSON = (
    b'{"__type": "com.amazon.coral.service#ExpiredTokenException",'
    b' "message": "The security token included in the request is expired"}'
)
# What the tests' own clients call themselves: faults are for the product.
HARNESS = "test-harness"


@dataclass(frozen=True)
class Queue:
    url: str
    dead_letter_url: str


class LocalAws:
    """moto's server on a free port. `requests` counts what came in as (method, path)."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=MotoRequestHandler)
        self._refuses: Callable[[str, str], bool] = lambda method, path: False
        self._away_until, self._fault_share, self._dice, self._expired = 0.0, 0.0, random.Random(0), False
        self.faults = 0
        self.requests: Counter[tuple[str, str]] = Counter()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "LocalAws":
        for service in ("s3", "sqs"):  # moto's state is the process's: what other files' tests left is forgotten
            for regions in get_backend(service).values():
                for backend in regions.values():
                    backend.reset()
        self._thread.start()
        self.s3, self.sqs = self.client("s3"), self.client("sqs")
        self.s3.create_bucket(Bucket=RESULTS_BUCKET)
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"mode": "standard"}, user_agent_extra=HARNESS),
        )

    def away(self, seconds: float) -> None:
        """Go away for so long from now on: half of the product's requests get a 503, half a broken connection."""
        self._away_until = time.monotonic() + seconds

    @contextmanager
    def faulty(self, share: float) -> Iterator[None]:
        """Fail so large a share of the product's requests, at random."""
        self._fault_share = share
        try:
            yield
        finally:
            self._fault_share = 0.0

    @contextmanager
    def expired(self) -> Iterator[None]:
        """Refuse the product's credentials, as expired."""
        self._expired = True
        try:
            yield
        finally:
            self._expired = False

    @contextmanager
    def refusing(self, refuses: Callable[[str, str], bool]) -> Iterator[None]:
        """Answer 503 SlowDown where `refuses(method, path)`; undone at the end of the block."""
        self._refuses = refuses
        try:
            yield
        finally:
            self._refuses = lambda method, path: False

    @contextmanager
    def watching(self, watch: Callable[[str, str], object]) -> Iterator[None]:
        """Call `watch(method, path)` before each request is answered; undone at the end of the block."""
        with self.refusing(lambda method, path: watch(method, path) and False):
            yield

    def _answer(self, environ, start_response):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests[method, path] += 1
        refused = self._refuses(method, path)
        if HARNESS not in environ.get("HTTP_USER_AGENT", ""):
            if self._expired:
                is_json = "json" in environ.get("CONTENT_TYPE", "")
                return _answer(environ, start_response, "403 Forbidden", EXPIRED_JSON if is_json else EXPIRED_XML)
            if time.monotonic() < self._away_until or self._dice.random() < self._fault_share:
                self.faults += 1
                if self.faults % 2:
                    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
                    raise ConnectionResetError
                refused = True
        if refused:
            return _answer(environ, start_response, "503 Slow Down", SLOW_DOWN)
        return self._moto(environ, start_response)

    def create_queue(self, visibility_s: int = 60, max_receives: int = 5) -> Queue:
        name = f"comments-{uuid.uuid4().hex[:8]}"
        dead_url = self.sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": max_receives})
        attributes = {"VisibilityTimeout": str(visibility_s), "RedrivePolicy": redrive}
        return Queue(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], dead_url)

    def environment(self, queue: Queue, **more: str) -> dict[str, str]:
        """Variables of a bulk function or worker that uses this endpoint."""
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint,
            "QUEUE_URL": queue.url,
            "RESULTS_BUCKET": RESULTS_BUCKET,
            "ORT_THREADS": "1",
            **more,
        }

    def send(self, queue: Queue, *bodies: object) -> None:
        """Send messages: a str as it is, anything else as JSON."""
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.sqs.send_message(QueueUrl=queue.url, MessageBody=text)

    def waiting(self, queue_url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
        return sum(map(int, attributes.values()))

    def dead_letters(self, queue: Queue) -> list[str]:
        """Take all bodies out of the dead-letter queue."""
        return self.take_all(queue.dead_letter_url)

    def take_all(self, queue_url: str) -> list[str]:
        """Take all visible bodies out of a queue."""
        bodies = []
        while messages := self.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(message["Body"])
        return bodies

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=RESULTS_BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def result_keys(self) -> list[str]:
        return self.keys("results/")

    def result_lines(self) -> list[dict]:
        """Every line of every result object, as it lies there: doubles are not dropped."""
        return [
            line
            for key in self.result_keys()
            for line in read_lines(self.s3.get_object(Bucket=RESULTS_BUCKET, Key=key)["Body"].read())
        ]

    def empty(self, bucket: str = RESULTS_BUCKET) -> None:
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", []):
                self.s3.delete_object(Bucket=bucket, Key=item["Key"])


def _answer(environ, start_response, status: str, body: bytes) -> list[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    kind = "application/json" if body.startswith(b"{") else "application/xml"
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


class EventSource:
    """Lambda's event source mapping for SQS with ReportBatchItemFailures, in so far as the handler can tell.

    What failed becomes visible again at once, so that no test waits for a visibility timeout.
    """

    def __init__(self, aws: LocalAws, queue: Queue, function: LambdaFunction, batch_size: int = 10):
        self._aws, self._queue, self._function, self._batch_size = aws, queue, function, batch_size
        self.invocations = 0

    def receive(self) -> list[dict]:
        messages: list[dict] = []
        while len(messages) < self._batch_size:
            received = self._aws.sqs.receive_message(
                QueueUrl=self._queue.url,
                MaxNumberOfMessages=min(10, self._batch_size - len(messages)),
                MessageSystemAttributeNames=["All"],
            ).get("Messages", [])
            if not received:
                break
            messages += received
        return messages

    def poll(self) -> int:
        """Receive one batch, invoke, delete what succeeded. Returns the number of messages received."""
        messages = self.receive()
        if messages:
            self.settle(messages, self.deliver(messages))
        return len(messages)

    def deliver(self, messages: list[dict]) -> set[str]:
        """Invoke the function with a batch. Returns the ids of the messages that failed."""
        self.invocations += 1
        answer = self._function.invoke(sqs_event(messages))
        ids = {message["MessageId"] for message in messages}
        if answer.failed:
            return ids
        failed = [item.get("itemIdentifier") for item in (answer.json() or {}).get("batchItemFailures", [])]
        return set(failed) if set(failed) <= ids else ids  # Lambda: an unknown id fails the whole batch

    def settle(self, messages: list[dict], failed: set[str]) -> None:
        for message in messages:
            handle = {"QueueUrl": self._queue.url, "ReceiptHandle": message["ReceiptHandle"]}
            if message["MessageId"] in failed:
                self._aws.sqs.change_message_visibility(**handle, VisibilityTimeout=0)
            else:
                self._aws.sqs.delete_message(**handle)

    def drain(self, polls: int = 200) -> None:
        """Poll until the queue is empty."""
        for _ in range(polls):
            if not self.poll() and self._aws.waiting(self._queue.url) == 0:
                return
        raise AssertionError(f"{self._aws.waiting(self._queue.url)} messages are left after {polls} polls")


def sqs_event(messages: list[dict]) -> dict:
    """The event that Lambda makes of received messages."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:comments",
                "awsRegion": "us-east-1",
            }
            for message in messages
        ]
    }
