"""Lambda fed by an SQS queue of packed messages, and the same code on Lambda Managed Instances."""

import math
from dataclasses import dataclass

from crypto_sentiment.cost.assumptions import LAMBDA_MAX_PAYLOAD_BYTES, SQS_CHUNK_BYTES
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.errors import Infeasible
from crypto_sentiment.cost.lambda_api import add_invocations
from crypto_sentiment.cost.scenario import GB, GRAVITON, Scenario

LONG_POLL_S = 20  # an SQS receive waits at most this long
DELETE_BATCH = 10  # messages in one DeleteMessageBatch
EVENT_OVERHEAD = 1.2  # a message body grows in the event: JSON inside JSON, attributes
# Three availability zones, an instance in each: AWS's own comparison speaks of a "fixed 3-instance cost".
# https://github.com/aws/agent-toolkit-for-aws, aws-lambda-managed-instances/references/cost-comparison.md
MANAGED_MINIMUM = 3
INSTANCE = "ec2.c7g.large"
INSTANCE_VCPUS = 2


@dataclass(frozen=True)
class Packing:
    """How comments travel through the queue in a month."""

    comments_per_message: float
    messages: float
    messages_per_invocation: float
    most: float = 1.0  # messages of the largest batch
    full: bool = False  # batches reach their size or the event's limit before the window closes

    @property
    def invocations(self) -> float:
        return self.messages / self.messages_per_invocation


