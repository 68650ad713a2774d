"""Six bills worked out by hand, step by step, with nothing of the cost model's code: does it add up the same?

    python -m scripts.hand_bill 10        # million comments a day

Reads the same files (prices, speeds, lengths, the day's shape) and the deployment's defaults, and multiplies. What a
sheet of paper would round away (cold starts, half a millisecond of rounding) is left out, so a per cent is the aim.
tests/scripts/test_hand_bill.py compares at 1, 10, 100 and 1,000 million a day.
"""

import json
import math
import sys
from pathlib import Path

from lambda_fn.contract import Default, Metric, Standing

COST = Path(__file__).resolve().parents[1] / "crypto_sentiment" / "cost"
PRICES = json.loads((COST / "prices" / "us-east-1.json").read_text())["rows"]
BENCHMARK = json.loads((COST / "data" / "benchmark.json").read_text())
BINS = json.loads((COST / "data" / "token_lengths.json").read_text())["bins"]
SHARES = json.loads((COST / "data" / "hourly_shape.json").read_text())["shares"]

DAYS = 30
SECONDS = DAYS * 86_400
COMMENT_BYTES, RESULT_BYTES, BULK_LOG_BYTES, ACCESS_LOG_BYTES = 240, 39, 1000, 200
RESPONSE_BYTES, BATCH_HEADER_BYTES, BATCH_COMMENT_BYTES = 400, 380, 37
CALL_COMMENTS = 100
POLLERS = 5
PEAK = 3.0
P99_S = 0.3


def pay(key: str, quantity: float) -> float:
    """USD, one tier after the other."""
    usd, below = 0.0, 0.0
    for tier in PRICES[key]["tiers"]:
        end = math.inf if tier["up_to"] is None else tier["up_to"]
        usd += max(0.0, min(quantity, end) - below) * tier["usd"]
        below = end
    return usd


def ms(name: str) -> float:
    """A figure of the speed file: of the narrow model, or of an invocation."""
    return {**BENCHMARK["models"]["384"], **BENCHMARK["invocation"]}[name]["value"]


TOTAL = sum(b["comments"] for b in BINS)
LENGTHS = [
    (min(b["tokens"] / b["comments"], BENCHMARK["max_tokens"]), b["comments"] / TOTAL) for b in BINS if b["comments"]
]
MEAN_TOKENS = sum(tokens * share for tokens, share in LENGTHS)
SINGLE_MS = sum(
    share * math.ceil(ms("http_ms") + ms("call_ms") + ms("single_ms_per_token") * tokens) for tokens, share in LENGTHS
)
BATCH_MS = MEAN_TOKENS * ms("batch_ms_per_token")
HOURS = [24 * share / sum(SHARES) for share in SHARES]


def standing(stack: str) -> float:
    """Metrics, alarms, dashboard, the API key, the image."""
    return (
        0.30 * len(Metric.ALL)
        + 0.10 * Standing.ALARMS[stack]
        + 3.00 * Standing.DASHBOARDS
        + 0.40 * Standing.SECRETS[stack]
        + 0.10 * Standing.IMAGE_GB
    )


def logs(gigabytes: float) -> float:
    return pay("logs.ingest", gigabytes) + pay("logs.storage", gigabytes * Default.LOG_DAYS / DAYS)


def results(comments: float, objects: float) -> float:
    kept_gb = comments * RESULT_BYTES / 1e9 * Default.RESULTS_DAYS / DAYS
    return pay("s3.put", objects) + pay("s3.storage", kept_gb)


def function(calls: float, call_ms: float, memory_mb: int) -> float:
    gb_seconds = calls * call_ms / 1000 * memory_mb / 1024
    return pay("lambda.requests.x86", calls) + pay("lambda.duration.x86", gb_seconds)


def http_single(comments: float) -> float:
    return (
        function(comments, SINGLE_MS, Default.API_MEMORY_MB)
        + pay("apigateway.http", comments)
        + logs(comments * ACCESS_LOG_BYTES / 1e9)
        + pay("data.out", comments * RESPONSE_BYTES / 1e9)
        + standing("lambda")
    )


def url_single(comments: float) -> float:
    out = pay("data.out", comments * RESPONSE_BYTES / 1e9)
    return function(comments, SINGLE_MS, Default.API_MEMORY_MB) + out + standing("lambda-url")


def rest_single(comments: float) -> float:
    """As behind the HTTP API, with another gateway's price, and keys that are the gateway's own."""
    gateways = pay("apigateway.rest", comments) - pay("apigateway.http", comments)
    return http_single(comments) - standing("lambda") + standing("lambda-rest") + gateways


def alb_single(comments: float) -> float:
    """A function's LCU carries 0.4 GB an hour where a task's carries 1."""
    a_call_gb = (COMMENT_BYTES + 400 + RESPONSE_BYTES) / 1e9
    rate = comments / SECONDS
    lcus = sum(max(rate * f / 100 / 25, rate * f * 3600 * a_call_gb / 0.4) for f in HOURS) * DAYS
    balancer = DAYS * 24 * (0.0225 + 2 * 0.005) + lcus * 0.008
    return url_single(comments) - standing("lambda-url") + standing("lambda-alb") + balancer


def http_batch(comments: float) -> float:
    calls = comments / CALL_COMMENTS
    return (
        function(calls, ms("http_ms") + CALL_COMMENTS * BATCH_MS, Default.API_MEMORY_MB)
        + pay("apigateway.http", calls)
        + logs(calls * ACCESS_LOG_BYTES / 1e9)
        + pay("data.out", calls * (BATCH_HEADER_BYTES + CALL_COMMENTS * BATCH_COMMENT_BYTES) / 1e9)
        + standing("lambda")
    )


