"""Lambda for a day: calls through a gateway, and messages through the SQS event source."""

import math

import simpy

from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation.environments import Pool
from crypto_sentiment.simulation.played import Played
from crypto_sentiment.simulation.stream import Stream, Window

WARM_UP_S = 5.0
WARM_ENVIRONMENTS = 8  # beyond the mean load: what an hour of random arrivals has left warm
LONG_POLL_S = 20.0
CHUNK = 65_536
BATCH_CALL = 10  # messages in one DeleteMessageBatch
EVENT_LIMIT = 6 * 1024 * 1024
EVENT_GROWTH = 1.2
POLLERS_A_MINUTE, MOST_POLLERS = 300, 1000
S3_SHAPE = 4  # a PUT's time varies: gamma with this shape


def slowdown(scenario: Scenario, architecture: str, memory_mb: int) -> float:
    """Seconds on the function for a second of the measured vCPU."""
    a = scenario.assumptions
    host = "graviton2" if architecture == "arm64" else a.host
    factor = 1.0 if host == "vnni" else scenario.speed.host_factors[host].value
    vcpus = memory_mb / 1769
    return factor / (vcpus if vcpus <= 1 else math.floor(vcpus) ** 0.85)


def new_pool(scenario: Scenario, world: simpy.Environment, played: Played, architecture: str, memory_mb: int) -> Pool:
    a = scenario.assumptions
    init_s, life_s = scenario.speed.init_ms.value / 1000, a.environment_life_min * 60
    return Pool(world, played.ledger, architecture, memory_mb / 1024, init_s, life_s)


def play_api(scenario: Scenario, option: str, gateway: str, architecture: str, size: int, most_events: int) -> Played:
    """Each call carries `size` comments; calls come at random."""
    stream, played = Stream(scenario), Played(option)
    for window in stream.windows(1 / size, most_events):
        _play_api_window(scenario, stream, played, window, gateway, architecture, size)
    return played


def _play_api_window(
    scenario: Scenario, stream: Stream, played: Played, window: Window, gateway: str, architecture: str, size: int
) -> None:
    a, speed = scenario.assumptions, scenario.speed
    slow = slowdown(scenario, architecture, a.api_memory_mb) / 1000
    world = simpy.Environment()
    pool = new_pool(scenario, world, played, architecture, a.api_memory_mb)
    ledger = played.ledger
    ledger.scale, ledger.open = window.scale, False

    def seconds() -> float:
        fresh = int(stream.random.binomial(size, 1 - a.duplicates)) if a.duplicates else size
        if size == 1:
            model = fresh * (speed.call_ms.value + speed.single_ms_per_token.value * stream.tokens_of(1))
        else:
            model = speed.batch_ms_per_token.value * stream.tokens_of(fresh)
        return (speed.http_ms.value + model) * slow

    def call():
        start = world.now
        yield world.process(pool.invoke(seconds()))
        played.observe(world.now - start)
        if gateway in ("http", "rest"):
            ledger.count(f"apigateway.{gateway}", max(1, math.ceil(size * a.bytes_per_comment / 524_288)))
            ledger.count("logs.ingest", a.access_log_bytes / 1e9)
        if a.callers == "internet":
            sent = a.response_bytes if size == 1 else 380 + size * a.batch_response_bytes
            ledger.count("data.out", sent / 1e9)

    def arrivals():
        while True:
            yield world.timeout(stream.gap(window.rate, size))
            world.process(call())

    busy = window.rate / size * seconds()
    pool.prewarm(math.ceil(busy + 6 * math.sqrt(busy)) + WARM_ENVIRONMENTS, stream.random)
    world.process(arrivals())
    world.run(until=WARM_UP_S)
    ledger.open, pool.most_running = True, pool.running
    world.run(until=WARM_UP_S + window.seconds)
    _note(played, pool, window)


def play_sqs(scenario: Scenario, option: str, architecture: str, wanted: int, most_events: int) -> Played:
    """Producers fill messages of `wanted` comments; pollers gather batches and call the function."""
    stream, played = Stream(scenario), Played(option)
    for window in stream.windows(1 / wanted, most_events):
        _SqsWindow(scenario, stream, played, window, architecture, wanted).play()
    return played


