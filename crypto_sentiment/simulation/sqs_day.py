"""Lambda on a queue for a day: producers fill messages, pollers gather batches, some messages fail and come back."""

import math
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import simpy

from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation.api_day import new_pool
from crypto_sentiment.simulation.hosts import function_slowdown, host_factor
from crypto_sentiment.simulation.played import Played, Setting
from crypto_sentiment.simulation.stream import Message, Stream, Window

LONG_POLL_S = 20.0
CHUNK = 65_536
BATCH_CALL = 10  # messages in one DeleteMessageBatch or ChangeMessageVisibilityBatch
EVENT_LIMIT = 6 * 1024 * 1024
EVENT_GROWTH = 1.2
POLLERS_A_MINUTE, MOST_POLLERS = 300, 1000
S3_SHAPE = 4  # a PUT's time varies: gamma with this shape
AGAIN_S = (60, 120, 240, 480, 960, 1800)  # until a message that failed is seen again, by how often it did


def chunks(size_bytes: float) -> int:
    """Billed requests that carry so many bytes."""
    return max(1, math.ceil(size_bytes / CHUNK))


def play_sqs(scenario: Scenario, option: str, architecture: str, limit_bytes: int, setting: Setting) -> Played:
    """limit_bytes: of a message; where a number of comments was set by hand, that."""
    stream, played = Stream(scenario), Played(option)
    size = stream.message(limit_bytes, scenario.assumptions.comments_per_message).comments
    for window in stream.windows(1 / size, setting.most_events):
        _Window(scenario, stream, played, window, architecture, limit_bytes, setting.failures).play()
    return played


