"""Fargate for a day: tasks behind a load balancer, and workers on the queue, with the fewest tasks that do."""

import math

import numpy as np
import simpy

from crypto_sentiment.cost.errors import Infeasible
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation.lambda_day import BATCH_CALL, CHUNK, LONG_POLL_S, S3_SHAPE
from crypto_sentiment.simulation.played import Played
from crypto_sentiment.simulation.stream import Stream

TRIAL_REQUESTS, TRIAL_S, MOST_TRIAL_REQUESTS = 4000, 10, 40_000  # long enough for a queue to build up
START_S = 60.0  # a task is billed from the image's download on, before it serves
LEAST_TASKS = 2
WORKER_PASS = 50  # messages that a worker takes at once at most
MEMORY_GB = {0.25: 0.5, 0.5: 1.0, 1.0: 2.0, 2.0: 4.0, 4.0: 8.0}


def _slowdown(scenario: Scenario, architecture: str, vcpu: float) -> float:
    host = "graviton2" if architecture == "arm64" else scenario.assumptions.host
    factor = 1.0 if host == "vnni" else scenario.speed.host_factors[host].value
    return factor / min(1.0, vcpu) / 1000


def services_of(scenario: Scenario, stream: Stream, architecture: str, count: int) -> np.ndarray:
    """Seconds that each of `count` requests holds a worker."""
    a, speed = scenario.assumptions, scenario.speed
    known = stream.random.random(count) < a.duplicates
    model = speed.call_ms.value + speed.single_ms_per_token.value * stream.lengths(count)
    return (speed.http_ms.value + np.where(known, 0.0, model)) * _slowdown(scenario, architecture, a.fargate_vcpu)


