"""What the same stream would cost elsewhere: EC2, EMR, SageMaker, Bedrock, Comprehend, Google Natural Language."""

import math

from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.fargate import worker_load, worker_requests
from crypto_sentiment.cost.inputs import spark_share
from crypto_sentiment.cost.lambda_sqs import INSTANCE, INSTANCE_VCPUS, pack
from crypto_sentiment.cost.scenario import GB, GRAVITON, Scenario
from crypto_sentiment.cost.workload import Lengths

COMPREHEND_UNIT, COMPREHEND_LEAST = 100, 3  # characters; units a text: https://aws.amazon.com/comprehend/pricing/
GOOGLE_UNIT = 1000  # characters: https://cloud.google.com/natural-language/pricing
CHARACTERS_PER_TOKEN = 4.04  # measured: 149.3 characters and 37.0 tokens in the mean of 253,813 crypto comments


NOVA_PROMPT_TOKENS, NOVA_ANSWER_TOKENS = 60, 5  # assumed: an instruction with the three labels, and one of them
NOVA_UNIT = 1000
EMR_GB_A_VCPU = 4
SAGEMAKER_GB = 2  # the size that comes near one vCPU


def ec2_sqs(scenario: Scenario, comments_per_message: int, spot: bool = False) -> Bill:
    """Instances that stand all month, as many as the busiest hour needs, draining the queue. Disks are not counted."""
    discount = scenario.prices.rate("ec2.spot_discount") if spot else 0.0
    name = f"EC2 c7g.large {f'Spot ({discount:.0%} off) ' if spot else ''}worker on SQS"
    bill = scenario.bill("ec2-sqs-spot" if spot else "ec2-sqs", name, "fargate-worker")
    packing = pack(scenario, comments_per_message)
    load = worker_load(scenario, GRAVITON, packing, 1.0)
    capacity = INSTANCE_VCPUS * scenario.assumptions.worker_utilisation
    instances = max(1, math.ceil(load * max(scenario.workload.hourly) / capacity))
    hours = instances * scenario.workload.hours_in_month
    bill.add("compute", INSTANCE, hours, share=1 - discount, plan=not spot)
    bill.add("IPv4", "ipv4.hour", hours)
    workers = instances * INSTANCE_VCPUS
    bill.add("SQS", "sqs.requests", worker_requests(scenario, packing, workers))
    scenario.add_results(bill, packing.messages)
    scenario.add_logs(bill, packing.messages * scenario.assumptions.log_bytes / GB)
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


def emr_serverless(scenario: Scenario) -> Bill:
    """The Spark job on EMR Serverless, a vCPU with 4 GB, busy with nothing but scoring: what history costs."""
    bill = Bill("emr-serverless", "EMR Serverless (Spark), history", scenario.speed.width, scenario.prices)
    slow = scenario.host_factor("x86")
    vcpu_hours = scenario.workload.comments * scenario.batch_ms * slow / 3.6e6 / spark_share()
    bill.add("compute", "emr_serverless.vcpu.x86", vcpu_hours)
    bill.add("compute", "emr_serverless.memory.x86", vcpu_hours * EMR_GB_A_VCPU)
    return bill


def sagemaker_serverless(scenario: Scenario) -> Bill:
    """A SageMaker serverless endpoint of 2 GB, one comment a call; data processed and cold starts are not counted."""
    bill = Bill("sagemaker", "SageMaker serverless, one comment a call", scenario.speed.width, scenario.prices)
    ms = scenario.speed.http_ms.value + scenario.speed.single_ms(scenario.workload.lengths.mean)
    seconds = scenario.workload.comments * scenario.new_share * ms * scenario.host_factor("x86") / 1000
    bill.add("service", "sagemaker.serverless", seconds * SAGEMAKER_GB)
    return bill


def bedrock(scenario: Scenario) -> Bill:
    """Amazon Nova Micro on Bedrock in batch mode: each comment with an instruction in, one label out."""
    bill = Bill("bedrock", "Bedrock, Nova Micro in batch", None, scenario.prices)
    comments = scenario.workload.comments * scenario.new_share
    tokens_in = comments * (scenario.workload.lengths.mean + NOVA_PROMPT_TOKENS)
    bill.add("service", "bedrock.nova_micro.input", tokens_in / NOVA_UNIT)
    bill.add("service", "bedrock.nova_micro.output", comments * NOVA_ANSWER_TOKENS / NOVA_UNIT)
    return bill
