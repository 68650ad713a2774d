"""The most that a day can cost with this context, and what an idle month costs. `python -m cdk.spending` prints both.

By the cost model's price file, without the free tier, volume discounts or taxes; data sent out to the internet comes on
top.
"""

from cdk.context import ContextValues
from cdk.prices import rate
from lambda_fn.contract import ROLLUP_MEMORY_MB, Standing

SECONDS_A_DAY = 86_400
HOURS_A_DAY = 24

# The access log line and what the function may log of one request (an error's line is the longest).
LOGGED_BYTES_A_REQUEST = 1_500

# API Gateway meters a request in steps of 512 KB; Lambda takes up to 6 MB.
METERED_PER_REQUEST = 12

ZONES = 2

# What stands there whether anybody calls or not. Accounts have 10 alarms, 3 dashboards and 1 million SQS requests free.
IDLE_POLLERS = 5  # Lambda's, on an empty queue, each asking every 20 s
POLL_S = 20
HOURS_A_MONTH = 720


def http_api_worst_day(context: ContextValues) -> float:
    """USD: the throttle's every request, and all concurrent executions busy around the clock."""
    if context.api_front in ("function-url", "load-balancer"):
        return _unthrottled_worst_day(context)
    metered = (
        rate("apigateway.rest") if context.api_front == "rest-api" else METERED_PER_REQUEST * rate("apigateway.http")
    )
    lambda_request = rate("lambda.requests", context.architecture)
    requests = context.api_rate * SECONDS_A_DAY + context.api_burst
    busiest = context.api_rate * context.api_timeout_s
    concurrency = min(busiest, context.api_concurrency) if context.api_concurrency else busiest
    gb_s_a_day = context.api_memory_mb / 1024 * SECONDS_A_DAY
    logged = LOGGED_BYTES_A_REQUEST / 1e9 * rate("logs.ingest")
    return (
        requests * (metered + lambda_request + logged)
        + concurrency * gb_s_a_day * rate("lambda.duration", context.architecture)
        + warm_environments(context) * gb_s_a_day * rate("lambda.provisioned", context.architecture)
    )


def warm_environments(context: ContextValues) -> float:
    """Mean over the day: an hour of the schedule holds until the next that it names, around midnight too."""
    schedule = sorted(context.api_provisioned_schedule.items())
    if not schedule:
        return context.api_provisioned
    ends = [hour for hour, _ in schedule[1:]] + [schedule[0][0] + 24]
    return sum((end - hour) * count for (hour, count), end in zip(schedule, ends, strict=True)) / 24


def _unthrottled_worst_day(context: ContextValues) -> float:
    """USD: no throttle stands before it, so its concurrency bounds it, at AWS's ten requests a second each.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
    """
    requests = 10 * context.api_concurrency * SECONDS_A_DAY
    gb_s_a_day = context.api_memory_mb / 1024 * SECONDS_A_DAY
    return (
        requests * rate("lambda.requests", context.architecture)
        + context.api_concurrency * gb_s_a_day * rate("lambda.duration", context.architecture)
        + warm_environments(context) * gb_s_a_day * rate("lambda.provisioned", context.architecture)
        + (HOURS_A_DAY * _balancer_hour(context) if context.api_front == "load-balancer" else 0)
    )


def _balancer_hour(context: ContextValues) -> float:
    """USD of a load balancer that carries nothing, with its public addresses."""
    addresses = 0 if context.balancer_access == "internal" else ZONES
    return rate("alb.hour") + addresses * rate("ipv4.hour")


def bulk_worst_day(context: ContextValues) -> float:
    """USD: all concurrent executions busy around the clock. What producers send comes on top: $0.40 a million."""
    gb_s_a_day = context.bulk_memory_mb / 1024 * SECONDS_A_DAY
    return context.bulk_concurrency * gb_s_a_day * rate("lambda.duration", context.architecture)


def mood_worst_day(context: ContextValues) -> float:
    """USD: every rollup runs until it is stopped. What Athena reads comes on top: $5 a TB of lines that changed."""
    if not context.mood:
        return 0.0
    seconds = SECONDS_A_DAY / (60 * context.mood_minutes) * context.rollup_timeout_s
    return seconds * ROLLUP_MEMORY_MB / 1024 * rate("lambda.duration", context.architecture)