class _SqsWindow:
    """One window of the event source mapping: producers, pollers, the scaling of pollers, the function."""

    def __init__(
        self, scenario: Scenario, stream: Stream, played: Played, window: Window, architecture: str, wanted: int
    ):
        self.scenario, self.stream, self.played, self.window = scenario, stream, played, window
        self.wanted, self.ledger = wanted, played.ledger
        memory_mb = scenario.assumptions.bulk_memory_mb
        self.slow = slowdown(scenario, architecture, memory_mb) / 1000
        self.world = simpy.Environment()
        self.queue = simpy.Store(self.world)
        self.pool = new_pool(scenario, self.world, played, architecture, memory_mb)
        self.pollers = 0

    def play(self) -> None:
        a = self.scenario.assumptions
        warm_up = 60 + a.producer_wait_s + a.batching_window_s
        self.ledger.scale, self.ledger.open = self.window.scale, False
        needed = self.window.rate * self._seconds([self.wanted]) / self.wanted
        self.pool.prewarm(math.ceil(needed * 1.5) + 1, self.stream.random)
        self._add_pollers(max(a.pollers, math.ceil(needed * 1.5)))
        self.world.process(self._producer())
        self.world.process(self._scale_pollers())
        self.world.run(until=warm_up)
        self.ledger.open, self.pool.most_running = True, self.pool.running
        self.world.run(until=warm_up + self.window.seconds)
        _note(self.played, self.pool, self.window)

    def _producer(self):
        a, rate = self.scenario.assumptions, self.window.rate
        while True:
            opened = self.world.now
            fill = self.stream.gap(rate, self.wanted)
            comments = self.wanted
            if fill > a.producer_wait_s:
                fill = max(a.producer_wait_s, self.stream.gap(rate))
                comments = max(1, int(self.stream.random.poisson(rate * a.producer_wait_s)))
            yield self.world.timeout(fill)
            self.ledger.count("sqs.requests", self._chunks(comments))
            # Whose poll gets it is chance: SQS keeps no order among those that wait.
            self.stream.random.shuffle(self.queue.get_queue)
            yield self.queue.put((comments, (opened + self.world.now) / 2))
            if self.ledger.open:
                self.played.most_backlog = max(self.played.most_backlog, len(self.queue.items))

    def _poller(self):
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
            self.ledger.count("sqs.requests", self._chunks(get.value[0]))
            return get.value
        get.cancel()
        self.ledger.count("sqs.requests")
        return None

    def _gather(self, first: tuple[int, float]):
        """More messages until the batch is full, the event is at its limit or the window closes."""
        a = self.scenario.assumptions
        batch, closes = [first], self.world.now + a.batching_window_s
        while len(batch) < a.messages_per_invocation and self.world.now < closes:
            event_bytes = (sum(c for c, _ in batch) + self.wanted) * a.bytes_per_comment * EVENT_GROWTH
            if event_bytes > EVENT_LIMIT:
                break
            message = yield from self._receive(min(LONG_POLL_S, closes - self.world.now))
            if message is None:
                break
            batch.append(message)
        return batch

    def _work(self, batch: list[tuple[int, float]]):
        a = self.scenario.assumptions
        yield self.world.process(self.pool.invoke(self._seconds([comments for comments, _ in batch])))
        self.ledger.count("sqs.requests", math.ceil(len(batch) / BATCH_CALL))
        self.ledger.count("logs.ingest", a.log_bytes / 1e9)
        for comments, midpoint in batch:
            self.ledger.count("s3.put")
            self.ledger.count(
                "s3.storage", comments * a.result_bytes / 1e9 * a.result_days / self.scenario.workload.days
            )
            self.played.observe(self.world.now - midpoint)

    def _seconds(self, sizes: list[int]) -> float:
        speed, a = self.scenario.speed, self.scenario.assumptions
        model = 0.0
        for comments in sizes:
            fresh = int(self.stream.random.binomial(comments, 1 - a.duplicates)) if a.duplicates else comments
            model += speed.batch_ms_per_token.value * self.stream.tokens_of(fresh)
        put = speed.s3_ms.value / 1000 * self.stream.random.gamma(S3_SHAPE, 1 / S3_SHAPE, len(sizes)).sum()
        return (speed.invoke_ms.value + model) * self.slow + float(put)

    def _scale_pollers(self):
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

    def _chunks(self, comments: int) -> int:
        return max(1, math.ceil(comments * self.scenario.assumptions.bytes_per_comment / CHUNK))


def _note(played: Played, pool: Pool, window: Window) -> None:
    played.played_s += window.seconds
    played.most_concurrent = max(played.most_concurrent, pool.most_running)
    played.cold_starts += pool.cold_starts
