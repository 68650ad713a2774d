"""The answer and what a reader would not have guessed, in sentences whose figures are computed."""

from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.breakeven import (
    fargate_utilisation,
    fargate_vcpu_hour,
    graviton_factor,
    lambda_vcpu_hour,
    mean_vcpus,
)
from crypto_sentiment.cost.comparison import Comparison

FITS = {"Yes": "fits", "No": "does not fit", "With VNNI only": "fits with VNNI only"}


def answer(comparison: Comparison) -> str:
    """Does it fit the budget, and which way; on hosts with VNNI and on those with AVX2 only."""
    budget, volume = comparison.assumptions.budget, comparison.assumptions.comments_per_day
    new, old = comparison.changed(host="vnni"), comparison.changed(host="avx2")
    best = new.cheapest()
    if not best:
        return "No option can be priced with these inputs."
    slow, best_old = old.bill(best[0].option), old.cheapest()[0]
    text = f"{_fits(budget, best[0], best_old)}: {volume:,.0f} comments a day against ${budget:,.0f} a month. "
    text += f"The cheapest way is {best[0].title}: ${best[0].total:,.2f} on hosts with VNNI"
    text += f", ${slow.total:,.2f} with AVX2 only" if slow else ""
    if best_old.option != best[0].option:
        text += f", where {best_old.title} is the cheapest at ${best_old.total:,.2f}"
    text += "."
    for what, start in (("One comment a request on Lambda", "lambda"), ("On Fargate", "fargate")):
        bills = [bill for bill, *_ in new.group("single") if bill.lines and bill.option.startswith(start)]
        if bills:
            least = min(bills, key=lambda bill: bill.total)
            slow = old.bill(least.option) or least
            says = FITS[_fits(budget, least, slow)]
            text += f" {what}: {says}, ${least.total:,.2f} and ${slow.total:,.2f} ({least.title})."
    return text


def _fits(budget: float, new: Bill, old: Bill) -> str:
    """On both kinds of host, on none, or on the newer only."""
    if max(new.total, old.total) <= budget:
        return "Yes"
    return "No" if min(new.total, old.total) > budget else "With VNNI only"


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
