"""What the mood on AWS costs: sums done by hand, and requests as a real run makes them of moto's server."""

import hashlib
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from crypto_sentiment.cost import mood as module
from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.inputs import PRICES, read_json
from crypto_sentiment.cost.mood import MoodBill
from crypto_sentiment.cost.prices import PriceTable
from lambda_fn.bulk.outages import ONE_TRY
from lambda_fn.bulk.results import S3Results, encode_lines
from lambda_fn.bulk.scoring import ScorableChunk, Scorer
from lambda_fn.contract import RESULTS_PREFIX
from lambda_fn.model.coins import Coins
from lambda_fn.rollup import hourly, looking
from lambda_fn.rollup.athena import Athena
from lambda_fn.rollup.folding import ResultObject, fold
from tests.athena import DuckAthena
from tests.aws import RESULTS_BUCKET, LocalAws
from tests.comments import crowd

DAY = 86_400


def bill(**more) -> MoodBill:
    return MoodBill(Assumptions(), PriceTable.from_dict(read_json(PRICES / "us-east-1.json")), **more)


def test_ten_million_comments_a_day_cost_at_most_three_dollars_without_mood_alarms():
    parts = bill().parts()
    assert parts["mood alarms"] == 0
    assert 1 < sum(parts.values()) <= 3


def test_each_part_by_hand():
    parts = list(bill().parts().values())
    objects = 10e6 / 273
    seconds = 10e6 * 50e-6 * 1769 / 1024 + objects * 0.03 / 16 + 96 * 10
    assert parts[0] == pytest.approx(30 * seconds * 0.0000166667 + 30 * 96 * 2e-7, rel=1e-3)
    hour = 10e6 * 39 / 24  # 16 MB; a quarter of it is less than the 10 MB that are billed at least
    assert parts[1] == pytest.approx(30 * 24 * (hour / 4 + hour + 10e6 + 0.75 * hour + hour) / 1e12 * 5, rel=1e-3)
    assert parts[2] == pytest.approx(30 * objects * 4e-7, rel=0.05)
    lists = 96 * 4 * 2 + 4 * 257 + 3 * 97
    puts = 96 * 2 + 2 * 120 + 2 * 97 + 25
    assert parts[3] == pytest.approx(30 * (lists + puts) * 5e-6, rel=1e-2)


def test_what_a_coin_with_an_alarm_costs():
    assert bill().alarm_price() == pytest.approx(0.60)
    assert bill(anomaly=False).alarm_price() == pytest.approx(0.40)
    assert bill(coins=3).parts()["mood alarms"] == pytest.approx(1.80)


def test_an_hourly_rollup_is_cheaper_and_a_quiet_stream_costs_a_dollar():
    assert sum(bill(minutes=60).parts().values()) < sum(bill().parts().values())
    quiet = MoodBill(Assumptions(comments_per_day=1000), bill().prices)
    assert 0.5 < sum(quiet.parts().values()) < 1.2


def test_the_bill_counts_what_is_deployed():
    assert len(looking.LAST_HOURS) == module.LOOKED_AT_HOURS
    assert module.SWEEPS_A_DAY * looking.SWEEP_S == DAY
    assert module.FETCHES_AT_ONCE == hourly.AT_ONCE


def kinds(aws: LocalAws) -> Counter:
    """Requests of S3 since the last call, as the bill names them."""
    found: Counter[str] = Counter()
    for (method, path), count in aws.requests.items():
        if path.startswith(f"/{RESULTS_BUCKET}"):
            found["LIST" if method == "GET" and path.count("/") == 1 else method] += count
    aws.requests.clear()
    return found


def test_a_run_asks_s3_as_often_as_the_bill_says():
    """The second of two runs in one hour, which sees 12 new objects; what Athena does itself is not in it."""
    now = time.time() // 3600 * 3600 + 1800
    with LocalAws() as aws:
        athena = DuckAthena(aws)
        ask = Athena(athena, aws.s3, "primary", "mood", f"s3://{RESULTS_BUCKET}/athena/", ONE_TRY, lambda: 900)
        run = hourly.HourlyRollup(
            aws.s3, RESULTS_BUCKET, ask, patience=ONE_TRY, loose_days=7, left_s=lambda: 900, clock=lambda: now
        )
        line = {"created_utc": now, "p_negative": 0.2, "p_positive": 0.3, "coins": [], "error": "", "model": "m"}
        answering = athena.answer
        own: Counter[str] = Counter()

        def answer(sql):
            before = kinds(aws)
            body = answering(sql)
            kinds(aws)  # of the harness: it reads the tables for DuckDB
            own.update(before)
            return body

        athena.answer = answer
        for lot in ("first", "second"):
            for n in range(12):
                work = hashlib.sha256(f"{lot} {n}".encode()).hexdigest()
                partition = datetime.fromtimestamp(now, UTC) - timedelta(seconds=60)
                S3Results(aws.s3, RESULTS_BUCKET, RESULTS_PREFIX).write(
                    work, 0, partition, [line | {"work_id": work, "position": 0}]
                )
            kinds(aws)
            own.clear()
            run.run()
        own.update(kinds(aws))
    assert own["LIST"] == module.LOOKED_AT_HOURS
    assert own["GET"] == 12 + 2  # a state, an answer
    assert (
        own["PUT"] == 2 + 2 + 1
    )  # states; the hour's lines and its rollup; the answer (what describes it is Athena's)
    assert "DELETE" not in own


def test_lines_by_hour_take_no_more_bytes_than_in_result_objects(classifier):
    scorer = Scorer(classifier, 40_000, read=Coins.load().reader(classifier))
    objects = []
    for n in range(6):
        records = [
            (i, {**comment, "subreddit": "Bitcoin", "created_utc": 1767323045 + 3 * n})
            for i, comment in enumerate(crowd(273, distinct=True))
        ]
        chunk = ScorableChunk(hashlib.sha256(b"%d" % n).hexdigest(), 0, records)
        body = encode_lines(scorer.score([chunk])[0])
        key = f"{RESULTS_PREFIX}dt=2026-01-02/hour=03/{chunk.work_id}.jsonl.gz"
        objects.append((ResultObject(key, "e", 0.0, len(body)), body))
    by_hour = sum(len(body) for _, body in fold(objects, time.time()).pieces())
    assert by_hour <= sum(len(body) for _, body in objects)


def test_the_command_prints_the_sum_and_the_alarms_price():
    import typer

    app = typer.Typer()
    app.command()(module.main)
    said = CliRunner().invoke(app, ["--coins", "2", "--threshold"])
    assert said.exit_code == 0
    assert f"| **the mood on AWS** | **{sum(bill().parts().values()):.2f}** |" in said.stdout
    assert "| mood alarms of 2 coins | 0.80 |" in said.stdout
