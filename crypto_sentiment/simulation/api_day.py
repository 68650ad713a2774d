"""Lambda behind HTTPS for a day: calls come at random, some fail and are made again."""

import math

import simpy

from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation.environments import Pool
from crypto_sentiment.simulation.hosts import function_slowdown, host_factor
from crypto_sentiment.simulation.played import Played, Setting
from crypto_sentiment.simulation.stream import Stream, Window

WARM_UP_S = 5.0
WARM_ENVIRONMENTS = 8  # beyond the mean load: what an hour of random arrivals has left warm
METER = 524_288  # bytes of a request that an HTTP API counts as one
HEADERS, ANSWER_HEADERS = 400, 380
FUNCTION_LCU_BYTES, LCU_CONNECTIONS = 0.4e9, 25
AGAIN_S = 1.0  # until a caller whose call failed makes it again


def new_pool(scenario: Scenario, world: simpy.Environment, stream: Stream, played: Played, architecture: str, mb: int):
    """The environments of one function."""
    a = scenario.assumptions
    init_s, life_s = scenario.speed.init_ms.value / 1000, a.environment_life_min * 60

    def meet_host() -> float:
        return host_factor(scenario, stream, architecture)

    return Pool(world, played.ledger, architecture, mb / 1024, init_s, life_s, meet_host)


def play_api(scenario: Scenario, option: str, gateway: str, architecture: str, size: int, setting: Setting) -> Played:
    """Each call carries `size` comments."""
    stream, played = Stream(scenario), Played(option)
    for window in stream.windows(1 / size, setting.most_events):
        _play_window(scenario, stream, played, window, gateway, architecture, size, setting.failures)
        if gateway == "alb":
            _stand(scenario, stream, played, window, size)
    return played


def _play_window(
    scenario: Scenario, stream: Stream, played: Played, window: Window, gateway: str, architecture: str, size: int,
    failures: float,
) -> None:  # fmt: skip
    a, speed, ledger = scenario.assumptions, scenario.speed, played.ledger
    slow = function_slowdown(a.api_memory_mb) / 1000
    world = simpy.Environment()
    pool = new_pool(scenario, world, stream, played, architecture, a.api_memory_mb)
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
        while True:
            yield world.process(pool.invoke(seconds()))
            _count(scenario, stream, played, gateway, size)
            if not stream.happens(failures):
                break
            played.retries += ledger.open
            yield world.timeout(AGAIN_S)
        played.observe(world.now - start)

    def arrivals():
        while True:
            yield world.timeout(stream.gap(window.rate, size))
            world.process(call())

    busy = window.rate / size * seconds() * host_factor(scenario, stream, architecture)
    pool.prewarm(math.ceil(busy + 6 * math.sqrt(busy)) + WARM_ENVIRONMENTS, stream.random)
    world.process(arrivals())
    world.run(until=WARM_UP_S)
    ledger.open, pool.most_running = True, pool.running
    world.run(until=WARM_UP_S + window.seconds)
    played.note(pool, window.seconds)


def _count(scenario: Scenario, stream: Stream, played: Played, gateway: str, size: int) -> None:
    """What a call is billed besides the function."""
    a, ledger = scenario.assumptions, played.ledger
    if gateway in ("http", "rest"):
        metered = math.ceil(stream.request_bytes(size) / METER) if gateway == "http" else 1
        ledger.count(f"apigateway.{gateway}", metered)
        if a.access_log in ("gateway", "both"):
            ledger.count("logs.ingest", a.access_log_bytes / 1e9)
    if a.access_log in ("function", "both"):
        ledger.count("logs.ingest", a.function_log_bytes / 1e9)
    if a.callers == "internet":
        ledger.count("data.out", _answer_bytes(scenario, size) / 1e9)


def _answer_bytes(scenario: Scenario, size: int) -> float:
    a = scenario.assumptions
    return a.response_bytes if size == 1 else ANSWER_HEADERS + size * a.batch_response_bytes


def _stand(scenario: Scenario, stream: Stream, played: Played, window: Window, size: int) -> None:
    """An hour of a load balancer with two addresses, by what the hour carries."""
    a, ledger = scenario.assumptions, played.ledger
    calls = window.rate / size
    carried = calls * 3600 * (stream.request_bytes(1000 * size) / 1000 + HEADERS + _answer_bytes(scenario, size))
    ledger.scale = 1.0
    ledger.count("alb.hour")
    ledger.count("ipv4.hour", 2)
    ledger.count("alb.lcu", max(calls / a.requests_per_connection / LCU_CONNECTIONS, carried / FUNCTION_LCU_BYTES))
