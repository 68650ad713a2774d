"""A bulk run with faults, queue -> Lambda emulator -> S3, and its reconciliation: what went in against what came out.

    python -m tests.reconcile comments.jsonl.gz --count 100000

Half of the comments travel in 64 KB messages, a quarter as a plain object, a quarter as a gzip object, which are both
shared out. On the way the function is killed in the middle of a batch and while it cuts parts, one batch is delivered
twice, and a message is sent again under a new id. Exit status 1 if a comment is lost or doubled.
"""

import argparse
import gzip
import json
import logging
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.aws import EventSource, LocalAws
from tests.rie import LambdaFunction

HANDLER = "lambda_fn.bulk.handler.handler"
MESSAGE_BYTES = 64 * 1024


@dataclass
class Reconciliation:
    """missing, doubled: ids. line_doubles: lines above one for the same id, before any reader drops them."""

    comments: int
    lines: int = 0
    errors: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    dead_letters: int = 0
    kills: int = 0
    invocations: int = 0
    requeued: int = 0
    repeated_texts: int = 0
    result_objects: int = 0
    part_objects: int = 0
    peak_memory_mb: float = 0.0
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return not (self.missing or self.doubled or self.unknown or self.dead_letters)

    def __str__(self) -> str:
        rows = {
            "comments in": f"{self.comments:,}",
            "result lines out": f"{self.lines:,} (of them errors: {self.errors:,})",
            "missing": len(self.missing),
            "doubled": len(self.doubled),
            "of unknown id": len(self.unknown),
            "dead letters": self.dead_letters,
            "kills survived": self.kills,
            "invocations": self.invocations,
            "messages requeued": self.requeued,
            "equal texts not scored again": f"{self.repeated_texts:,}",
            "result objects": self.result_objects,
            "part objects": self.part_objects,
            "peak memory of the function": f"{self.peak_memory_mb:.0f} MB",
            "wall time": f"{self.seconds:.0f} s",
        }
        return "\n".join(f"{name:30} {value}" for name, value in rows.items())


def messages_of(comments: list[dict]) -> list[dict]:
    """Packed messages of about MESSAGE_BYTES each."""
    packed: list[list[dict]] = [[]]
    size = 0
    for comment in comments:
        length = len(json.dumps(comment))
        if packed[-1] and size + length > MESSAGE_BYTES:
            packed.append([])
            size = 0
        packed[-1].append(comment)
        size += length
    return [{"comments": pack, "submitted_at": "2026-01-02T03:04:05Z"} for pack in packed if pack]


def send_all(aws: LocalAws, queue, comments: list[dict]) -> dict:
    """Upload and send everything. Returns one of the inline messages, to be sent again later."""
    half, three_quarters = len(comments) // 2, len(comments) * 3 // 4
    aws.s3.create_bucket(Bucket="uploads")
    bodies = {
        "plain.jsonl": b"".join(json.dumps(c).encode() + b"\n" for c in comments[half:three_quarters]),
        "packed.jsonl.gz": gzip.compress(b"".join(json.dumps(c).encode() + b"\n" for c in comments[three_quarters:])),
    }
    for key, body in bodies.items():
        aws.s3.put_object(Bucket="uploads", Key=key, Body=body)
        aws.send(queue, {"s3": {"bucket": "uploads", "key": key}})
    inline = messages_of(comments[:half])
    aws.send(queue, *inline)
    return inline[0]


class Killer:
    """Kills the runtime before given result and part writes; remembers the memory that it had."""

    def __init__(self, function: LambdaFunction, result_writes: set[int], part_writes: set[int]):
        self._function, self._kill_at = function, {"/results/": result_writes, "/parts/": part_writes}
        self._writes: Counter[str] = Counter()
        self.kills = 0
        self.peak_memory_mb = 0.0

    def __call__(self, method: str, path: str) -> None:
        for kind, numbers in self._kill_at.items():
            if method == "PUT" and kind in path:
                self._writes[kind] += 1
                if self._writes[kind] in numbers:
                    self.note_memory()
                    self.kills += 1
                    self._function.kill_runtime()

    def note_memory(self) -> None:
        self.peak_memory_mb = max(self.peak_memory_mb, self._function.peak_memory_mb())


def run(comments: list[dict], timeout: int = 900, batch_size: int = 10) -> Reconciliation:
    """Send, score with faults on the way, and reconcile. Ids must be unique."""
    outcome = Reconciliation(len(comments))
    started = time.monotonic()
    with LocalAws() as aws:
        queue = aws.create_queue(visibility_s=3600)
        again = send_all(aws, queue, comments)
        with LambdaFunction(HANDLER, aws.environment(queue), timeout=timeout) as function:
            source = EventSource(aws, queue, function, batch_size)
            killer = Killer(function, result_writes={7}, part_writes={3})
            with aws.watching(killer):
                messages = source.receive()
                source.settle(messages, source.deliver(messages))
                twice = source.receive()
                source.deliver(twice)
                source.settle(twice, source.deliver(twice))  # the same batch once more
                aws.send(queue, again)  # the same work under a new message id
                while source.poll() or aws.waiting(queue.url):
                    left = aws.waiting(queue.url)
                    print(f"\r{time.monotonic() - started:6.0f} s, {left} messages left ", end="", file=sys.stderr)
            killer.note_memory()
            blobs = [json.loads(line) for line in function.log().splitlines() if '"_aws"' in line]
        outcome.kills, outcome.peak_memory_mb, outcome.invocations = (
            killer.kills,
            killer.peak_memory_mb,
            source.invocations,
        )
        outcome.requeued = sum(blob["requeued"] for blob in blobs)
        outcome.repeated_texts = sum(blob["repeated_texts"] for blob in blobs)
        outcome.dead_letters = len(aws.dead_letters(queue))
        outcome.result_objects = len(aws.result_keys())
        outcome.part_objects = len(aws.keys("parts/"))
        lines = aws.result_lines()
    outcome.seconds = time.monotonic() - started
    found = Counter(line.get("id") for line in lines)
    expected = {comment["id"] for comment in comments}
    outcome.lines, outcome.errors = len(lines), sum(bool(line["error"]) for line in lines)
    outcome.missing = [i for i in expected if i not in found]
    outcome.doubled = [i for i, count in found.items() if count > 1]
    outcome.unknown = [i for i in found if i not in expected]
    return outcome


def read_comments(path: Path, count: int) -> list[dict]:
    """The first `count` comments with an id that none before had."""
    seen: dict[str, dict] = {}
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as file:
        for comment in map(json.loads, file):
            seen.setdefault(comment["id"], comment)
            if len(seen) == count:
                break
    return list(islice(seen.values(), count))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.reconcile", description="Run bulk scoring with faults.")
    parser.add_argument("file", type=Path, help="JSONL comments with unique ids, plain or .gz")
    parser.add_argument("--count", type=int, default=100_000)
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    outcome = run(read_comments(arguments.file, arguments.count))
    print(f"\n{outcome}")
    sys.exit(not outcome.holds)


if __name__ == "__main__":
    main()
