"""The report for other programs: JSON and CSV."""

import csv
import io
import json

from crypto_sentiment.cost.comparison import Comparison
from crypto_sentiment.cost.findings import answer, findings
from crypto_sentiment.cost.options import OPTIONS
from crypto_sentiment.cost.report.deployed_by import deployed_by
from crypto_sentiment.cost.report.sections import break_even, verdict


def as_json(comparison: Comparison) -> str:
    """`{"answer", "budget", "cheapest", "findings", "break_even", "assumptions", "bills": […]}`."""
    groups = {option.name: option.group for option in OPTIONS}
    best = comparison.cheapest_passing
    document = {
        "answer": answer(comparison),
        "budget": comparison.assumptions.budget,
        "cheapest": best.option if best else None,
        "findings": findings(comparison),
        "break_even": [{"what": what, "where": where} for what, where in break_even(comparison).rows],
        "region": comparison.inputs.prices.region,
        "assumptions": comparison.assumptions.model_dump(),
        "bills": [
            {
                "option": bill.option,
                "title": bill.title,
                "group": groups[bill.option],
                "width": width,
                "verdict": verdict(bill, comparison.assumptions.budget),
                "usd": round(bill.total, 4) if bill.lines else None,
                "parts": {part: round(value, 4) for part, value in bill.parts.items()},
                "lines": [
                    {"part": line.part, "price": line.key, "quantity": line.quantity, "usd": round(line.usd, 6)}
                    for line in bill.lines
                ],
                "deployed_by": deployed_by(comparison, bill) if bill.lines else None,
                "facts": bill.facts,
                "note": bill.note,
                "unverified_prices": bill.weak_keys() if bill.lines else [],
            }
            for width, bills in comparison.bills.items()
            for bill in bills
        ],
    }
    return json.dumps(document, indent=1)


def as_csv(comparison: Comparison) -> str:
    """One row per line of each bill: option, width, part, price row, quantity, USD."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["option", "width", "part", "price", "quantity", "usd"])
    for width, bills in comparison.bills.items():
        for bill in bills:
            for line in bill.lines:
                writer.writerow([bill.option, width, line.part, line.key, f"{line.quantity:.6g}", f"{line.usd:.6f}"])
    return out.getvalue()
