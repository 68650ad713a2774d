"""Lambda's execution environments: one call at a time each, reused while warm, started cold, replaced when old."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import simpy

from crypto_sentiment.simulation.ledger import Ledger

IDLE_S = 600.0  # an idle environment is kept about this long (assumed: AWS promises nothing)


@dataclass
class Environment:
    born: float
    used: float


class Pool:
    """Environments of one function. Counts requests, GB-seconds and cold starts; records how long callers wait."""

    def __init__(
        self,
        world: simpy.Environment,
        ledger: Ledger,
        architecture: str,
        memory_gb: float,
        init_s: float,
        life_s: float,
        meet_host: Callable[[], float],
    ):
        self.meet_host = meet_host
        self.world, self.ledger, self.architecture = world, ledger, architecture
        self.memory_gb, self.init_s, self.life_s = memory_gb, init_s, life_s
        self.idle: list[Environment] = []
        self.running = self.most_running = 0
        self.cold_starts = 0.0

    def prewarm(self, count: int, random: np.random.Generator) -> None:
        """Environments that an earlier, unplayed time has left, of every age."""
        for _ in range(count):
            born = self.world.now - random.uniform(0, self.life_s)
            self.idle.append(Environment(born, self.world.now))

    def invoke(self, cpu_s: float, wait_s: float = 0.0):
        """A simpy process: work of `cpu_s` on the measured host and a wait of `wait_s`, in a warm environment if there
        is one.
        """
        environment = self._take()
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        started = environment is None
        environment = environment or Environment(self.world.now, self.world.now)
        duration_s = cpu_s * self.meet_host() + wait_s  # a mix of hosts is one of the work, not of the environments
        billed_ms = np.ceil(duration_s * 1000)
        if started:
            billed_ms += np.ceil(self.init_s * 1000)
            if self.ledger.open:
                self.cold_starts += self.ledger.scale
            yield self.world.timeout(self.init_s)
        yield self.world.timeout(duration_s)
        self.running -= 1
        environment.used = self.world.now
        self.idle.append(environment)
        self.ledger.count(f"lambda.requests.{self.architecture}")
        self.ledger.count(f"lambda.duration.{self.architecture}", billed_ms / 1000 * self.memory_gb)

    def _take(self) -> Environment | None:
        """The environment used last, so that the others can age and go; None if a new one must start."""
        while self.idle:
            environment = self.idle.pop()
            if self.world.now - environment.used < IDLE_S and self.world.now - environment.born < self.life_s:
                return environment
        return None