class _Window:
    """One window of the event source mapping: producers, pollers, the scaling of pollers, the function."""

    def __init__(
        self, scenario: Scenario, stream: Stream, played: Played, window: Window, architecture: str, limit_bytes: int,
        failures: float,
    ):  # fmt: skip
        self.scenario, self.stream, self.played, self.window = scenario, stream, played, window
        self.architecture, self.limit_bytes, self.failures = architecture, limit_bytes, failures
        self.ledger = played.ledger
        self.slow = function_slowdown(scenario.assumptions.bulk_memory_mb) / 1000
        self.world = simpy.Environment()
        self.queue = simpy.Store(self.world)
        self.pool = new_pool(scenario, self.world, stream, played, architecture, scenario.assumptions.bulk_memory_mb)
        self.pollers = 0

    def play(self) -> None:
        a = self.scenario.assumptions
        warm_up = 60 + a.producer_wait_s + a.batching_window_s
        self.ledger.scale, self.ledger.open = self.window.scale, False
        example = self._message()
        busy_s = self._cpu_s([example]) * host_factor(self.scenario, self.stream, self.architecture)
        needed = self.window.rate * (busy_s + self._puts_s(1)) / example.comments
        self.pool.prewarm(math.ceil(needed * 1.5) + 1, self.stream.random)
        self._add_pollers(max(a.pollers, math.ceil(needed * 1.5)))
        self.world.process(self._producer())
        self.world.process(self._scale_pollers())
        self.world.run(until=warm_up)
        self.ledger.open, self.pool.most_running = True, self.pool.running
        self.world.run(until=warm_up + self.window.seconds)
        self.played.note(self.pool, self.window.seconds)

    def _message(self) -> Message:
        return self.stream.message(self.limit_bytes, self.scenario.assumptions.comments_per_message)

    def _producer(self) -> Generator[simpy.Event, Any, Any]:
        a, rate = self.scenario.assumptions, self.window.rate
        while True:
            opened, message = self.world.now, self._message()
            fill = self.stream.gap(rate, message.comments)
            if fill > a.producer_wait_s:
                fill = max(a.producer_wait_s, self.stream.gap(rate))
                few = min(message.comments, int(self.stream.random.poisson(rate * a.producer_wait_s)))
                message = self.stream.message(None, max(1, few))
            yield self.world.timeout(fill)
            self.ledger.count("sqs.requests", chunks(message.bytes))
            yield self._put(replace(message, opened=opened, sent=self.world.now))
            if self.ledger.open:
                self.played.most_backlog = max(self.played.most_backlog, len(self.queue.items))

    def _put(self, message: Message) -> simpy.Event:
        # Whose poll gets it is chance: SQS keeps no order among those that wait.
        self.stream.random.shuffle(self.queue.get_queue)
        return self.queue.put(message)

    def _poller(self) -> Generator[simpy.Event, Any, Any]:
        while True:
            first = yield from self._receive(LONG_POLL_S)
            if first is None:
                if self.pollers > self.scenario.assumptions.pollers:
                    self.pollers -= 1
                    return
                continue
            batch = yield from self._gather(first)
            yield from self._work(batch)

    def _receive(self, patience_s: float):
        """One ReceiveMessage: the next message, or None after `patience_s`."""
        get = self.queue.get()
        yield get | self.world.timeout(patience_s)
        if get.triggered and get.value is not None:
            self.ledger.count("sqs.requests", chunks(get.value.bytes))
            return get.value
        get.cancel()
        self.ledger.count("sqs.requests")
        return None

    def _gather(self, first: Message):
        """More messages until the batch is full, the event is at its limit or the window closes."""
        a = self.scenario.assumptions
        batch, closes = [first], self.world.now + a.batching_window_s
        while len(batch) < a.messages_per_invocation and self.world.now < closes:
            if (sum(m.bytes for m in batch) + first.bytes) * EVENT_GROWTH > EVENT_LIMIT:
                break
            message = yield from self._receive(min(LONG_POLL_S, closes - self.world.now))
            if message is None:
                break
            batch.append(message)
        return batch

    def _work(self, batch: list[Message]) -> Generator[simpy.Event, Any, Any]:
        a, ledger = self.scenario.assumptions, self.ledger
        yield self.world.process(self.pool.invoke(self._cpu_s(batch), self._puts_s(len(batch))))
        failed = [message for message in batch if self.stream.happens(self.failures)]
        done = [message for message in batch if message not in failed]
        for calls in (len(done), len(failed)):  # deleted; made visible again, later
            ledger.count("sqs.requests", math.ceil(calls / BATCH_CALL))
        ledger.count("logs.ingest", a.log_bytes / 1e9)
        for message in done:
            kept_gb = message.comments * a.result_bytes / 1e9
            ledger.count("s3.put")
            ledger.count("s3.storage", kept_gb * a.result_days / self.scenario.workload.days)
            self.played.observe(self.world.now - (message.opened + message.sent) / 2)
        for message in failed:
            self.played.retries += ledger.open
            self.world.process(self._again(replace(message, tried=message.tried + 1)))

    def _again(self, message: Message) -> Generator[simpy.Event, Any, Any]:
        yield self.world.timeout(AGAIN_S[min(message.tried, len(AGAIN_S)) - 1])
        yield self._put(message)

    def _cpu_s(self, batch: list[Message]) -> float:
        """On the measured host."""
        speed, known = self.scenario.speed, self.scenario.assumptions.duplicates
        tokens = 0.0
        for message in batch:
            fresh = self.stream.random.binomial(message.comments, 1 - known) / message.comments if known else 1.0
            tokens += message.tokens * float(fresh)
        return (speed.invoke_ms.value + speed.batch_ms_per_token.value * tokens) * self.slow

    def _puts_s(self, count: int) -> float:
        times = self.stream.random.gamma(S3_SHAPE, 1 / S3_SHAPE, count)
        return self.scenario.speed.s3_ms.value / 1000 * float(times.sum())

    def _scale_pollers(self) -> Generator[simpy.Event, Any, Any]:
        """While messages wait, up to 300 more pollers a minute, to 1,000.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
        """
        while True:
            yield self.world.timeout(60)
            waiting = math.ceil(len(self.queue.items) / self.scenario.assumptions.messages_per_invocation)
            self._add_pollers(min(waiting, POLLERS_A_MINUTE, MOST_POLLERS - self.pollers))

    def _add_pollers(self, count: int) -> None:
        for _ in range(max(0, count)):
            self.pollers += 1
            self.world.process(self._poller())
