"""A bulk run with faults, queue -> Lambda emulator -> S3, and its reconciliation: what went in against what came out.

Half of the comments travel in 64 KB messages, a quarter as a plain object, a quarter as a gzip object, which are both
shared out. On the way a share of the function's requests fail, S3 and SQS go away altogether for a while, the function
is killed while it writes results and while it cuts parts, batches are delivered twice, a message is sent again under a
new id, and among the comments and messages are such as nobody should send (tests/hostile.py).
`python -m scripts.reliability.bulk` runs it on a file.
"""

import gzip
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from lambda_fn.contract import Default
from tests.aws import EventSource, LocalAws
from tests.hostile import SUBMITTED_AT, hostile, poison
from tests.rie import LambdaFunction

HANDLER = "lambda_fn.bulk.handler.handler"
MESSAGE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Faults:
    """share: of the function's requests that fail. outages_s: seconds each. kills: of the function while it writes.

    Outages and kills come at results' writes `every` apart, in turn; every third kill while parts are written instead.
    doubles: batches that are delivered twice. receives: after which a message is a dead letter.
    """

    share: float = 0.12
    outages_s: tuple[float, ...] = (1, 10, 60)
    kills: int = 10
    doubles: int = 5
    every: int = 12
    receives: int = Default.BULK_RECEIVES