MESSAGE_COMMENTS = 65_536 // COMMENT_BYTES


def sqs_packed(comments: float) -> float:
    """Five pollers; each has a window, then scores what it has gathered, and takes nothing meanwhile."""
    messages = comments / MESSAGE_COMMENTS
    each = messages / SECONDS / POLLERS  # messages a second and poller
    message_s = (MESSAGE_COMMENTS * BATCH_MS + ms("s3_ms")) / 1000
    batch = 1.0
    for _ in range(1000):  # the fixed point, by walking to it
        batch = min(Default.BULK_BATCH_SIZE, 1 + each * (Default.BULK_WINDOW_S + batch * message_s))
    calls = messages / batch
    idle = 0.0
    for factor in HOURS:
        waiting = math.exp(-20 * each * factor)  # a poll of 20 s sees nothing
        idle += POLLERS * each * factor * waiting / (1 - waiting) / (1 + each * factor * Default.BULK_WINDOW_S) / 24
    unfilled = calls if batch < Default.BULK_BATCH_SIZE else 0
    requests = 2 * messages + calls + unfilled + idle * SECONDS
    return (
        function(calls, ms("invoke_ms") + batch * message_s * 1000, Default.BULK_MEMORY_MB)
        + pay("sqs.requests", requests)
        + results(comments, messages)
        + logs(calls * BULK_LOG_BYTES / 1e9)
        + standing("lambda")
    )


def tasks_usd(task_hours: float, vcpu: float, gigabytes: float) -> float:
    return task_hours * (vcpu * 0.04048 + gigabytes * 0.004445 + 0.005)  # with its public address


def fargate_sqs(comments: float) -> float:
    """The cheapest task size; each hour stands with the whole tasks that keep it under 90 % use."""
    messages = comments / MESSAGE_COMMENTS
    rate = messages / SECONDS
    totals = []
    for vcpu, gigabytes in ((0.25, 0.5), (0.5, 1), (1, 2), (2, 4), (4, 8)):
        work_s = ((MESSAGE_COMMENTS * BATCH_MS + ms("invoke_ms")) / min(1, vcpu) + ms("s3_ms")) / 1000
        per_task = max(1, vcpu)
        tasks = [max(1, math.ceil(rate * factor * work_s / (0.9 * per_task))) for factor in HOURS]
        workers = sum(tasks) / 24 * per_task
        idle = 0.0
        for factor in HOURS:
            each = rate * factor / workers
            idle += workers * each * math.exp(-20 * each) / (1 - math.exp(-20 * each)) / 24
        requests = 4 * messages + idle * SECONDS  # a send, a receive, one more that is empty, a delete
        totals.append(
            tasks_usd(sum(tasks) * DAYS, vcpu, gigabytes)
            + pay("sqs.requests", requests)
            + results(comments, messages)
            + logs(messages * BULK_LOG_BYTES / 1e9)
            + standing("fargate-worker")
        )
    return min(totals)


def fargate_alb(comments: float) -> float:
    """Each hour stands with the fewest tasks (two at least) that answer 99 % within 300 ms at its bursts."""
    mean_rate = comments / SECONDS
    burst = max(1.0, PEAK / max(HOURS))
    tasks = [max(2, _servers(mean_rate * factor * burst)) for factor in HOURS]
    a_request_gb = (COMMENT_BYTES + 400 + RESPONSE_BYTES) / 1e9
    lcus = sum(max(mean_rate * f / 100 / 25, mean_rate * f * 3600 * a_request_gb) for f in HOURS) * DAYS
    return (
        tasks_usd(sum(tasks) * DAYS, 1, 2)
        + DAYS * 24 * (0.0225 + 2 * 0.005)
        + lcus * 0.008
        + pay("data.out", comments * RESPONSE_BYTES / 1e9)
        + standing("fargate")
    )


def _servers(rate: float) -> int:
    """Erlang C in logarithms, its wait stretched by the service's variation."""
    points = [((ms("http_ms") + ms("call_ms") + ms("single_ms_per_token") * n) / 1000, share) for n, share in LENGTHS]
    service = sum(s * share for s, share in points)
    spread = sum(s * s * share for s, share in points) / service**2 - 1
    load = rate * service
    count = math.floor(load) + 1
    while True:
        terms = [n * math.log(load) - math.lgamma(n + 1) for n in range(count)]
        last = count * math.log(load) - math.lgamma(count + 1) + math.log(count / (count - load))
        waits = 1 / (1 + sum(math.exp(term - last) for term in terms))
        decay = (count - load) / service / ((1 + spread) / 2)
        late = sum(share * waits * math.exp(-decay * (P99_S - s)) for s, share in points)
        if late <= 0.01:
            return count
        count += 1


BILLS = {
    "lambda-http-single-x86": http_single,
    "lambda-url-single-x86": url_single,
    "lambda-rest-single-x86": rest_single,
    "lambda-alb-single-x86": alb_single,
    "lambda-http-batch-x86": http_batch,
    "lambda-sqs-packed-x86": sqs_packed,
    "fargate-sqs-x86": fargate_sqs,
    "fargate-alb-x86": fargate_alb,
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].replace(".", "", 1).isdigit():
        sys.exit(__doc__)
    for name, bill in BILLS.items():
        print(f"{name:24} {bill(float(sys.argv[1]) * 1e6 * DAYS):12,.2f} USD a month")
