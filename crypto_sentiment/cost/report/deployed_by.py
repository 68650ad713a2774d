"""Which `cdk deploy -c` values give an option, sized for the volume that it is priced for; or why none does."""

import math

from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.lambda_api import environments
from crypto_sentiment.cost.options import OPTIONS
from crypto_sentiment.cost.report.sections import Section
from lambda_fn.contract import Default

FRONTS = {"http": "http-api", "rest": "rest-api", "url": "function-url", "alb": "load-balancer"}
BALANCED = {"balancer_access": "https", "certificate_arn": "…"}
NOT_FROM_HERE = "for comparison: not deployed from here"
# What one deployment can be given at most, as cdk/context.py has it (a test compares).
MOST = {
    "api_rate": 10_000, "api_burst": 5_000, "api_concurrency": 1_000, "bulk_concurrency": 1_000,
    "fargate_max_tasks": 100, "worker_max_tasks": 19,
}  # fmt: skip


def context_of(comparison: Comparison, bill: Bill) -> dict[str, object] | None:
    """Context values beside the defaults; None for an option that CDK here does not deploy."""
    group = {option.name: option.group for option in OPTIONS}[bill.option]
    if group == "reference" or bill.option == "lambda-managed":
        return None
    values = _fargate(comparison, bill) if bill.option.startswith("fargate") else _lambda(comparison, bill)
    if bill.option.endswith("arm64"):
        values["architecture"] = "arm64"
    return values


def deployed_by(comparison: Comparison, bill: Bill) -> str:
    """`name=value …` for as many `-c`; "the default" where there is none."""
    values = context_of(comparison, bill)
    if values is None:
        return NOT_FROM_HERE
    over = [f"{name} {values[name]:,} of {most:,}" for name, most in MOST.items() if _number(values.get(name)) > most]
    if over:
        return f"cannot at this volume: {', '.join(over)}"
    return " ".join(f"{name}={value}" for name, value in values.items()) or "the default"


def _number(value: object) -> float:
    return value if isinstance(value, int) else 0


def _lambda(comparison: Comparison, bill: Bill) -> dict[str, object]:
    a, workload = comparison.assumptions, comparison.own.workload
    kind, how = bill.option.split("-")[1:3]
    values: dict[str, object] = {}
    concurrency = bill.facts["busiest hour's concurrency"] * workload.burst_factor
    if kind == "sqs":
        at_once = max(Default.BULK_CONCURRENCY, math.ceil(environments(concurrency)))
        return {"bulk_concurrency": at_once} if at_once > Default.BULK_CONCURRENCY else {}
    if FRONTS[kind] != "http-api":
        values["api_front"] = FRONTS[kind]
    if kind in ("http", "rest"):
        size = a.comments_per_request if how == "batch" else 1
        rate = max(1, math.ceil(workload.mean_rate * a.peak_factor / size))
        if rate > Default.API_RATE:
            values |= {"api_rate": rate, "api_burst": max(rate, Default.API_BURST)}
    if kind == "alb":
        values |= BALANCED
    warm = bill.hourly if how == "provisioned" else []
    at_once = max([Default.API_CONCURRENCY, math.ceil(environments(concurrency)), *warm])
    if at_once > Default.API_CONCURRENCY:
        values["api_concurrency"] = at_once
    if warm:
        values["api_provisioned_schedule"] = schedule(warm)
    return values


def schedule(hourly: list[int]) -> str:
    """`0=2,13=5,22=3` of 24 counts: an hour is named where its count is another than the hour's before it."""
    steps = [hour for hour, count in enumerate(hourly) if hour == 0 or count != hourly[hour - 1]]
    return ",".join(f"{hour}={hourly[hour]}" for hour in steps)


def _fargate(comparison: Comparison, bill: Bill) -> dict[str, object]:
    a = comparison.assumptions
    most = math.ceil(bill.facts["tasks, most"])
    spot = {"fargate_spot_percent": round(100 * a.spot_share)} if bill.option.endswith("spot") else {}
    if "-alb-" in bill.option:
        values: dict[str, object] = {"compute": "fargate", **BALANCED, **spot}
        vcpu, memory_gb, task_name, default = a.fargate_vcpu, a.task_gb, "fargate_max_tasks", Default.FARGATE_MAX_TASKS
    else:
        values = {"compute": "fargate-worker", **spot}
        vcpu, memory_gb = bill.facts["task vCPUs"], bill.facts["task GB"]
        task_name, default = "worker_max_tasks", Default.WORKER_MAX_TASKS
    if (vcpu * 1024, memory_gb * 1024) != (Default.FARGATE_CPU, Default.FARGATE_MEMORY_MB):
        values |= {"fargate_cpu": round(vcpu * 1024), "fargate_memory_mb": round(memory_gb * 1024)}
    if most > default:
        values[task_name] = most
    return values


def ways(comparison: Comparison) -> Section:
    """Every option that is priced, and what deploys it."""
    section = Section("How each way is deployed", columns=["way", "cdk deploy, with -c for each"])
    section.text = ["Sized for the volume and peak of this report; several ways share one deployment."]
    width = comparison.own.speed.width
    section.rows = [[bill.title, deployed_by(comparison, bill)] for bill in comparison.bills[width] if bill.lines]
    return section