def pack(scenario: Scenario, wanted: int, architecture: str | None = None) -> Packing:
    """`wanted` comments a message, or what arrives within `producer_wait_s` where that is fewer.

    The event source waits `batching_window_s` from a batch's first message; each poller gathers its own, and does not
    poll while its batch is scored. So of n messages in a cycle, one begins it and the rest come within the window and
    within n messages' scoring: n = 1 + rate * (window + n * scoring). architecture: of the function; None: no function.
    """
    assumptions, workload = scenario.assumptions, scenario.workload
    size = max(1.0, min(float(wanted), workload.mean_rate * assumptions.producer_wait_s))
    messages = workload.comments / size
    per_poller = messages / workload.month_seconds / assumptions.pollers
    scoring_s = message_ms(scenario, architecture, size) / 1000 if architecture else 0.0
    spare = 1 - per_poller * scoring_s
    gathered = (1 + per_poller * assumptions.batching_window_s) / spare if spare > 0 else float("inf")
    fits = max(1.0, LAMBDA_MAX_PAYLOAD_BYTES // (size * assumptions.bytes_per_comment * EVENT_OVERHEAD))
    most = min(float(assumptions.messages_per_invocation), fits)
    return Packing(size, messages, min(gathered, most), most, full=gathered >= most)


def empty_receives_a_second(pollers: float, message_rate: float, window_s: float = 0.0) -> float:
    """Long polls that end with nothing: each poller sees a share of the arrivals and gives up after 20 s.

    A poll ends at the first arrival (exponential) or at 20 s; by renewal, polls come at rate/(1 - p) of which a share
    p = exp(-20 rate) is empty. At rest that is one per poller every 20 s. A poller that gathers a batch for `window_s`
    does not poll idly meanwhile.
    """
    rate = message_rate / pollers
    if rate * LONG_POLL_S < 1e-9:
        return pollers / LONG_POLL_S
    empty = math.exp(-rate * LONG_POLL_S)
    return pollers * rate * empty / (1 - empty) / (1 + rate * window_s)


def sqs_requests(scenario: Scenario, packing: Packing, pollers: float) -> float:
    """Billed requests of a month: send, receive, delete, and the polls that bring nothing.

    A request is billed per 64 KB of payload, sent or received: https://aws.amazon.com/sqs/pricing/. An event source
    deletes batch by batch and ends a batch that is not full with an empty receive.
    """
    workload, a = scenario.workload, scenario.assumptions
    chunks = math.ceil(packing.comments_per_message * a.bytes_per_comment / SQS_CHUNK_BYTES)
    together = min(packing.messages_per_invocation, DELETE_BATCH)
    window_s = a.batching_window_s
    message_rate = packing.messages / workload.month_seconds
    empty = sum(empty_receives_a_second(pollers, message_rate * factor, window_s) for factor in workload.hourly) / 24
    unfilled = packing.invocations if window_s and not packing.full else 0.0
    return 2 * chunks * packing.messages + packing.messages / together + empty * workload.month_seconds + unfilled


def message_ms(scenario: Scenario, architecture: str, comments: float) -> float:
    """ms of one message within an invocation: its comments scored, and the wait for its PUT."""
    slow = scenario.lambda_slowdown(architecture, scenario.assumptions.bulk_memory_mb)
    return comments * scenario.batch_ms * slow + scenario.speed.s3_ms.value


def invocation_ms(scenario: Scenario, architecture: str, packing: Packing) -> float:
    """Billed ms of one invocation: score every comment, then wait for one PUT per message (rounding: half a ms).

    Raises Infeasible where a full batch outlasts the function's timeout.
    """
    slow = scenario.lambda_slowdown(architecture, scenario.assumptions.bulk_memory_mb)
    per_message = message_ms(scenario, architecture, packing.comments_per_message)
    longest_s = (scenario.speed.invoke_ms.value * slow + packing.most * per_message) / 1000
    if longest_s > scenario.assumptions.bulk_timeout_s:
        raise Infeasible(
            f"a full batch takes {longest_s:,.0f} s, and the function is stopped after "
            f"{scenario.assumptions.bulk_timeout_s} s (900 s at most)"
        )
    return scenario.speed.invoke_ms.value * slow + packing.messages_per_invocation * per_message + 0.5


def lambda_sqs(scenario: Scenario, architecture: str, comments_per_message: int, label: str) -> Bill:
    """Messages of `comments_per_message`, one result object per message (its name is the message's identity)."""
    packing = pack(scenario, comments_per_message, architecture)
    bill = scenario.bill(
        f"lambda-sqs-{label}-{architecture}",
        f"Lambda {architecture} from SQS, {packing.comments_per_message:,.0f} comments a message",
    )
    duration = invocation_ms(scenario, architecture, packing)
    add_invocations(scenario, bill, architecture, packing.invocations, duration, scenario.bulk_gb)
    _add_queue_and_results(scenario, bill, packing)
    bill.facts["billed ms per comment"] = duration / packing.messages_per_invocation / packing.comments_per_message
    return bill


def lambda_managed_instances(scenario: Scenario, comments_per_message: int) -> Bill:
    """The same function on instances that Lambda manages: EC2's price and 15 %, and the request price.

    Private subnets need endpoints or a NAT gateway for SQS; none is counted here, so this is a lower bound.
    """
    packing = pack(scenario, comments_per_message)
    bill = scenario.bill("lambda-managed", "Lambda Managed Instances (c7g.large) from SQS")
    per_comment_s = invocation_ms(scenario, GRAVITON, packing) / 1000
    per_comment_s /= packing.messages_per_invocation * packing.comments_per_message
    capacity = INSTANCE_VCPUS * scenario.assumptions.worker_utilisation
    counts = [
        max(MANAGED_MINIMUM, math.ceil(rate * per_comment_s / capacity)) for rate in scenario.workload.hourly_rates
    ]
    hours = sum(counts) * scenario.workload.days
    fee = scenario.prices.rate("lambda.managed_instances.fee")
    bill.add("compute", INSTANCE, hours)
    bill.add("compute", INSTANCE, hours, share=fee, plan=False)  # of the on-demand price, with a plan too
    bill.add("requests", "lambda.managed_instances.requests", packing.invocations)
    _add_queue_and_results(scenario, bill, packing)
    bill.facts["instances"] = hours / scenario.workload.hours_in_month
    return bill


def _add_queue_and_results(scenario: Scenario, bill: Bill, packing: Packing) -> None:
    requests = sqs_requests(scenario, packing, scenario.assumptions.pollers)
    bill.add("SQS", "sqs.requests", requests)
    scenario.add_results(bill, packing.messages)
    scenario.add_logs(bill, packing.invocations * scenario.assumptions.log_bytes / GB)
    bill.facts["messages"] = packing.messages