def fargate_worst_day(context: ContextValues) -> float:
    """USD: every task that scaling may start, on demand, with its address, and the load balancer's hours."""
    if context.compute == "fargate-worker":
        return HOURS_A_DAY * context.worker_max_tasks * _task_hour(context)
    tasks = context.fargate_max_tasks + context.worker_max_tasks
    return HOURS_A_DAY * (tasks * _task_hour(context) + rate("alb.hour") + ZONES * rate("ipv4.hour"))


def _task_hour(context: ContextValues) -> float:
    return (
        context.fargate_cpu / 1024 * rate("fargate.vcpu", context.architecture)
        + context.fargate_memory_mb / 1024 * rate("fargate.memory", context.architecture)
        + rate("ipv4.hour")
    )


def lambda_sentence(context: ContextValues) -> str:
    http, bulk, mood = http_api_worst_day(context), bulk_worst_day(context), mood_worst_day(context)
    limits = f"{context.api_concurrency} at once" if context.api_concurrency else "no reserved concurrency"
    throttle = f"{context.api_rate} requests/s, " if context.api_front in ("http-api", "rest-api") else ""
    return (
        f"The worst day costs at most ${http + bulk + mood:,.2f}: HTTPS ${http:,.2f} "
        f"({throttle}{limits}), bulk ${bulk:,.2f} "
        f"({context.bulk_concurrency} at once){f', mood ${mood:,.2f}' if mood else ''}, data out not counted."
    )


def fargate_sentence(context: ContextValues) -> str:
    if context.compute == "fargate-worker":
        worst = fargate_worst_day(context)
        return f"The worst day costs at most ${worst:,.2f}: {context.worker_max_tasks} workers around the clock."
    return (
        f"The worst day costs at most ${fargate_worst_day(context):,.2f}: {context.fargate_max_tasks} API tasks and "
        f"{context.worker_max_tasks} workers around the clock, load-balancer capacity units and data out not counted."
    )


def idle_month(context: ContextValues, mode: str) -> dict[str, float]:
    """USD a month, without the free tier, of a deployed stack that nobody calls. mode: "lambda" or "fargate"."""
    costs = {
        "dashboard": Standing.DASHBOARDS * rate("cloudwatch.dashboard"),
        "alarms": Standing.ALARMS[mode] * rate("cloudwatch.alarm"),
        "API key": Standing.SECRETS[mode] * rate("secretsmanager.secret") if _has_secret(context, mode) else 0,
        "image": Standing.IMAGE_GB * rate("ecr.storage"),
    }
    hour = HOURS_A_MONTH
    if mode == "lambda":
        costs["polling the empty queue"] = IDLE_POLLERS * hour * 3600 / POLL_S * rate("sqs.requests")
        warm_gb_s = warm_environments(context) * context.api_memory_mb / 1024 * hour * 3600
        costs["environments kept warm"] = warm_gb_s * rate("lambda.provisioned", context.architecture)
        costs["load balancer"] = hour * _balancer_hour(context) if context.api_front == "load-balancer" else 0
    elif mode == "fargate":
        costs["API tasks"] = context.fargate_min_tasks * hour * _task_hour(context)
        costs["load balancer"] = hour * rate("alb.hour")
        costs["its public addresses"] = 0 if context.balancer_access == "internal" else hour * ZONES * rate("ipv4.hour")
    return {name: usd for name, usd in costs.items() if usd}


def _has_secret(context: ContextValues, mode: str) -> bool:
    return context.api_auth == "api-key" and not (mode == "lambda" and context.api_front == "rest-api")


MODES = ("lambda", "fargate", "fargate-worker")


def markdown_table() -> str:
    """What each deployment mode costs idle, with the default context."""
    modes = {mode: idle_month(ContextValues(), mode) for mode in MODES}
    rows = ["| idle, a month | Lambda | Fargate | Fargate, workers only |", "|---|---|---|---|"]
    for name in dict.fromkeys(name for costs in modes.values() for name in costs):
        cells = (f"${costs[name]:,.2f}" if name in costs else "" for costs in modes.values())
        rows.append(f"| {name} | {' | '.join(cells)} |")
    totals = (f"**${sum(costs.values()):,.2f}**" for costs in modes.values())
    return "\n".join([*rows, f"| **all** | {' | '.join(totals)} |"])


if __name__ == "__main__":
    print(markdown_table(), lambda_sentence(ContextValues()), fargate_sentence(ContextValues()), sep="\n\n")
