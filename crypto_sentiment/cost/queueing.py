"""How many servers keep a latency target: waiting in an M/G/c queue."""

import math

from crypto_sentiment.cost.errors import Infeasible
from crypto_sentiment.cost.workload import Lengths

Service = tuple[tuple[float, float], ...]  # (seconds, share) points of the service time

MAX_SERVERS = 1_000_000


def service_times(lengths: Lengths, fixed_s: float, per_token_s: float) -> Service:
    """Service time of one request of one comment, as a distribution."""
    return tuple((fixed_s + per_token_s * tokens, share) for tokens, share in lengths.points)


def mean(service: Service) -> float:
    """Seconds."""
    return sum(seconds * share for seconds, share in service)


def squared_variation(service: Service) -> float:
    """Variance over squared mean (0 for a constant, 1 for an exponential)."""
    first = mean(service)
    return sum(seconds**2 * share for seconds, share in service) / first**2 - 1


def erlang_c(servers: int, load: float) -> float:
    """Probability that an arrival waits in M/M/c. load: arrival rate times mean service time, in erlangs.

    By the recursion for Erlang B, which stays finite for any number of servers. Source: Cooper, Introduction to
    Queueing Theory, 2nd ed., 1981, section 3.4.
    """
    if load >= servers:
        return 1.0
    blocking = 1.0
    for server in range(1, servers + 1):
        blocking = load * blocking / (server + load * blocking)
    return blocking / (1 - load / servers * (1 - blocking))


def wait_tail(servers: int, rate: float, service: Service) -> tuple[float, float]:
    """(probability of waiting, decay a second): in M/G/c, P(wait > t) is about probability * exp(-decay * t).

    M/M/c's exponential tail, stretched by (1 + variation) / 2. Source: Allen and Cunneen's approximation (Allen,
    Probability, Statistics and Queueing Theory, 2nd ed., 1990, section 5.3); a single queue in front of all servers,
    which an ALB that routes to the least outstanding requests comes near.
    """
    service_mean = mean(service)
    load = rate * service_mean
    if load >= servers:
        return 1.0, 0.0
    stretch = (1 + squared_variation(service)) / 2
    return erlang_c(servers, load), (servers - load) / service_mean / stretch


def late_share(servers: int, rate: float, service: Service, target_s: float) -> float:
    """P(wait + service > target): the share of requests that take longer than `target_s`."""
    waiting, decay = wait_tail(servers, rate, service)
    return sum(
        share * (waiting * math.exp(-decay * (target_s - seconds)) if seconds <= target_s else 1.0)
        for seconds, share in service
    )


def servers_for(rate: float, service: Service, target_s: float, quantile: float = 0.99) -> int:
    """The fewest servers that answer `quantile` of requests within `target_s`.

    Raises Infeasible if the service time alone misses the target.
    """
    late_alone = sum(share for seconds, share in service if seconds > target_s)
    if late_alone > 1 - quantile:
        raise Infeasible(
            f"no number of servers answers {quantile:.0%} within {target_s * 1000:.0f} ms: {late_alone:.1%} of "
            "requests take longer even without waiting. Use a faster model, more vCPUs a task, or a longer target."
        )
    low = max(1, math.floor(rate * mean(service)) + 1)
    if low > MAX_SERVERS:
        raise Infeasible(f"this load needs over {MAX_SERVERS:,} servers")
    high = low
    while late_share(high, rate, service, target_s) > 1 - quantile:
        low, high = high + 1, high * 2
    while low < high:
        middle = (low + high) // 2
        if late_share(middle, rate, service, target_s) <= 1 - quantile:
            high = middle
        else:
            low = middle + 1
    return low
