"""The most that a day can cost with these knobs, and what an idle month costs. `python -m cdk.spending` prints both.

Prices of us-east-1 without the free tier, volume discounts or taxes, as crypto_sentiment/cost/prices/us-east-1.json
lists them with their sources; data sent out to the internet ($0.09 a GB) comes on top.
"""

from cdk.context import Knobs

SECONDS_A_DAY = 86_400
HOURS_A_DAY = 24

LAMBDA_GB_S = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
LAMBDA_REQUEST = 0.20 / 1e6
PROVISIONED_GB_S = {"x86_64": 0.0000041667, "arm64": 0.0000033334}
HTTP_API_REQUEST = 1.00 / 1e6
LOGS_GB = 0.50
FARGATE_VCPU_H = {"x86_64": 0.04048, "arm64": 0.03238}
FARGATE_GB_H = {"x86_64": 0.004445, "arm64": 0.00356}
LOAD_BALANCER_H = 0.0225
IPV4_H = 0.005

# The access log line and what the function may log of one request (an error's line is the longest).
LOGGED_BYTES_A_REQUEST = 1_500

# API Gateway meters a request in steps of 512 KB; Lambda takes up to 6 MB.
METERED_PER_REQUEST = 12

ZONES = 2

# What stands there whether anybody calls or not. Accounts have 10 alarms, 3 dashboards and 1 million SQS requests free.
ALARM_MONTH = 0.10
DASHBOARD_MONTH = 3.00
SECRET_MONTH = 0.40
ECR_GB_MONTH = 0.10
IMAGE_GB = 0.1
SQS_REQUEST = 0.40 / 1e6
IDLE_POLLERS = 5  # Lambda's, on an empty queue, each asking every 20 s
POLL_S = 20
ALARMS = {"lambda": 8, "fargate": 9}  # Fargate's with the four that scale its services
HOURS_A_MONTH = 720


def http_api_worst_day(knobs: Knobs) -> float:
    """USD: the throttle's every request, and all concurrent executions busy around the clock."""
    requests = knobs.api_rate * SECONDS_A_DAY + knobs.api_burst
    busiest = knobs.api_rate * knobs.api_timeout_s
    concurrency = min(busiest, knobs.api_concurrency) if knobs.api_concurrency else busiest
    gb_s_a_day = knobs.api_memory_mb / 1024 * SECONDS_A_DAY
    return (
        requests * (METERED_PER_REQUEST * HTTP_API_REQUEST + LAMBDA_REQUEST + LOGGED_BYTES_A_REQUEST / 1e9 * LOGS_GB)
        + concurrency * gb_s_a_day * LAMBDA_GB_S[knobs.architecture]
        + knobs.api_provisioned * gb_s_a_day * PROVISIONED_GB_S[knobs.architecture]
    )


def bulk_worst_day(knobs: Knobs) -> float:
    """USD: all concurrent executions busy around the clock. What producers send comes on top: $0.40 a million."""
    gb_s_a_day = knobs.bulk_memory_mb / 1024 * SECONDS_A_DAY
    return knobs.bulk_concurrency * gb_s_a_day * LAMBDA_GB_S[knobs.architecture]


def fargate_worst_day(knobs: Knobs) -> float:
    """USD: every task that scaling may start, on demand, with its address, and the load balancer's hours."""
    tasks = knobs.fargate_max_tasks + knobs.worker_max_tasks
    return HOURS_A_DAY * (tasks * _task_hour(knobs) + LOAD_BALANCER_H + ZONES * IPV4_H)


def _task_hour(knobs: Knobs) -> float:
    return (
        knobs.fargate_cpu / 1024 * FARGATE_VCPU_H[knobs.architecture]
        + knobs.fargate_memory_mb / 1024 * FARGATE_GB_H[knobs.architecture]
        + IPV4_H
    )


def lambda_sentence(knobs: Knobs) -> str:
    http, bulk = http_api_worst_day(knobs), bulk_worst_day(knobs)
    limits = f"{knobs.api_concurrency} at once" if knobs.api_concurrency else "no reserved concurrency"
    return (
        f"The worst day costs at most ${http + bulk:,.2f}: HTTPS ${http:,.2f} ({knobs.api_rate} requests/s, {limits}), "
        f"bulk ${bulk:,.2f} ({knobs.bulk_concurrency} at once), data out not counted."
    )


def fargate_sentence(knobs: Knobs) -> str:
    return (
        f"The worst day costs at most ${fargate_worst_day(knobs):,.2f}: {knobs.fargate_max_tasks} API tasks and "
        f"{knobs.worker_max_tasks} workers around the clock, load-balancer capacity units and data out not counted."
    )


def idle_month(knobs: Knobs, road: str) -> dict[str, float]:
    """USD a month, without the free tier, of a deployed stack that nobody calls. road: "lambda" or "fargate"."""
    costs = {
        "dashboard": DASHBOARD_MONTH,
        "alarms": ALARMS[road] * ALARM_MONTH,
        "API key": SECRET_MONTH if knobs.api_auth == "api-key" else 0,
        "image": IMAGE_GB * ECR_GB_MONTH,
    }
    hour = HOURS_A_MONTH
    if road == "lambda":
        costs["polling the empty queue"] = IDLE_POLLERS * hour * 3600 / POLL_S * SQS_REQUEST
        warm_gb_s = knobs.api_provisioned * knobs.api_memory_mb / 1024 * hour * 3600
        costs["environments kept warm"] = warm_gb_s * PROVISIONED_GB_S[knobs.architecture]
    else:
        costs["API tasks"] = knobs.fargate_min_tasks * hour * _task_hour(knobs)
        costs["load balancer"] = hour * LOAD_BALANCER_H
        costs["its public addresses"] = 0 if knobs.fargate_access == "internal" else hour * ZONES * IPV4_H
    return {name: usd for name, usd in costs.items() if usd}


def markdown_table() -> str:
    """What each road costs idle, with default knobs."""
    roads = {road: idle_month(Knobs(), road) for road in ALARMS}
    rows = ["| idle, a month | Lambda | Fargate |", "|---|---|---|"]
    for name in dict.fromkeys(name for costs in roads.values() for name in costs):
        cells = (f"${costs[name]:,.2f}" if name in costs else "" for costs in roads.values())
        rows.append(f"| {name} | {' | '.join(cells)} |")
    totals = (f"**${sum(costs.values()):,.2f}**" for costs in roads.values())
    return "\n".join([*rows, f"| **all** | {' | '.join(totals)} |"])


if __name__ == "__main__":
    print(markdown_table(), lambda_sentence(Knobs()), fargate_sentence(Knobs()), sep="\n\n")
