"""Fargate: tasks behind an ALB, sized by queueing, and tasks that drain the SQS queue."""

import math

from crypto_sentiment.cost import queueing
from crypto_sentiment.cost.assumptions import FARGATE_SIZES, SQS_CHUNK_BYTES
from crypto_sentiment.cost.balancer import TASK_GB, add_balancer
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.lambda_sqs import Packing, empty_receives_a_second, pack
from crypto_sentiment.cost.scenario import GB, Scenario

API_MINIMUM_TASKS = 2  # one per availability zone
TASK_LINE_BYTES = 160  # what uvicorn's task prints for a call, where it logs calls: Lambda's wrapping is not around it
WIDE_MODEL_GB = 1.0  # a 768-wide model does not fit the 0.5 GB of the smallest task


def workers_per_task(vcpu: float) -> float:
    """One worker process per whole vCPU; a smaller task has one worker at a fraction of the speed."""
    return max(1.0, vcpu)


def api_service(scenario: Scenario, architecture: str, vcpu: float) -> queueing.Service:
    """Seconds that one request of one comment holds a worker."""
    slow = scenario.host_factor(architecture) / min(1.0, vcpu) / 1000
    speed = scenario.speed
    model = queueing.service_times(
        scenario.workload.lengths,
        (speed.http_ms.value + speed.call_ms.value) * slow,
        speed.single_ms_per_token.value * slow,
    )
    if not scenario.assumptions.duplicates:
        return model
    known = (speed.http_ms.value * slow, scenario.assumptions.duplicates)
    return (known, *((seconds, share * scenario.new_share) for seconds, share in model))


def api_tasks(scenario: Scenario, architecture: str) -> list[int]:
    """Tasks of each hour that keep the p99 target while the load bursts above the hour's mean."""
    vcpu = scenario.assumptions.fargate_vcpu
    service = api_service(scenario, architecture, vcpu)
    target = scenario.assumptions.p99_target_ms / 1000
    burst = scenario.workload.burst_factor
    servers = [queueing.servers_for(rate * burst, service, target) for rate in scenario.workload.hourly_rates]
    return [max(API_MINIMUM_TASKS, math.ceil(count / workers_per_task(vcpu))) for count in servers]


def fargate_api(scenario: Scenario, architecture: str, spot: bool = False) -> Bill:
    """One comment per request, an ALB in front, a public address per task instead of a NAT gateway."""
    name = f"{'spot' if spot else architecture}"
    bill = scenario.bill(
        f"fargate-alb-{name}", f"Fargate {kind(scenario, architecture, spot)} behind an ALB", "fargate"
    )
    tasks = api_tasks(scenario, architecture)
    vcpu = scenario.assumptions.fargate_vcpu
    task_hours = sum(tasks) * scenario.workload.days
    add_tasks(scenario, bill, architecture, vcpu, scenario.assumptions.task_gb, tasks, spot)
    add_balancer(scenario, bill, TASK_GB)
    bill.add("IPv4", "ipv4.hour", task_hours)
    if scenario.assumptions.access_log in ("function", "both"):
        scenario.add_logs(bill, scenario.workload.comments * TASK_LINE_BYTES / GB)
    if scenario.assumptions.callers == "internet":
        bill.add("data out", "data.out", scenario.workload.comments * scenario.assumptions.response_bytes / GB)
    load = scenario.workload.mean_rate * queueing.mean(api_service(scenario, architecture, vcpu))
    bill.facts |= {"tasks, mean": sum(tasks) / len(tasks), "tasks, most": max(tasks)}
    bill.facts["utilisation"] = load / (workers_per_task(vcpu) * sum(tasks) / len(tasks))
    return bill


def fargate_sqs(scenario: Scenario, architecture: str, comments_per_message: int, spot: bool = False) -> Bill:
    """Workers that drain the queue, as many each hour as its load needs; the cheapest task size is taken."""
    bills = [_worker(scenario, architecture, comments_per_message, spot, vcpu) for vcpu in FARGATE_SIZES]
    return min(bills, key=lambda bill: bill.total)


