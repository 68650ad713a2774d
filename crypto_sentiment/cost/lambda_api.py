"""Lambda behind an HTTP API, a REST API, a load balancer or its own Function URL; one comment per call or many."""

import math

from crypto_sentiment.cost.assumptions import HTTP_METERED_BYTES
from crypto_sentiment.cost.balancer import FUNCTION_GB, add_balancer
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.errors import Infeasible
from crypto_sentiment.cost.scenario import GB, Scenario

GATEWAYS = {"http": "apigateway.http", "rest": "apigateway.rest"}
GATEWAY_NAMES = {"http": "HTTP API", "rest": "REST API", "url": "Function URL", "alb": "load balancer"}
# What is deployed for each, a key of contract.Standing's tables.
DEPLOYED = {"http": "lambda", "rest": "lambda-rest", "url": "lambda-url", "alb": "lambda-alb"}
GATEWAY_S = 30  # an HTTP API's limit; a REST API's is 29 s
BALANCED_BYTES = 1_000_000  # of a request that a load balancer passes to a function


def single_duration_ms(scenario: Scenario, architecture: str) -> float:
    """Mean billed ms of a call with one comment: each call is rounded up to the next ms.

    https://aws.amazon.com/lambda/pricing/: "rounded up to the nearest 1 ms".
    """
    slow = scenario.lambda_slowdown(architecture, scenario.assumptions.api_memory_mb)
    http = scenario.speed.http_ms.value * slow
    longest = http + scenario.speed.single_ms(scenario.workload.lengths.points[-1][0]) * slow
    _in_time(scenario, longest, "the longest comment")
    model = sum(
        share * math.ceil(http + scenario.speed.single_ms(tokens) * slow)
        for tokens, share in scenario.workload.lengths.points
    )
    return scenario.new_share * model + scenario.assumptions.duplicates * math.ceil(http)


def batch_duration_ms(scenario: Scenario, architecture: str) -> float:
    """Mean billed ms of a call with `comments_per_request` comments (rounding adds half a ms on average)."""
    slow = scenario.lambda_slowdown(architecture, scenario.assumptions.api_memory_mb)
    per_call = scenario.speed.http_ms.value + scenario.assumptions.comments_per_request * scenario.batch_ms
    _in_time(scenario, per_call * slow, "a mean call")
    return per_call * slow + 0.5


def _in_time(scenario: Scenario, ms: float, what: str) -> None:
    """Raises Infeasible where a call outlasts the function, or the gateway: an HTTP API answers 503 after 30 s."""
    limit_s = min(scenario.assumptions.api_timeout_s, GATEWAY_S)
    if ms > limit_s * 1000:
        raise Infeasible(f"{what} takes {ms / 1000:,.0f} s, and the function or its gateway gives up after {limit_s} s")


def environments(concurrency: float) -> float:
    """Execution environments that a mean concurrency keeps alive: the mean and two deviations of a Poisson load."""
    return concurrency + 2 * math.sqrt(concurrency) + (1 if concurrency else 0)


def cold_starts_a_day(scenario: Scenario, hourly_concurrency: list[float]) -> float:
    """Environments started: where an hour needs more than the last, and as each reaches the end of its life.

    The life (`environment_life_min`) is an assumption: AWS promises none.
    """
    alive = [environments(load) for load in hourly_concurrency]
    growth = sum(max(0.0, now - before) for before, now in zip(alive[-1:] + alive[:-1], alive, strict=True))
    replaced = sum(alive) * 60 / scenario.assumptions.environment_life_min
    return growth + replaced


def add_invocations(
    scenario: Scenario,
    bill: Bill,
    architecture: str,
    invocations: float,
    duration_ms: float,
    memory_gb: float,
    cold: bool = True,
) -> list[float]:
    """Lambda's own lines: requests, GB-seconds, billed cold starts. Returns the concurrency of each hour."""
    gb_seconds = invocations * duration_ms / 1000 * memory_gb
    bill.add("requests", f"lambda.requests.{architecture}", invocations)
    bill.add("compute", f"lambda.duration.{architecture}", gb_seconds)
    per_second = invocations / scenario.workload.month_seconds
    concurrency = [per_second * factor * duration_ms / 1000 for factor in scenario.workload.hourly]
    if cold:
        starts = cold_starts_a_day(scenario, concurrency) * scenario.workload.days
        init_s = scenario.speed.init_ms.value / 1000
        bill.add("cold starts", f"lambda.duration.{architecture}", starts * init_s * memory_gb)
        bill.facts["cold starts a day"] = starts / scenario.workload.days
    bill.facts |= {"invocations": invocations, "billed ms per invocation": duration_ms}
    bill.facts["busiest hour's concurrency"] = max(concurrency)
    return concurrency