def request_latencies(scenario: Scenario, stream: Stream, rate: float, tasks: int, architecture: str, count: int):
    """Seconds that `count` requests take when each goes to the task with the fewest outstanding ones."""
    world = simpy.Environment()
    workers = max(1, int(scenario.assumptions.fargate_vcpu))
    fleet = [simpy.Resource(world, capacity=workers) for _ in range(tasks)]
    latencies: list[float] = []
    services = services_of(scenario, stream, architecture, count)
    gaps = stream.random.exponential(1 / rate, count)

    def request(service: float):
        arrived = world.now
        task = min(fleet, key=lambda t: t.count + len(t.queue))
        with task.request() as turn:
            yield turn
            yield world.timeout(service)
        latencies.append(world.now - arrived)

    def arrivals():
        for gap, service in zip(gaps.tolist(), services.tolist(), strict=True):
            yield world.timeout(gap)
            world.process(request(service))

    world.process(arrivals())
    world.run()
    return np.array(latencies[count // 10 :])


def fewest_tasks(scenario: Scenario, stream: Stream, rate: float, architecture: str) -> int:
    """By trial: the first size, from the load up, at which 99 % of requests are in time."""
    target = scenario.assumptions.p99_target_ms / 1000
    requests = int(min(MOST_TRIAL_REQUESTS, max(TRIAL_REQUESTS, rate * TRIAL_S)))
    work = services_of(scenario, stream, architecture, requests).mean() * rate
    tasks = max(1, math.floor(work / max(1, int(scenario.assumptions.fargate_vcpu))))
    for extra in range(200):
        latencies = request_latencies(scenario, stream, rate, tasks + extra, architecture, requests)
        if np.percentile(latencies, 99) <= target:
            return tasks + extra
    raise Infeasible("no number of tasks met the p99 target in simulation")


def play_api(scenario: Scenario, option: str, architecture: str, most_events: int) -> Played:
    """Scheduled scaling: each hour stands with the tasks that its bursts need, and serves its own rate."""
    stream, played = Stream(scenario), Played(option)
    a, ledger = scenario.assumptions, played.ledger
    peak = a.peak_factor * sum(stream.rates) / 24
    burst = max(1.0, peak / max(stream.rates))
    for hour, rate in enumerate(stream.rates):
        tasks = max(LEAST_TASKS, fewest_tasks(scenario, stream, rate * burst, architecture))
        count = max(1000, min(int(rate * 3600), most_events // 24))
        latencies = request_latencies(scenario, stream, rate, tasks, architecture, count)
        played.latencies += latencies.tolist()
        played.events += count
        played.played_s += count / rate
        before = played.tasks[-1] if hour else tasks
        played.tasks.append(tasks)
        _stand(ledger, architecture, a.fargate_vcpu, a.task_gb, tasks, max(0, tasks - before))
        requests = rate * 3600
        carried = requests * (a.bytes_per_comment + 400 + a.response_bytes) / 1e9
        ledger.count("alb.hour")
        ledger.count("alb.lcu", max(requests / 3600 / a.requests_per_connection / 25, carried))
        ledger.count("ipv4.hour", 2)
        if a.callers == "internet":
            ledger.count("data.out", requests * a.response_bytes / 1e9)
    played.most_concurrent = max(played.tasks)
    return played


def play_worker(scenario: Scenario, option: str, architecture: str, vcpu: float, wanted: int) -> Played:
    """Workers on the queue: every message of the day is drawn; an hour gets the tasks that keep within the plan."""
    stream, played = Stream(scenario), Played(option)
    a, speed, ledger = scenario.assumptions, scenario.speed, played.ledger
    slow = _slowdown(scenario, architecture, vcpu)
    per_task = max(1, int(vcpu))
    for hour, rate in enumerate(stream.rates):
        count = max(1, int(stream.random.poisson(rate * 3600 / wanted)))
        model = np.array([speed.batch_ms_per_token.value * stream.tokens_of(wanted) for _ in range(min(count, 3000))])
        service = (speed.invoke_ms.value + model * (1 - a.duplicates)) * slow
        service += speed.s3_ms.value / 1000 * stream.random.gamma(S3_SHAPE, 1 / S3_SHAPE, len(model))
        work = float(service.mean()) * count
        tasks = max(1, math.ceil(work / 3600 / a.worker_utilisation / per_task))
        before = played.tasks[-1] if hour else tasks
        played.tasks.append(tasks)
        memory_gb = max(MEMORY_GB[vcpu], 1.0 if scenario.speed.width > 384 else 0.0)
        _stand(ledger, architecture, vcpu, memory_gb, tasks, max(0, tasks - before))
        chunks = max(1, math.ceil(wanted * a.bytes_per_comment / CHUNK))
        ledger.count("sqs.requests", 2 * chunks * count)
        ledger.count("s3.put", count)
        ledger.count("s3.storage", count * wanted * a.result_bytes / 1e9 * a.result_days / scenario.workload.days)
        empty, passes, deletes = _drain(stream, played, service, count, tasks * per_task, wanted, rate)
        ledger.count("sqs.requests", empty + deletes)
        ledger.count("logs.ingest", passes * a.log_bytes / 1e9)
    played.most_concurrent = max(played.tasks)
    return played


def _drain(
    stream: Stream, played: Played, service: np.ndarray, count: int, workers: int, wanted: int, rate: float
) -> tuple[float, float, float]:
    """Play the hour's messages (or a sample) through the workers. Returns the hour's receives that bring nothing, its
    passes and its deletes: a worker takes what waits, up to 50, asks once more, and deletes by ten.
    """
    world = simpy.Environment()
    queue = simpy.Store(world)
    sample = len(service)
    empty = passes = deletes = 0

    def producer():
        for seconds in service.tolist():
            yield world.timeout(stream.gap(rate, wanted))
            yield queue.put((seconds, world.now))
            played.most_backlog = max(played.most_backlog, len(queue.items))

    def worker():
        nonlocal empty, passes, deletes
        while True:
            get = queue.get()
            yield get | world.timeout(LONG_POLL_S)
            if not get.triggered:
                get.cancel()
                empty += 1
                continue
            assert get.value is not None  # a triggered get has what was put
            taken = [get.value]
            while queue.items and len(taken) < WORKER_PASS:
                taken.append((yield queue.get()))
            empty += len(taken) < WORKER_PASS
            yield world.timeout(sum(seconds for seconds, _ in taken))
            passes += 1
            deletes += math.ceil(len(taken) / BATCH_CALL)
            for _, arrived in taken:
                played.observe(world.now - arrived)

    done = world.process(producer())
    for _ in range(workers):
        world.process(worker())
    world.run(until=done)
    played.played_s += world.now
    return empty * count / sample, passes * count / sample, deletes * count / sample


def _stand(ledger, architecture: str, vcpu: float, memory_gb: float, tasks: int, started: int) -> None:
    """An hour of standing tasks; those just started were billed while they pulled the image."""
    hours = tasks + started * START_S / 3600
    ledger.count(f"fargate.vcpu.{architecture}", hours * vcpu)
    ledger.count(f"fargate.memory.{architecture}", hours * memory_gb)
    ledger.count("ipv4.hour", hours)
