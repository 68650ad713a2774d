"""The most that a day can cost with these knobs: what the throttle and the concurrency let through, at full tilt.

Prices of us-east-1 without the free tier, volume discounts or taxes, from AWS's public price pages (2026-08); data sent
out to the internet ($0.09 a GB) comes on top.
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

# API Gateway meters a request body in steps of 512 KB; the API takes up to 1 MB.
METERED_PER_REQUEST = 2

ZONES = 2


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
    task_h = (
        knobs.fargate_cpu / 1024 * FARGATE_VCPU_H[knobs.architecture]
        + knobs.fargate_memory_mb / 1024 * FARGATE_GB_H[knobs.architecture]
        + IPV4_H
    )
    return HOURS_A_DAY * (tasks * task_h + LOAD_BALANCER_H + ZONES * IPV4_H)


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