def _worker(scenario: Scenario, architecture: str, comments_per_message: int, spot: bool, vcpu: float) -> Bill:
    name = "spot" if spot else architecture
    title = f"Fargate {kind(scenario, architecture, spot)} worker on SQS"
    bill = scenario.bill(f"fargate-sqs-{name}", title, "fargate-worker")
    packing = pack(scenario, comments_per_message)
    load = worker_load(scenario, architecture, packing, vcpu)
    capacity = workers_per_task(vcpu) * scenario.assumptions.worker_utilisation
    tasks = [max(1, math.ceil(load * factor / capacity)) for factor in scenario.workload.hourly]
    task_hours = sum(tasks) * scenario.workload.days
    add_tasks(scenario, bill, architecture, vcpu, _memory(scenario, vcpu), tasks, spot)
    mean_tasks = sum(tasks) / len(tasks)
    bill.add("IPv4", "ipv4.hour", task_hours)
    workers = mean_tasks * workers_per_task(vcpu)
    bill.add("SQS", "sqs.requests", worker_requests(scenario, packing, workers))
    scenario.add_results(bill, packing.messages)
    scenario.add_logs(bill, packing.messages * scenario.assumptions.log_bytes / GB)
    bill.facts |= {
        "task vCPUs": vcpu,
        "task GB": _memory(scenario, vcpu),
        "tasks, mean": mean_tasks,
        "tasks, most": max(tasks),
    }
    bill.facts["utilisation"] = load / (workers_per_task(vcpu) * mean_tasks)
    return bill


def worker_load(scenario: Scenario, architecture: str, packing: Packing, vcpu: float) -> float:
    """Workers kept busy at the mean rate (erlangs): scoring, and waiting for each message's PUT."""
    slow = scenario.host_factor(architecture) / min(1.0, vcpu)
    message_ms = packing.comments_per_message * scenario.batch_ms * slow + scenario.speed.s3_ms.value
    message_ms += scenario.speed.invoke_ms.value * slow
    return packing.messages / scenario.workload.month_seconds * message_ms / 1000


def worker_requests(scenario: Scenario, packing: Packing, workers: float) -> float:
    """Billed requests of a month: for each message a send and a receive by the 64 KB, a receive that brings nothing and
    a delete; and the long polls of idle workers.

    A worker that keeps up takes each message as it comes: a filled message comes at even distances. Those that pile up
    are taken together, which saves a little (lambda_fn/bulk/worker.py).
    """
    a, month_s = scenario.assumptions, scenario.workload.month_seconds
    chunks = math.ceil(packing.comments_per_message * a.bytes_per_comment / SQS_CHUNK_BYTES)
    rate = packing.messages / month_s
    empty = sum(empty_receives_a_second(workers, rate * factor) for factor in scenario.workload.hourly) / 24
    return (2 * chunks + 2) * packing.messages + empty * month_s


def kind(scenario: Scenario, architecture: str, spot: bool) -> str:
    """x86, arm64, or how much of it runs on Spot and how far below."""
    a = scenario.assumptions
    return (
        f"Spot {architecture} ({a.spot_share:.0%} of tasks, {scenario.spot_discount:.0%} off)" if spot else architecture
    )


def add_tasks(
    scenario: Scenario, bill: Bill, architecture: str, vcpu: float, memory_gb: float, tasks: list[int], spot: bool
) -> None:
    """https://aws.amazon.com/fargate/pricing/: vCPU and memory of a task, for as long as it stands.

    tasks: of each hour. Spot takes whole tasks of it, as near to `spot_share` as ECS comes.
    """
    days = scenario.workload.days
    on_spot = [round(count * scenario.assumptions.spot_share) for count in tasks] if spot else [0] * len(tasks)
    spot_hours, hours = sum(on_spot) * days, (sum(tasks) - sum(on_spot)) * days
    for key, each in ((f"fargate.vcpu.{architecture}", vcpu), (f"fargate.memory.{architecture}", memory_gb)):
        bill.add("compute", key, hours * each)
        bill.add("compute", key, spot_hours * each, share=1 - scenario.spot_discount, plan=False)
    if spot:
        bill.facts["tasks on Spot"] = sum(on_spot) / sum(tasks)


def _memory(scenario: Scenario, vcpu: float) -> float:
    return max(FARGATE_SIZES[vcpu], WIDE_MODEL_GB if scenario.speed.width > 384 else 0.0)
