"""The predecessor's claim of about $130 a month, rebuilt from its own figures, and what it leaves out.

Its figures: an fp32 PyTorch DistilBERT (768-wide) behind FastAPI and an ALB on Fargate; 51.1 requests/s measured with
one user and a comment of 21 words; 116 requests/s on average, 7 tasks at the peak of 348/s; about $130 a month. It
gives no arithmetic: the reconstruction below is ours. It meets the figure to the dollar with tasks for the mean.
"""

import math
from dataclasses import dataclass, replace

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.errors import Infeasible
from crypto_sentiment.cost.fargate import fargate_api
from crypto_sentiment.cost.prices import PriceTable
from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.cost.speed import Figure

REQUESTS_A_SECOND = 51.1
CLAIM_USD = 130.0
MONTH_HOURS = 730
MEAN_RATE, PEAK_RATE = 116.0, 348.0
TASK_VCPU, TASK_GB = 1.0, 2.0
LCUS = 1.0
LATENCY_MS = 1000  # fp32 cannot keep the default target on long comments


@dataclass(frozen=True)
class Step:
    """One reading of the claim: what it counts, with how many tasks, for how much."""

    what: str
    tasks: float
    usd: float


def _bill(prices: PriceTable, tasks: int, addresses: bool) -> float:
    bill = Bill("predecessor", "", 768, prices)
    hours = tasks * MONTH_HOURS
    bill.add("compute", "fargate.vcpu.x86", hours * TASK_VCPU)
    bill.add("compute", "fargate.memory.x86", hours * TASK_GB)
    bill.add("load balancer", "alb.hour", MONTH_HOURS)
    bill.add("load balancer", "alb.lcu", MONTH_HOURS * LCUS)
    if addresses:
        bill.add("IPv4", "ipv4.hour", hours + 2 * MONTH_HOURS)
    return bill.total


def reconstruct(prices: PriceTable) -> list[Step]:
    """The claim, then the same figures with its own peak, then with the addresses that are billed since 2024."""
    for_mean = math.ceil(MEAN_RATE / REQUESTS_A_SECOND)
    for_peak = math.ceil(PEAK_RATE / REQUESTS_A_SECOND)
    return [
        Step(
            "its claim: tasks for the mean rate, an ALB, one LCU, 730 hours", for_mean, _bill(prices, for_mean, False)
        ),
        Step("the same, standing ready for its own peak", for_peak, _bill(prices, for_peak, False)),
        Step("and with public IPv4 addresses (tasks and ALB)", for_peak, _bill(prices, for_peak, True)),
    ]


def with_this_model(scenario: Scenario, fp32_ms_per_token: Figure) -> Step:
    """The predecessor's service priced as `fargate-alb-x86` is: real lengths, one vCPU a task, scaled by the hour."""
    assumptions = Assumptions(**(scenario.assumptions.model_dump() | {"p99_target_ms": LATENCY_MS}))
    speed = replace(
        scenario.speed, call_ms=Figure(0.0, "assumed", ""), single_ms_per_token=fp32_ms_per_token,
        batch_ms_per_token=fp32_ms_per_token,
    )  # fmt: skip
    what = f"priced as here: real comment lengths, one vCPU a task, p99 within {LATENCY_MS} ms, all parts"
    try:
        bill = fargate_api(replace(scenario, assumptions=assumptions, speed=speed), "x86")
    except Infeasible:
        return Step(what, math.inf, math.inf)
    return Step(what, bill.facts["tasks, mean"], bill.total)
