"""The mix of hosts that a deployment met, out of its functions' own log lines.

The bulk function says `cpu` in each line of scored comments, the HTTP function in the line of each environment's start
(lambda_fn/model/cpu.py). Lines may come as Lambda writes them, from `aws logs … --output text`, or from an export.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from crypto_sentiment.cost.errors import CostError

VNNI = "vnni"
ARM64 = frozenset({"i8mm", "dotprod"})


def vnni_share(lines: Iterable[str]) -> float:
    """Share of the work on x86 hosts with VNNI: by comments where the lines have them, else by environments started.

    A host with AVX512 and without VNNI counts as one with AVX2 only. Raises CostError where no line tells a host.
    """
    scored: Counter[str] = Counter()
    started: Counter[str] = Counter()
    for entry in _entries(lines):
        cpu = entry.get("cpu")
        if not isinstance(cpu, str) or cpu in ARM64:
            continue
        comments = entry.get("comments")
        if isinstance(comments, int) and not isinstance(comments, bool) and comments > 0:
            scored[cpu] += comments
        elif comments is None:
            started[cpu] += 1
    kinds = scored or started
    if not kinds:
        raise CostError("the log has no line with `cpu` of an x86 host, as functions of this version write")
    return kinds[VNNI] / kinds.total()


def _entries(lines: Iterable[str]) -> Iterator[dict]:
    """The JSON objects in the lines; `aws logs --output text` puts tabs between them."""
    for line in lines:
        for part in line.split("\t"):
            start = part.find("{")
            try:
                entry = json.loads(part[start:]) if start >= 0 else None
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry
