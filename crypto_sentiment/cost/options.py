"""Every option that is compared, by name."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.errors import CostError, Infeasible
from crypto_sentiment.cost.fargate import fargate_api, fargate_sqs
from crypto_sentiment.cost.lambda_api import lambda_api, lambda_api_provisioned
from crypto_sentiment.cost.lambda_sqs import lambda_managed_instances, lambda_sqs
from crypto_sentiment.cost.reference import bedrock, comprehend, ec2_sqs, emr_serverless, google, sagemaker_serverless
from crypto_sentiment.cost.scenario import Scenario

# single: one request per comment, as callers of the HTTPS API send them; packed: many comments travel together;
# reference: what others sell.
GROUPS = ("single", "packed", "reference")


@dataclass(frozen=True)
class Option:
    """`price(scenario)` gives the bill. architecture: of the Lambda function, where it has one."""

    name: str
    group: str
    price: Callable[[Scenario], Bill]
    architecture: str | None = None


def _lambda_options(architecture: str) -> list[Option]:
    def api(gateway: str, batched: bool) -> Option:
        kind = "batch" if batched else "single"
        return Option(
            f"lambda-{gateway}-{kind}-{architecture}",
            "packed" if batched else "single",
            lambda scenario: lambda_api(scenario, gateway, architecture, batched),
            architecture,
        )

    return [
        *(api(gateway, False) for gateway in ("rest", "http", "alb", "url")),
        Option(
            f"lambda-http-provisioned-{architecture}",
            "single",
            lambda scenario: lambda_api_provisioned(scenario, architecture),
            architecture,
        ),
        *(api(gateway, True) for gateway in ("rest", "http", "alb", "url")),
        Option(
            f"lambda-sqs-packed-{architecture}",
            "packed",
            lambda s: lambda_sqs(s, architecture, s.assumptions.message_comments, "packed"),
            architecture,
        ),
        Option(
            f"lambda-sqs-large-{architecture}",
            "packed",
            lambda s: lambda_sqs(s, architecture, s.assumptions.largest_message_comments, "large"),
            architecture,
        ),
    ]


OPTIONS: tuple[Option, ...] = (
    *_lambda_options("x86"),
    *_lambda_options("arm64"),
    Option("lambda-managed", "packed", lambda s: lambda_managed_instances(s, s.assumptions.message_comments)),
    Option("fargate-alb-x86", "single", lambda s: fargate_api(s, "x86")),
    Option("fargate-alb-arm64", "single", lambda s: fargate_api(s, "arm64")),
    Option("fargate-alb-spot", "single", lambda s: fargate_api(s, "x86", spot=True)),
    Option("fargate-sqs-x86", "packed", lambda s: fargate_sqs(s, "x86", s.assumptions.message_comments)),
    Option("fargate-sqs-arm64", "packed", lambda s: fargate_sqs(s, "arm64", s.assumptions.message_comments)),
    Option("fargate-sqs-spot", "packed", lambda s: fargate_sqs(s, "x86", s.assumptions.message_comments, spot=True)),
    Option("ec2-sqs", "reference", lambda s: ec2_sqs(s, s.assumptions.message_comments)),
    Option("ec2-sqs-spot", "reference", lambda s: ec2_sqs(s, s.assumptions.message_comments, spot=True)),
    Option("emr-serverless", "reference", emr_serverless),
    Option("sagemaker", "reference", sagemaker_serverless),
    Option("bedrock", "reference", bedrock),
    Option("comprehend", "reference", comprehend),
    Option("google", "reference", google),
)


def option(name: str) -> Option:
    """Raises CostError for a name that is not in OPTIONS."""
    for candidate in OPTIONS:
        if candidate.name == name:
            return candidate
    raise CostError(f"unknown option '{name}'. Known: {', '.join(o.name for o in OPTIONS)}")


def price_all(scenario: Scenario, options: Iterable[Option] = OPTIONS) -> list[Bill]:
    """A bill for each option; one that cannot be built to its latency target has no lines and says why in `note`."""
    wanted = scenario.assumptions.architecture
    bills = []
    for candidate in options:
        if candidate.architecture and wanted not in ("both", candidate.architecture):
            continue
        try:
            bills.append(candidate.price(scenario))
        except Infeasible as error:
            bills.append(Bill(candidate.name, candidate.name, scenario.speed.width, scenario.prices, note=str(error)))
    return bills