@dataclass
class Reconciliation:
    """missing, doubled: ids. line_doubles: lines above one for the same id, before any reader drops them."""

    comments: int
    messages: int = 0
    lines: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    before_damage: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    dead_letters: int = 0
    deserved: int = 0
    wrongly_dead: list[str] = field(default_factory=list)
    wrongly_alive: list[str] = field(default_factory=list)
    faults: int = 0
    outages_s: list[float] = field(default_factory=list)
    kills: int = 0
    doubles: int = 0
    invocations: int = 0
    requeued: int = 0
    repeated_texts: int = 0
    result_objects: int = 0
    part_objects: int = 0
    peak_memory_mb: float = 0.0
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        wrong = (self.missing, self.doubled, self.unknown, self.wrongly_dead, self.wrongly_alive)
        return not any(wrong) and self.dead_letters == self.deserved

    def __str__(self) -> str:
        errors = ", ".join(f"{count:,} {code}" for code, count in sorted(self.errors.items())) or "none"
        rows = {
            "comments in": f"{self.comments:,}",
            "result lines out": f"{self.lines:,}, and {self.before_damage:,} of damaged objects",
            "of them errors": errors,
            "missing": len(self.missing),
            "doubled": len(self.doubled),
            "of unknown id": len(self.unknown),
            "dead letters": f"{self.dead_letters}; deserved by {self.deserved}, wrongly {len(self.wrongly_dead)}",
            "requests that failed": f"{self.faults:,}",
            "outages waited out": ", ".join(f"{seconds:g} s" for seconds in self.outages_s) or "none",
            "kills survived": self.kills,
            "batches delivered twice": self.doubles,
            "messages sent": f"{self.messages:,}",
            "invocations": f"{self.invocations:,}",
            "messages requeued": f"{self.requeued:,}",
            "equal texts not scored again": f"{self.repeated_texts:,}",
            "result objects": f"{self.result_objects:,}",
            "part objects": f"{self.part_objects:,}",
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
    return [{"comments": pack, "submitted_at": SUBMITTED_AT} for pack in packed if pack]


def send_all(aws: LocalAws, queue, comments: list[dict], poisoned: bool) -> list[str]:
    """Upload and send everything, a poison comment of each kind in each way. Returns the messages."""
    half, three_quarters = len(comments) // 2, len(comments) * 3 // 4
    aws.s3.create_bucket(Bucket="uploads")

    def jsonl(part: list[dict], way: str) -> bytes:
        lines = [json.dumps(comment) for comment in part]
        lines[len(lines) // 2 : len(lines) // 2] = poisons(way)
        return "".join(f"{line}\n" for line in lines).encode()

    def poisons(way: str) -> list[str]:
        return [raw.replace('"id": "', f'"id": "{way} ', 1) for raw in poison().values()] if poisoned else []

    objects = {
        "plain.jsonl": jsonl(comments[half:three_quarters], "plain"),
        "packed.jsonl.gz": gzip.compress(jsonl(comments[three_quarters:], "packed")),
    }
    bodies = []
    for key, body in objects.items():
        aws.s3.put_object(Bucket="uploads", Key=key, Body=body)
        bodies.append(json.dumps({"s3": {"bucket": "uploads", "key": key}}))
    inline = [json.dumps(message) for message in messages_of(comments[:half])]
    bad = poisons("inline")
    for index, raw in enumerate(bad):  # among other comments
        at = index * len(inline) // len(bad)
        inline[at] = inline[at].replace('{"comments": [', f'{{"comments": [{raw}, ', 1)
    aws.send(queue, *bodies, *inline)
    return [*bodies, *inline]


class Trouble:
    """Kills the runtime and starts outages, in turn, before given writes; remembers the memory that it had."""

    def __init__(self, aws: LocalAws, function: LambdaFunction, faults: Faults):
        self._aws, self._function, self._every = aws, function, faults.every
        self._outages = list(faults.outages_s)
        self._part_kills = faults.kills // 3
        self._result_kills = faults.kills - self._part_kills
        self._writes: Counter[str] = Counter()
        self.outages_s: list[float] = []
        self.kills = 0
        self.peak_memory_mb = 0.0

    def __call__(self, method: str, path: str) -> None:
        if method != "PUT":
            return
        kind = "results" if "/results/" in path else "parts"
        self._writes[kind] += 1
        if kind == "parts":
            if self._part_kills and self._writes[kind] % 5 == 3:
                self._part_kills -= 1
                self._kill()
        elif self._writes[kind] % self._every == self._every // 2:
            if self._outages and self._writes[kind] // self._every % 3 == 2:
                self.outages_s.append(self._outages.pop(0))
                self._aws.away(self.outages_s[-1])
            elif self._result_kills:
                self._result_kills -= 1
                self._kill()

    def _kill(self) -> None:
        self.note_memory()
        self.kills += 1
        self._function.kill_runtime()

    def note_memory(self) -> None:
        self.peak_memory_mb = max(self.peak_memory_mb, self._function.peak_memory_mb())


def run(comments: list[dict], faults: Faults, timeout: int = 300, batch_size: int = 10) -> Reconciliation:
    """Send, score with faults on the way, and reconcile. Ids must be unique."""
    started = time.monotonic()
    with LocalAws() as aws:
        aws.empty()  # moto keeps one account for all servers of a process
        queue = aws.create_queue(visibility_s=3600, max_receives=faults.receives)
        sent = send_all(aws, queue, comments, poisoned=True)
        bad = hostile(aws)
        aws.send(queue, *bad.bodies)
        ways = [f"{way} {id}" for way in ("inline", "plain", "packed") for id in poison()]
        expected = Counter([*(comment["id"] for comment in comments), *ways, *bad.ids])
        outcome = Reconciliation(expected.total(), messages=len(sent) + len(bad.bodies), deserved=len(bad.dead))
        with LambdaFunction(HANDLER, aws.environment(queue), timeout=timeout) as function:
            source = EventSource(aws, queue, function, batch_size)
            trouble = Trouble(aws, function, faults)
            with aws.watching(trouble), aws.faulty(faults.share):
                while (messages := source.receive()) or aws.waiting(queue.url):
                    failed = source.deliver(messages)
                    if outcome.doubles < faults.doubles and len(failed) < len(messages):
                        outcome.doubles += 1
                        failed = source.deliver(messages)
                        aws.send(queue, sent[-outcome.doubles])  # the same work under a new message id
                        outcome.messages += 1
                    source.settle(messages, failed)
                    left = aws.waiting(queue.url)
                    print(f"\r{time.monotonic() - started:6.0f} s, {left} messages left ", end="", file=sys.stderr)
            trouble.note_memory()
            blobs = [json.loads(line) for line in function.log().splitlines() if '"_aws"' in line]
        outcome.faults, outcome.outages_s, outcome.kills = aws.faults, trouble.outages_s, trouble.kills
        outcome.peak_memory_mb, outcome.invocations = trouble.peak_memory_mb, source.invocations
        outcome.requeued = sum(blob["requeued"] for blob in blobs)
        outcome.repeated_texts = sum(blob["repeated_texts"] for blob in blobs)
        dead = Counter(aws.dead_letters(queue))
        outcome.result_objects = len(aws.result_keys())
        outcome.part_objects = len(aws.keys("parts/"))
        lines = aws.result_lines()
    outcome.seconds = time.monotonic() - started
    outcome.dead_letters = dead.total()
    outcome.wrongly_dead = list((dead - Counter(bad.dead)).elements())
    outcome.wrongly_alive = list((Counter(bad.dead) - dead).elements())
    whole = [line for line in lines if line["work_id"] not in bad.damaged]
    found = Counter(line["id"] for line in whole)
    outcome.errors = Counter(line["error"] for line in whole if line["error"])
    outcome.lines, outcome.before_damage = len(whole), len(lines) - len(whole)
    outcome.missing = list((expected - found).elements())
    outcome.doubled = [id for id, count in found.items() if count > 1]
    outcome.unknown = [str(id) for id in found if id not in expected]
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
