"""A load balancer's bill: its hours, its capacity units, and the public addresses in two zones."""

from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.scenario import GB, Scenario

ADDRESSES = 2  # one public IPv4 per availability zone
REQUEST_HEADER_BYTES = 400
NEW_CONNECTIONS = 25  # a second, for one LCU
# GB an hour that one LCU carries, by what answers: https://aws.amazon.com/elasticloadbalancing/pricing/
TASK_GB, FUNCTION_GB = 1.0, 0.4


def add_balancer(scenario: Scenario, bill: Bill, gb_an_hour: float, comments_a_call: int = 1) -> None:
    """gb_an_hour: TASK_GB or FUNCTION_GB."""
    hours = scenario.workload.hours_in_month
    bill.add("load balancer", "alb.hour", hours)
    rates = [rate / comments_a_call for rate in scenario.workload.hourly_rates]
    lcus = sum(capacity_units(scenario, rate, gb_an_hour, comments_a_call) for rate in rates)
    bill.add("load balancer", "alb.lcu", lcus * scenario.workload.days)
    bill.add("IPv4", "ipv4.hour", ADDRESSES * hours)


def capacity_units(scenario: Scenario, rate: float, gb_an_hour: float, comments_a_call: int) -> float:
    """LCUs at a rate of calls: the largest of new connections and bytes (rules: ten are free; active connections stay
    below new ones while a connection lives under two minutes).
    """
    a = scenario.assumptions
    per_call = comments_a_call * a.bytes_per_comment + REQUEST_HEADER_BYTES + scenario.response_bytes(comments_a_call)
    connections = rate / a.requests_per_connection / NEW_CONNECTIONS
    return max(connections, rate * 3600 * per_call / GB / gb_an_hour)
