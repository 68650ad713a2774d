"""Fargate: tasks behind an ALB, sized by queueing, and tasks that drain the SQS queue."""

import math

from crypto_sentiment.cost import queueing
from crypto_sentiment.cost.assumptions import FARGATE_SIZES, Assumptions
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.lambda_sqs import Packing, pack, sqs_requests
from crypto_sentiment.cost.scenario import GB, Scenario

API_MINIMUM_TASKS = 2  # one per availability zone
LOAD_BALANCER_ADDRESSES = 2  # one public IPv4 per availability zone
REQUEST_HEADER_BYTES = 400
LCU_NEW_CONNECTIONS = 25  # a second
LCU_GB_PER_HOUR = 1.0
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
    bill = scenario.bill(f"fargate-alb-{name}", f"Fargate {'Spot x86' if spot else architecture} behind an ALB")
    tasks = api_tasks(scenario, architecture)
    vcpu = scenario.assumptions.fargate_vcpu
    task_hours = sum(tasks) * scenario.workload.days
    add_tasks(scenario, bill, architecture, vcpu, _memory(scenario, vcpu), task_hours, spot)
    hours = scenario.workload.hours_in_month
    bill.add("load balancer", "alb.hour", hours)
    bill.add(
        "load balancer", "alb.lcu", sum(map(_lcus(scenario), scenario.workload.hourly_rates)) * scenario.workload.days
    )
    bill.add("IPv4", "ipv4.hour", task_hours + LOAD_BALANCER_ADDRESSES * hours)
    scenario.add_logs(bill, task_hours * 60 * scenario.assumptions.log_bytes / GB)  # one metrics line a minute
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
    bill = scenario.bill(f"fargate-sqs-{name}", f"Fargate {'Spot x86' if spot else architecture} worker on SQS")
    packing = pack(scenario, comments_per_message)
    load = worker_load(scenario, architecture, packing, vcpu)
    capacity = workers_per_task(vcpu) * scenario.assumptions.worker_utilisation
    tasks = [max(1, math.ceil(load * factor / capacity)) for factor in scenario.workload.hourly]
    task_hours = sum(tasks) * scenario.workload.days
    add_tasks(scenario, bill, architecture, vcpu, _memory(scenario, vcpu), task_hours, spot)
    mean_tasks = sum(tasks) / len(tasks)
    bill.add("IPv4", "ipv4.hour", task_hours)
    bill.add(
        "SQS", "sqs.requests", sqs_requests(scenario, packing, mean_tasks * workers_per_task(vcpu), event_source=False)
    )
    scenario.add_results(bill, packing.messages)
    scenario.add_logs(bill, task_hours * 60 * scenario.assumptions.log_bytes / GB)
    bill.facts |= {"task vCPUs": vcpu, "tasks, mean": mean_tasks, "tasks, most": max(tasks)}
    bill.facts["utilisation"] = load / (workers_per_task(vcpu) * mean_tasks)
    return bill


def worker_load(scenario: Scenario, architecture: str, packing: Packing, vcpu: float) -> float:
    """Workers kept busy at the mean rate (erlangs): scoring, and waiting for each message's PUT."""
    slow = scenario.host_factor(architecture) / min(1.0, vcpu)
    message_ms = packing.comments_per_message * scenario.batch_ms * slow + scenario.speed.s3_ms.value
    message_ms += scenario.speed.invoke_ms.value * slow
    return packing.messages / scenario.workload.month_seconds * message_ms / 1000


def add_tasks(
    scenario: Scenario, bill: Bill, architecture: str, vcpu: float, memory_gb: float, task_hours: float, spot: bool
) -> None:
    """https://aws.amazon.com/fargate/pricing/: vCPU and memory of a task, for as long as it stands."""
    discount = scenario.prices.rate("fargate.spot_discount") * scenario.assumptions.spot_share if spot else 0.0
    bill.add("compute", f"fargate.vcpu.{architecture}", task_hours * vcpu, share=1 - discount)
    bill.add("compute", f"fargate.memory.{architecture}", task_hours * memory_gb, share=1 - discount)


def _memory(scenario: Scenario, vcpu: float) -> float:
    return max(FARGATE_SIZES[vcpu], WIDE_MODEL_GB if scenario.speed.width > 384 else 0.0)


def _lcus(scenario: Scenario):
    """LCUs at a request rate: the largest of new connections and bytes (rules: ten are free; active connections stay
    below new ones while a connection lives under two minutes).

    https://aws.amazon.com/elasticloadbalancing/pricing/
    """
    a: Assumptions = scenario.assumptions
    per_request = a.bytes_per_comment + REQUEST_HEADER_BYTES + a.response_bytes

    def lcus(rate: float) -> float:
        connections = rate / a.requests_per_connection / LCU_NEW_CONNECTIONS
        return max(connections, rate * 3600 * per_request / GB / LCU_GB_PER_HOUR)

    return lcus
