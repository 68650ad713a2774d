"""One question to the cost model: assumptions, stream, speed of one model width, prices."""

from dataclasses import dataclass

from crypto_sentiment.cost.assumptions import MB_PER_VCPU, Assumptions
from crypto_sentiment.cost.bill import Bill
from crypto_sentiment.cost.errors import Infeasible
from crypto_sentiment.cost.prices import PriceTable
from crypto_sentiment.cost.speed import Speed, cpu_speed
from crypto_sentiment.cost.workload import Workload
from lambda_fn.contract import LEAST_MEMORY_MB, Standing

GB = 1e9  # data transfer, logs and S3 are billed per 10^9 bytes or 2^30: the difference is within any estimate's error
GRAVITON = "arm64"
RESPONSE_HEADER_BYTES = 380  # of a call with many comments: the service's 260, the gateway's and the status line


@dataclass(frozen=True)
class Scenario:
    """Inputs of every option's formula."""

    assumptions: Assumptions
    workload: Workload
    speed: Speed
    prices: PriceTable

    def bill(self, option: str, title: str, deployed: str = "lambda") -> Bill:
        """An empty bill with what stands: metrics, alarms, dashboard, API key, and the image in ECR.

        deployed: the stack that runs it, a key of contract.Standing's tables.
        """
        a = self.assumptions
        bill = Bill(option, title, self.speed.width, self.prices)
        bill.add("monitoring", "cloudwatch.metric", a.metrics)
        bill.add("monitoring", "cloudwatch.alarm", Standing.ALARMS[deployed] if a.alarms is None else a.alarms)
        bill.add("monitoring", "cloudwatch.dashboard", a.dashboards)
        bill.add("API key", "secretsmanager.secret", Standing.SECRETS[deployed] if a.secrets is None else a.secrets)
        bill.add("ECR", "ecr.storage", a.image_gb)
        return bill

    def add_logs(self, bill: Bill, gigabytes: float) -> None:
        """Ingested once, kept `log_days` of the month."""
        bill.add("logs", "logs.ingest", gigabytes)
        bill.add("logs", "logs.storage", gigabytes * self.assumptions.log_days / self.workload.days)

    def add_results(self, bill: Bill, objects: float) -> None:
        """Scored comments in S3: one PUT per object; storage in the steady state, when `result_days` have gathered."""
        bill.add("S3", "s3.put", objects)
        gigabytes = self.workload.comments * self.assumptions.result_bytes / GB
        bill.add("S3", "s3.storage", gigabytes * self.assumptions.result_days / self.workload.days)

    def response_bytes(self, comments: int) -> float:
        """Of a call with so many comments, headers and all."""
        a = self.assumptions
        return a.response_bytes if comments == 1 else RESPONSE_HEADER_BYTES + comments * a.batch_response_bytes

    def host_factor(self, architecture: str) -> float:
        """Mean time of the same work, relative to the measured host: on the one kind, or on the mix of both."""
        share = self.assumptions.vnni_share
        if architecture == "x86" and share is not None:
            return share + (1 - share) * self.speed.host_factor("x86", "avx2")
        return self.speed.host_factor(architecture, self.assumptions.host)

    def lambda_slowdown(self, architecture: str, memory_mb: int) -> float:
        """Wall milliseconds on the function for one millisecond of the measured vCPU.

        Raises Infeasible where the process does not fit into `memory_mb`.
        """
        if memory_mb < LEAST_MEMORY_MB:
            raise Infeasible(f"{memory_mb} MB: the process needs {LEAST_MEMORY_MB} MB to start and score")
        return self.host_factor(architecture) / cpu_speed(memory_mb, MB_PER_VCPU)

    @property
    def api_gb(self) -> float:
        """GB of the HTTP function, as Lambda bills them (2^30 bytes)."""
        return self.assumptions.api_memory_mb / 1024

    @property
    def bulk_gb(self) -> float:
        """GB of the bulk function."""
        return self.assumptions.bulk_memory_mb / 1024

    @property
    def spot_discount(self) -> float:
        """Share off a Fargate task's price on Spot."""
        set_by_hand = self.assumptions.spot_discount
        return self.prices.rate("fargate.spot_discount") if set_by_hand is None else set_by_hand

    @property
    def new_share(self) -> float:
        """Share of comments that the model has to read: the others' scores are known."""
        return 1 - self.assumptions.duplicates

    @property
    def batch_ms(self) -> float:
        """vCPU ms of the mean arriving comment when it is scored in a batch."""
        return self.speed.batch_ms(self.workload.lengths) * self.new_share
