"""How fast what computes is; where a mix of hosts is known, each piece of work meets one of it."""

import math

from crypto_sentiment.cost.scenario import Scenario
from crypto_sentiment.simulation.stream import Stream

MB_A_VCPU = 1769


def host_factor(scenario: Scenario, stream: Stream, architecture: str) -> float:
    """Time on one host, relative to the measured one; drawn, where the mix of hosts is known."""
    a = scenario.assumptions
    if architecture == "arm64":
        host = "graviton2"
    elif a.vnni_share is None:
        host = a.host
    else:
        host = "vnni" if stream.happens(a.vnni_share) else "avx2"
    return 1.0 if host == "vnni" else scenario.speed.host_factors[host].value


def function_slowdown(memory_mb: int) -> float:
    """Seconds on a function of that size for a second of one vCPU: a share of one, or several threads that share."""
    vcpus = memory_mb / MB_A_VCPU
    return 1 / (vcpus if vcpus <= 1 else math.floor(vcpus) ** 0.85)
