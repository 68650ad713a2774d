"""Fargate for a day: tasks behind a load balancer, and workers on the queue, with the fewest tasks that do."""

import math
from dataclasses import dataclass

import numpy as np
import simpy

from crypto_sentiment.cost.errors import Infeasible
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation.hosts import host_factor
from crypto_sentiment.simulation.ledger import Ledger
from crypto_sentiment.simulation.played import Played, Setting
from crypto_sentiment.simulation.sqs_day import BATCH_CALL, LONG_POLL_S, S3_SHAPE, chunks
from crypto_sentiment.simulation.stream import Message, Stream

TRIAL_REQUESTS, TRIAL_S, MOST_TRIAL_REQUESTS = 4000, 10, 40_000  # long enough for a queue to build up
START_S = 60.0  # a task is billed from the image's download on, before it serves
LEAST_TASKS = 2
WORKER_PASS = 50  # messages that a worker takes at once at most
MOST_DRAWN = 3000  # messages of an hour
MEMORY_GB = {0.25: 0.5, 0.5: 1.0, 1.0: 2.0, 2.0: 4.0, 4.0: 8.0}


def _slowdown(scenario: Scenario, stream: Stream, architecture: str, vcpu: float) -> float:
    """Seconds for a millisecond of the measured vCPU, on a task's own host. A mix is met in the mean: tasks are few."""
    tries = 1 if scenario.assumptions.vnni_share in (None, 0.0, 1.0) else 400
    factor = sum(host_factor(scenario, stream, architecture) for _ in range(tries)) / tries
    return factor / min(1.0, vcpu) / 1000


def services_of(scenario: Scenario, stream: Stream, architecture: str, count: int) -> np.ndarray:
    """Seconds that each of `count` requests holds a worker."""
    a, speed = scenario.assumptions, scenario.speed
    known = stream.random.random(count) < a.duplicates
    model = speed.call_ms.value + speed.single_ms_per_token.value * stream.lengths(count)
    slow = _slowdown(scenario, stream, architecture, a.fargate_vcpu)
    return (speed.http_ms.value + np.where(known, 0.0, model)) * slow


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


def play_api(scenario: Scenario, option: str, architecture: str, setting: Setting) -> Played:
    """Scheduled scaling: each hour stands with the tasks that its bursts need, and serves its own rate."""
    stream, played = Stream(scenario), Played(option)
    a, ledger = scenario.assumptions, played.ledger
    peak = a.peak_factor * sum(stream.rates) / 24
    burst = max(1.0, peak / max(stream.rates))
    for hour, rate in enumerate(stream.rates):
        tasks = max(LEAST_TASKS, fewest_tasks(scenario, stream, rate * burst, architecture))
        count = max(1000, min(int(rate * 3600), setting.most_events // 24))
        latencies = request_latencies(scenario, stream, rate, tasks, architecture, count)
        played.latencies += latencies.tolist()
        played.events += count
        played.played_s += count / rate
        before = played.tasks[-1] if hour else tasks
        played.tasks.append(tasks)
        _stand(ledger, architecture, a.fargate_vcpu, a.task_gb, tasks, max(0, tasks - before))
        again = int(stream.random.poisson(rate * 3600 * setting.failures))
        played.retries += again
        requests = rate * 3600 + again
        carried = requests * (stream.request_bytes(1000) / 1000 + 400 + a.response_bytes) / 1e9
        ledger.count("alb.hour")
        ledger.count("alb.lcu", max(requests / 3600 / a.requests_per_connection / 25, carried))
        ledger.count("ipv4.hour", 2)
        if a.access_log in ("function", "both"):
            ledger.count("logs.ingest", requests * 160 / 1e9)
        if a.callers == "internet":
            ledger.count("data.out", requests * a.response_bytes / 1e9)
    played.most_concurrent = max(played.tasks)
    return played


@dataclass(frozen=True)
class _Hour:
    """An hour's messages, as far as they were drawn: seconds of work on the measured vCPU, seconds of waiting."""

    rate: float
    messages: int
    drawn: list[Message]
    waits: np.ndarray

    def work_s(self, scenario: Scenario, slow: float) -> np.ndarray:
        speed, fresh = scenario.speed, 1 - scenario.assumptions.duplicates
        tokens = np.array([message.tokens for message in self.drawn])
        return (speed.invoke_ms.value + speed.batch_ms_per_token.value * tokens * fresh) * slow + self.waits


def play_worker(scenario: Scenario, option: str, architecture: str, limit_bytes: int, setting: Setting) -> Played:
    """Workers on the queue: messages are drawn, an hour gets the tasks that keep within the plan, and the size of task
    that costs least with these is the one that is played.
    """
    stream = Stream(scenario)
    hours = [_draw_hour(scenario, stream, rate, limit_bytes, setting) for rate in stream.rates]
    plans = [_plan(scenario, stream, hours, architecture, vcpu) for vcpu in MEMORY_GB]
    best = min(plans, key=lambda plan: sum(plan[1].by_part(scenario.prices, scenario.workload.days).values()))
    vcpu, ledger, tasks = best
    played = Played(option, ledger=ledger, tasks=tasks)
    for hour, count in zip(hours, tasks, strict=True):
        _count_messages(scenario, stream, played, hour, setting)
        slow = _slowdown(scenario, stream, architecture, vcpu)
        work = hour.work_s(scenario, slow)
        empty, passes, deletes = _drain(stream, played, hour, work, count * max(1, int(vcpu)))
        ledger.count("sqs.requests", empty + deletes)
        ledger.count("logs.ingest", passes * scenario.assumptions.log_bytes / 1e9)
    played.most_concurrent = max(tasks)
    return played


def _draw_hour(scenario: Scenario, stream: Stream, rate: float, limit_bytes: int, setting: Setting) -> _Hour:
    a, speed = scenario.assumptions, scenario.speed
    set_by_hand = a.comments_per_message
    most = max(1, int(rate * a.producer_wait_s))  # what a producer waits for fills no larger message
    example = stream.message(limit_bytes, set_by_hand).comments
    few = most if example > most else set_by_hand
    size = min(example, most)
    count = max(1, int(stream.random.poisson(rate * 3600 / size)))
    drawn = [stream.message(limit_bytes, few) for _ in range(min(count, MOST_DRAWN, setting.most_events))]
    count = (
        max(1, round(rate * 3600 / (sum(message.comments for message in drawn) / len(drawn)))) if count > 50 else count
    )
    waits = speed.s3_ms.value / 1000 * stream.random.gamma(S3_SHAPE, 1 / S3_SHAPE, len(drawn))
    return _Hour(rate, count, drawn, waits)


def _plan(
    scenario: Scenario, stream: Stream, hours: list[_Hour], architecture: str, vcpu: float
) -> tuple[float, Ledger, list[int]]:
    """What the day's tasks of one size would stand for: (vCPUs, their hours, tasks of each hour)."""
    ledger = Ledger()
    tasks: list[int] = []
    memory_gb = max(MEMORY_GB[vcpu], 1.0 if scenario.speed.width > 384 else 0.0)
    slow = _slowdown(scenario, stream, architecture, vcpu)
    for hour in hours:
        work = float(hour.work_s(scenario, slow).mean()) * hour.messages
        wanted = work / 3600 / scenario.assumptions.worker_utilisation / max(1, int(vcpu))
        before = tasks[-1] if tasks else None
        tasks.append(max(1, math.ceil(wanted)))
        started = 0 if before is None else max(0, tasks[-1] - before)
        _stand(ledger, architecture, vcpu, memory_gb, tasks[-1], started)
    return vcpu, ledger, tasks


def _count_messages(scenario: Scenario, stream: Stream, played: Played, hour: _Hour, setting: Setting) -> None:
    """Sent and received by the 64 KB, one object each; those that fail are received again, and deleted at last."""
    a, ledger, share = scenario.assumptions, played.ledger, hour.messages / len(hour.drawn)
    billed = sum(chunks(message.bytes) for message in hour.drawn) * share
    again = int(stream.random.binomial(hour.messages, setting.failures)) if setting.failures else 0
    played.retries += again
    ledger.count("sqs.requests", 2 * billed + again * (billed / hour.messages + 1))
    ledger.count("s3.put", hour.messages)
    kept_gb = sum(message.comments for message in hour.drawn) * share * a.result_bytes / 1e9
    ledger.count("s3.storage", kept_gb * a.result_days / scenario.workload.days)


def _drain(stream: Stream, played: Played, hour: _Hour, work: np.ndarray, workers: int) -> tuple[float, float, float]:
    """Play the hour's messages (or a sample) through the workers. Returns the hour's receives that bring nothing, its
    passes and its deletes: a worker takes what waits, up to 50, asks once more, and deletes by ten.
    """
    world = simpy.Environment()
    queue = simpy.Store(world)
    count, sample = hour.messages, len(work)
    empty = passes = deletes = 0

    def producer():
        for seconds, message in zip(work.tolist(), hour.drawn, strict=True):
            yield world.timeout(stream.gap(hour.rate, message.comments))
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
