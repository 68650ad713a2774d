"""The answer and what a reader would not have guessed, in sentences whose figures are computed."""

from crypto_sentiment.cost.breakeven import (
    fargate_utilisation,
    fargate_vcpu_hour,
    graviton_factor,
    lambda_vcpu_hour,
    mean_vcpus,
)
from crypto_sentiment.cost.comparison import Comparison


def answer(comparison: Comparison) -> str:
    """Does it fit the budget, and which way."""
    budget, volume = comparison.assumptions.budget, comparison.assumptions.comments_per_day
    best = comparison.cheapest()
    if not best:
        return "No option can be priced with these inputs."
    verdict = "Yes" if best[0].total <= budget else "No"
    text = f"{verdict}: {volume:,.0f} comments a day against ${budget:,.0f} a month. "
    text += f"The cheapest way is {best[0].title}, ${best[0].total:,.2f}."
    on_lambda = [bill for bill in comparison.cheapest(count=99) if bill.option.startswith("lambda")]
    if on_lambda and on_lambda[0] is not best[0]:
        text += f" The cheapest on Lambda is {on_lambda[0].title}, ${on_lambda[0].total:,.2f}."
    single = [bill for bill, *_ in comparison.group("single") if bill.lines]
    if single:
        least = min(single, key=lambda bill: bill.total)
        fits = "fits" if least.total <= budget else "does not fit"
        text += f" One comment per request {fits}: at best ${least.total:,.2f} ({least.title})."
    return text


def findings(comparison: Comparison) -> list[str]:
    """Three findings. One that does not apply to the inputs (an option not listed) is left out."""
    found = [_front_door(comparison), _per_vcpu(comparison), _message_size(comparison)]
    return [text for text in found if text]


def _front_door(comparison: Comparison) -> str | None:
    bill = comparison.bill("lambda-http-single-x86")
    if not bill:
        return None
    model = bill.parts["compute"]
    logs = bill.parts.get("logs", 0.0)
    return (
        f"The model is the small part. Of ${bill.total:,.0f} a month for one comment per call through an HTTP API, the "
        f"function's compute is ${model:,.0f} ({model / bill.total:.0%}); an infinitely fast model would still cost "
        f"${bill.total - model:,.0f}. The gateway takes ${bill.parts['API Gateway']:,.0f}, log lines ${logs:,.0f}, "
        f"Lambda's request price ${bill.parts['requests']:,.0f}."
    )


def _per_vcpu(comparison: Comparison) -> str | None:
    prices, own = comparison.inputs.prices, comparison.own
    alb = comparison.bill("fargate-alb-x86")
    if not alb:
        return None
    around = alb.total - alb.parts["compute"]
    graviton = own.speed.host_factors["graviton2"]
    return (
        f"The whole stream keeps {mean_vcpus(own.workload, own.batch_ms):.2f} vCPUs busy. Fargate sells one for "
        f"${fargate_vcpu_hour(prices, 'x86'):.4f} an hour against Lambda's ${lambda_vcpu_hour(prices, 'x86'):.4f}, so "
        f"it wins above {fargate_utilisation(prices, 'x86'):.0%} use; yet behind an ALB the parts around the tasks "
        f"(load balancer, addresses, data out, monitoring) come to ${around:,.0f}, and the tasks stand at "
        f"{alb.facts['utilisation']:.0%} use (two zones, a latency target). arm64 is a fifth cheaper a second "
        f"and pays only where it is less than {graviton_factor(prices):.2f} times slower "
        f"({graviton.basis} here: {graviton.value:g})."
    )


def _message_size(comparison: Comparison) -> str | None:
    packed, large = comparison.bill("lambda-sqs-packed-x86"), comparison.bill("lambda-sqs-large-x86")
    if not packed or not large:
        return None
    text = (
        f"Messages as large as SQS takes leave its bill where it was (${packed.parts['SQS']:.2f} at 64 KB, "
        f"${large.parts['SQS']:.2f} at 1 MiB: every 64 KB is billed as a request) and still save "
        f"${packed.total - large.total:,.2f}, most of it in S3 PUTs: a result object belongs to a message."
    )
    small = sum(packed.parts.get(part, 0.0) for part in ("SQS", "requests", "logs"))
    watching = packed.parts.get("monitoring", 0.0)
    if watching > small:
        text += (
            f" Metrics, alarms and a dashboard (${watching:.2f}) cost more than queue, requests and logs together "
            f"(${small:.2f})."
        )
    return text
