"""What the same stream would cost elsewhere: plain EC2, Amazon Comprehend, Google Natural Language."""

import math

from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.fargate import worker_load
from crypto_sentiment.cost.lambda_sqs import INSTANCE, INSTANCE_VCPUS, pack, sqs_requests
from crypto_sentiment.cost.scenario import GRAVITON, Scenario
from crypto_sentiment.cost.workload import Lengths

COMPREHEND_UNIT, COMPREHEND_LEAST = 100, 3  # characters; units a text: https://aws.amazon.com/comprehend/pricing/
GOOGLE_UNIT = 1000  # characters: https://cloud.google.com/natural-language/pricing
CHARACTERS_PER_TOKEN = 4.04  # measured: 149.3 characters and 37.0 tokens in the mean of 253,813 crypto comments


def ec2_sqs(scenario: Scenario, comments_per_message: int) -> Bill:
    """Instances that stand all month, as many as the busiest hour needs, draining the queue. Disks are not counted."""
    bill = scenario.bill("ec2-sqs", "EC2 c7g.large worker on SQS")
    packing = pack(scenario, comments_per_message)
    load = worker_load(scenario, GRAVITON, packing, 1.0)
    capacity = INSTANCE_VCPUS * scenario.assumptions.worker_utilisation
    instances = max(1, math.ceil(load * max(scenario.workload.hourly) / capacity))
    hours = instances * scenario.workload.hours_in_month
    bill.add("compute", INSTANCE, hours)
    bill.add("IPv4", "ipv4.hour", hours)
    bill.add("SQS", "sqs.requests", sqs_requests(scenario, packing, instances * INSTANCE_VCPUS, event_source=False))
    scenario.add_results(bill, packing.messages)
    bill.facts |= {"instances": instances, "utilisation": load / (instances * INSTANCE_VCPUS)}
    return bill


def units_per_comment(lengths: Lengths, unit: int, least: int) -> float:
    """Mean billed units of a comment: its characters in units, rounded up, at least `least`."""
    return sum(share * max(least, math.ceil(tokens * CHARACTERS_PER_TOKEN / unit)) for tokens, share in lengths.points)


def comprehend(scenario: Scenario) -> Bill:
    """Amazon Comprehend's DetectSentiment on every comment; none of our own parts is needed."""
    bill = Bill("comprehend", "Amazon Comprehend", None, scenario.prices)
    units = units_per_comment(scenario.workload.lengths, COMPREHEND_UNIT, COMPREHEND_LEAST)
    bill.add("service", "comprehend.sentiment", scenario.workload.comments * scenario.new_share * units)
    bill.facts["units per comment"] = units
    return bill


def google(scenario: Scenario) -> Bill:
    """Google Natural Language's analyzeSentiment on every comment."""
    bill = Bill("google", "Google Natural Language", None, scenario.prices)
    units = units_per_comment(scenario.workload.lengths, GOOGLE_UNIT, 1)
    bill.add("service", "google.sentiment", scenario.workload.comments * scenario.new_share * units)
    bill.facts["units per comment"] = units
    return bill
