"""AWS's own worked examples, to the cent.

Lambda, its provisioned concurrency and Fargate: the "Pricing examples" of https://aws.amazon.com/lambda/pricing/ and
https://aws.amazon.com/fargate/pricing/ (US East, N. Virginia), read in November 2026. API Gateway: the examples of
https://aws.amazon.com/api-gateway/pricing/ as quoted from it in August 2026. The SQS price page has no worked example
with a total; its rule "an API action with a 256 KB payload is billed as four requests" is the case here.
"""

import pytest

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.fargate import add_tasks
from crypto_sentiment.cost.inputs import PRICES, Inputs
from crypto_sentiment.cost.lambda_api import add_invocations
from crypto_sentiment.cost.lambda_sqs import Packing, sqs_requests


def cents(usd: float) -> float:
    return round(usd + 1e-9, 2)


@pytest.fixture(scope="module")
def invoice():
    """`invoice(memory_mb, invocations, ms, free_tier)`: Lambda's own lines, by part."""

    def price(memory_mb: int, invocations: float, ms: float, free_tier: bool) -> Bill:
        table = Inputs.read(PRICES / "us-east-1.json", free_tier=free_tier)
        scenario = table.scenario(Assumptions(api_memory_mb=memory_mb))
        bill = Bill("example", "", 384, table.prices)
        add_invocations(scenario, bill, "x86", invocations, ms, scenario.api_gb, cold=False)
        return bill

    return price


def test_lambda_mobile_application_backend(invoice):
    bill = invoice(1536, 3e6, 120, free_tier=True)
    assert cents(bill.parts["compute"]) == 2.33
    assert cents(bill.parts["requests"]) == 0.40
    assert cents(bill.total) == 2.73


def test_lambda_enriching_streaming_telemetry(invoice):
    bill = invoice(1024, 7.44e6, 2000, free_tier=False)
    assert cents(bill.parts["requests"]) == 1.49
    assert cents(bill.parts["compute"]) == 248.00
    assert cents(bill.total) == 249.49


def test_lambda_bert_on_support_tickets(invoice):
    bill = invoice(4096, 6e6, 280, free_tier=True)
    assert cents(bill.parts["compute"]) == 105.33
    assert cents(bill.parts["requests"]) == 1.00
    storage = bill.prices.charge("lambda.storage", 6e6 * 0.280 * 1.5)
    assert cents(storage) == 0.08
    assert cents(bill.total + storage) == 106.41


def test_lambda_provisioned_concurrency_for_cyber_monday(inputs):
    standing = inputs.prices.charge("lambda.provisioned.x86", 7 * 4 * 86_400)
    working = inputs.prices.charge("lambda.provisioned_duration.x86", 2e6 * 0.280 * 4)
    assert (cents(standing), cents(working)) == (10.08, 21.78)
    assert cents(standing + working + inputs.prices.charge("lambda.requests.x86", 2e6)) == 32.26


def test_lambda_provisioned_concurrency_for_a_launch(inputs):
    assert cents(inputs.prices.charge("lambda.provisioned.x86", 150 * 28_800)) == 18.00
    assert cents(inputs.prices.charge("lambda.provisioned_duration.x86", 75_000)) == 0.73


@pytest.mark.parametrize(
    ("architecture", "vcpu", "memory_gb", "task_hours", "cpu_usd", "memory_usd"),
    [
        ("x86", 1, 2, 5 * 30 / 6, 1.01, 0.22),  # example 1: 5 tasks, 10 minutes a day
        ("arm64", 1, 2, 5 * 30 / 6, 0.81, 0.18),  # example 2: the same on Graviton
        ("x86", 0.25, 1, 10 * 30, 3.04, 1.33),  # example 3: 10 pods, an hour a day
    ],
)
def test_fargate(make_scenario, inputs, architecture, vcpu, memory_gb, task_hours, cpu_usd, memory_usd):
    bill = Bill("example", "", 384, inputs.prices)
    scenario = make_scenario()
    add_tasks(scenario, bill, architecture, vcpu, memory_gb, [task_hours / scenario.workload.days], spot=False)
    by_key = {line.key: line.usd for line in bill.lines}
    assert cents(by_key[f"fargate.vcpu.{architecture}"]) == cpu_usd
    # AWS multiplies its price per second, which is rounded up: it prints 0.22 (0.2223) and 3.04 (3.0359) as here
    assert cents(by_key[f"fargate.memory.{architecture}"]) == memory_usd


def test_api_gateway_five_million_calls_of_three_kilobytes(inputs):
    calls = inputs.prices.charge("apigateway.rest", 5e6)
    out = inputs.prices.charge("data.out", 3 * 5e6 / 1024 / 1024)
    assert (cents(calls), cents(out)) == (17.50, 1.29)
    assert cents(calls + out) == 18.79


def test_api_gateway_fifteen_billion_calls(inputs):
    assert cents(inputs.prices.charge("apigateway.rest", 15e9)) == cents(1165.50 + 1867.60 + 33_320.00)


def test_sqs_bills_a_request_for_each_64_kb(make_scenario):
    scenario = make_scenario(bytes_per_comment=1024, comments_per_message=256, pollers=1, batching_window_s=0)
    busy = 1e6 * 256  # enough comments that no poll comes back empty

    def requests(comments_per_message: int) -> float:
        packing = Packing(comments_per_message, busy / comments_per_message, 10)
        return sqs_requests(scenario, packing, pollers=1e-9) / packing.messages

    assert requests(64) == pytest.approx(1 + 1 + 0.1)
    assert requests(256) == pytest.approx(4 + 4 + 0.1)
    assert requests(65) == pytest.approx(2 + 2 + 0.1)
