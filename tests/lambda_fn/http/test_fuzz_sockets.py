"""A short run of scripts/reliability/fuzz.py: any bytes on a socket, and never a fault."""

from scripts.reliability.fuzz import fuzz
from scripts.reliability.service import Service
from tests.conftest import Served

REQUESTS = 2_000


def test_any_bytes_on_a_socket_are_answered_without_a_fault(server: Served):
    counts, faults = fuzz(Service(int(server.rpartition(":")[2]), server.pid), REQUESTS, callers=4, seed=1)
    print(f"\n{dict(counts)}")
    assert faults == []
    assert sum(counts.values()) == REQUESTS
    assert counts[200] > REQUESTS / 10
    assert counts["connection closed"] < REQUESTS / 20