def lambda_api(scenario: Scenario, gateway: str, architecture: str, batched: bool) -> Bill:
    """One option: `gateway` in front of the function, one comment or `comments_per_request` in each call."""
    size = scenario.assumptions.comments_per_request if batched else 1
    title = (
        f"Lambda {architecture}, {GATEWAY_NAMES[gateway]}, {f'{size} comments' if batched else 'one comment'} a call"
    )
    name = f"lambda-{gateway}-{'batch' if batched else 'single'}-{architecture}"
    if gateway == "alb" and size * scenario.assumptions.bytes_per_comment > BALANCED_BYTES:
        raise Infeasible(f"{size} comments a call are over the 1 MB that a load balancer passes to a function")
    bill = scenario.bill(name, title, DEPLOYED[gateway])
    requests = scenario.workload.comments / size
    duration = batch_duration_ms(scenario, architecture) if batched else single_duration_ms(scenario, architecture)
    add_invocations(scenario, bill, architecture, requests, duration, scenario.api_gb)
    _add_front(scenario, bill, gateway, requests, size)
    bill.facts["billed ms per comment"] = duration / size
    return bill


def lambda_api_provisioned(scenario: Scenario, architecture: str) -> Bill:
    """An HTTP API, one comment a call, on provisioned concurrency that a schedule sets each hour.

    Provisioned environments are billed while they stand, and work in them at a lower rate:
    https://aws.amazon.com/lambda/pricing/. The free tier does not apply to them.
    """
    bill = scenario.bill(
        f"lambda-http-provisioned-{architecture}", f"Lambda {architecture}, HTTP API, one comment a call, provisioned"
    )
    requests = scenario.workload.comments
    duration = single_duration_ms(scenario, architecture)
    per_second = requests / scenario.workload.month_seconds
    provisioned = [
        math.ceil(environments(per_second * factor * duration / 1000)) for factor in scenario.workload.hourly
    ]
    standing = sum(provisioned) * 3600 * scenario.workload.days * scenario.api_gb
    working = requests * duration / 1000 * scenario.api_gb
    bill.add("compute", f"lambda.provisioned.{architecture}", standing)
    bill.add("compute", f"lambda.provisioned_duration.{architecture}", working)
    bill.add("requests", f"lambda.requests.{architecture}", requests)
    _add_front(scenario, bill, "http", requests, 1)
    bill.facts |= {"billed ms per comment": duration, "provisioned in use": working / standing}
    bill.facts["busiest hour's concurrency"] = max(per_second * f * duration / 1000 for f in scenario.workload.hourly)
    bill.hourly = provisioned
    return bill


def _add_front(scenario: Scenario, bill: Bill, gateway: str, requests: float, size: int) -> None:
    """What a request costs besides Lambda: the gateway, the log lines, the bytes that leave AWS."""
    a = scenario.assumptions
    if gateway in GATEWAYS:
        metered = math.ceil(size * a.bytes_per_comment / HTTP_METERED_BYTES) if gateway == "http" else 1
        bill.add("API Gateway", GATEWAYS[gateway], requests * metered)
    if gateway == "alb":
        add_balancer(scenario, bill, FUNCTION_GB, size)
    logged = a.access_log_bytes if gateway in GATEWAYS and a.access_log in ("gateway", "both") else 0.0
    logged += a.function_log_bytes if a.access_log in ("function", "both") else 0.0
    scenario.add_logs(bill, requests * logged / GB)
    if a.callers == "internet":
        bill.add("data out", "data.out", requests * scenario.response_bytes(size) / GB)
