"""The scheduled rollup, from result objects to GET /mood: real boto3 and S3 (moto's server), DuckDB for Athena."""

import hashlib
import json
import random
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from starlette.testclient import TestClient

from crypto_sentiment.mood.engine import read_rollup
from lambda_fn.bulk.outages import ONE_TRY
from lambda_fn.bulk.results import S3Results, read_lines
from lambda_fn.contract import BY_HOUR_PREFIX, MOOD_DAYS_PREFIX, MOOD_PREFIX, RESULTS_PREFIX, ROLLUP_HANDLER, MoodMetric
from lambda_fn.http.app import create_app
from lambda_fn.mood.rollup import Rollup
from lambda_fn.mood.store import day_key, hour_key
from lambda_fn.rollup import handler, hourly
from lambda_fn.rollup.athena import Athena, QueryFailed
from lambda_fn.rollup.state import KEY as STATE
from lambda_fn.settings import Settings, SettingsError
from tests.athena import DuckAthena
from tests.aws import CREDENTIALS, RESULTS_BUCKET, LocalAws
from tests.crypto_sentiment.mood.lines import MAY_12, MODEL, by_hand, line, of_rollup
from tests.rie import LambdaFunction

HOUR, DAY = 3600, 86_400
SENT = datetime(2022, 5, 14, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def server():
    with LocalAws() as aws:
        yield aws


@pytest.fixture
def aws(server, monkeypatch):
    server.empty()
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": server.endpoint}.items():
        monkeypatch.setenv(name, value)
    handler._client.cache_clear()
    yield server
    handler._client.cache_clear()


class Deployed:
    """The function with its schedule in the test's hands."""

    def __init__(self, aws: LocalAws):
        self.aws, self.athena, self.now = aws, DuckAthena(aws), time.time()

    def run(self, left_s: float = 900, **settings) -> dict:
        """One run, which waits for no outage."""
        answers = f"s3://{RESULTS_BUCKET}/athena/"
        ask = Athena(self.athena, self.aws.s3, "primary", "mood", answers, ONE_TRY, lambda: left_s, lambda s: None)
        self.athena.asked.clear()
        chosen = Settings(results_bucket=RESULTS_BUCKET, **settings)
        return handler.run(chosen, lambda: left_s, ask=ask, clock=lambda: self.now, patience=ONE_TRY)

    def send(self, lines: list[dict], partition: datetime = SENT) -> None:
        """What bulk scoring writes of these lines."""
        works: dict[str, list[dict]] = {}
        for made in lines:
            works.setdefault(made["work_id"], []).append(made)
        for work_id, mine in works.items():
            name = hashlib.sha256(work_id.encode()).hexdigest()
            S3Results(self.aws.s3, RESULTS_BUCKET, RESULTS_PREFIX).write(name, 0, partition, mine)

    def rollups(self, prefix: str = MOOD_PREFIX) -> Rollup:
        bodies = [self.aws.s3.get_object(Bucket=RESULTS_BUCKET, Key=key)["Body"] for key in self.aws.keys(prefix)]
        return Rollup.concatenate([Rollup.decode(body.read()) for body in bodies])

    def counted(self) -> dict[tuple, Counter]:
        return of_rollup(self.rollups())


@pytest.fixture
def deployed(aws) -> Deployed:
    return Deployed(aws)


def made_lines(count: int, seed: int = 1, hours: int = 5) -> list[dict]:
    draw = random.Random(seed)
    return [line(draw, seed * 1000 + work, n, hours) for work in range(-(-count // 50)) for n in range(50)][:count]


def test_results_become_one_whole_object_an_hour_as_counted_by_hand(deployed):
    lines = made_lines(600)
    deployed.send(lines)
    done = deployed.run()
    assert (done["objects"], done["lines"], done["hours"]) == (12, 600, 5)
    assert deployed.counted() == by_hand(lines)
    assert deployed.aws.keys(MOOD_PREFIX) == [hour_key(MAY_12 + h * HOUR) for h in range(5)]


def test_what_was_sent_again_under_another_partition_is_counted_once(deployed):
    lines = made_lines(600)
    deployed.send(lines)
    deployed.send(lines[200:400], SENT.replace(hour=11))
    deployed.run()
    deployed.send(lines[300:500], SENT.replace(hour=13))
    deployed.now += 6 * HOUR
    assert deployed.run()["objects"] == 4
    assert deployed.counted() == by_hand(lines)


def test_a_late_result_is_counted_and_only_its_hour_is_asked_for(deployed):
    lines, late = made_lines(500), [line(random.Random(5), 9, 0) | {"created_utc": MAY_12 + 2 * HOUR + 5}]
    deployed.send(lines)
    deployed.run()
    deployed.send(late)
    deployed.now += 6 * HOUR
    assert deployed.run()["hours"] == 1
    [asked] = deployed.athena.asked
    assert "(dt = '2022-05-12' AND hour IN ('02'))" in asked
    assert deployed.counted() == by_hand(lines + late)


def test_what_comes_to_the_partition_of_now_is_seen_at_once(deployed):
    deployed.send(made_lines(50))
    deployed.run()
    fresh = [made | {"created_utc": deployed.now - 60} for made in made_lines(100, seed=2)]
    deployed.send(fresh, datetime.fromtimestamp(deployed.now, UTC))
    deployed.now += 900
    assert deployed.run()["objects"] == 2
    assert len(by_hand(fresh).keys() - deployed.counted().keys()) == 0


def test_nothing_new_asks_for_nothing_and_writes_no_rollup(deployed):
    lines = made_lines(200)
    deployed.send(lines)
    deployed.run()
    deployed.now += 6 * HOUR
    with deployed.aws.refusing(lambda method, path: method == "PUT" and f"/{MOOD_PREFIX}" in path):
        deployed.send(lines)  # a retry: the same bytes at the same keys
        assert deployed.run() == {}
    assert deployed.athena.asked == []


@pytest.mark.parametrize("stage", [BY_HOUR_PREFIX, "rollup-state/", MOOD_PREFIX, MOOD_DAYS_PREFIX])
def test_a_run_that_fails_anywhere_is_made_good_by_the_next(stage, deployed):
    lines = made_lines(300)
    deployed.send(lines)
    with (
        deployed.aws.refusing(lambda method, path: method == "PUT" and f"{RESULTS_BUCKET}/{stage}" in path),
        pytest.raises(ClientError, match="SlowDown"),
    ):
        deployed.run()
    deployed.run()
    assert deployed.counted() == by_hand(lines)


def test_a_lost_state_costs_work_and_no_truth(deployed):
    lines = made_lines(300)
    deployed.send(lines)
    deployed.run()
    deployed.aws.s3.delete_object(Bucket=RESULTS_BUCKET, Key=STATE)
    deployed.send(made_lines(50, seed=3), SENT.replace(hour=20))
    deployed.run()
    assert deployed.counted() == by_hand(lines + made_lines(50, seed=3))


def test_a_retried_result_of_another_model_revision_does_not_count_twice(deployed):
    lines = made_lines(100)
    deployed.send(lines)
    deployed.run()
    deployed.send([made | {"model": "0123456789ab"} for made in lines])
    deployed.now += 6 * HOUR
    deployed.run()
    total = sum(made["error"] == "" and made["language"] == "en" for made in lines)
    rollup = deployed.rollups()
    assert rollup.comments[rollup.coin == ""].sum() == total


def test_days_that_are_over_are_their_hours_added_up(deployed):
    lines = [made | {"thread": None} for made in made_lines(400, hours=48)]
    deployed.send(lines)
    assert deployed.run()["days"] == 2
    assert deployed.aws.keys(MOOD_DAYS_PREFIX) == [day_key(MAY_12), day_key(MAY_12 + DAY)]
    days, hours = deployed.rollups(MOOD_DAYS_PREFIX), deployed.rollups()
    for coin in ("", "BTC", "LUNA"):
        assert (days.counts[days.coin == coin].sum(0) == hours.counts[hours.coin == coin].sum(0)).all()
    assert set(days.hour.tolist()) == {MAY_12, MAY_12 + DAY}


def test_today_has_no_object_of_its_day(deployed):
    deployed.now = MAY_12 + 5 * HOUR
    deployed.send(made_lines(100))
    assert "days" not in deployed.run()


def test_result_objects_lie_by_hour_in_few_objects_with_all_they_had(deployed):
    lines = [made | {"permalink": f"/r/{made['id']}", "written_s": "mine"} for made in made_lines(600)]
    deployed.send(lines)
    deployed.run()
    keys = deployed.aws.keys(BY_HOUR_PREFIX)
    assert len(keys) == 5 < len(deployed.aws.result_keys())
    for key in keys:
        for found in read_lines(deployed.aws.s3.get_object(Bucket=RESULTS_BUCKET, Key=key)["Body"].read()):
            hour = datetime.fromtimestamp(found["written_s"], UTC)
            assert f"{hour:dt=%Y-%m-%d/hour=%H/}" in key
            original = next(made for made in lines if made["id"] == found["id"])
            assert {**found, "written_s": "mine"} == original


def test_result_objects_are_let_go_after_a_week_and_never_before_they_were_folded(deployed):
    lines = made_lines(200)
    deployed.send(lines)
    deployed.run()
    deployed.send(made_lines(50, seed=4))
    deployed.now += 6 * HOUR
    assert "deleted" not in deployed.run()
    deployed.now += 8 * DAY  # the last look at everything was before the second lot was a week old, and after the first
    assert deployed.run()["deleted"] == 5
    assert deployed.aws.result_keys() == []
    assert deployed.counted() == by_hand(lines + made_lines(50, seed=4))


@pytest.fixture
def one_a_day(monkeypatch):
    """Days of compacting in the test's hands: it is off until it is undone."""
    with monkeypatch.context() as context:
        context.setattr(hourly.HourlyRollup, "_compact", lambda self, state, report: None)
        yield context


def test_once_a_day_the_objects_of_an_hour_become_one_and_nothing_is_lost(deployed, one_a_day):
    lines = made_lines(600)
    works = [made | {"work_id": f"{made['work_id']} {made['position'] % 4}"} for made in lines]
    parts = [[made for made in works if made["position"] % 4 == n] for n in range(4)]
    for part in [*parts, works[:100]]:  # the last again, under another partition
        deployed.send(part, datetime.fromtimestamp(deployed.now, UTC))
        deployed.run()
        deployed.now += HOUR
    before = deployed.aws.keys(BY_HOUR_PREFIX)
    assert len(before) == 25
    one_a_day.undo()
    assert deployed.run()["compacted"] == 25
    assert len(deployed.aws.keys(BY_HOUR_PREFIX)) == 5
    assert deployed.run() == {}
    kept = [
        found
        for key in deployed.aws.keys(BY_HOUR_PREFIX)
        for found in read_lines(deployed.aws.s3.get_object(Bucket=RESULTS_BUCKET, Key=key)["Body"].read())
    ]
    assert sorted((found["work_id"], found["position"]) for found in kept) == sorted(
        (made["work_id"], made["position"]) for made in works
    )
    late = [line(random.Random(5), 9, 0) | {"created_utc": MAY_12 + 5 * HOUR - 5}]
    deployed.send(late, datetime.fromtimestamp(deployed.now, UTC))
    deployed.run()
    assert deployed.counted() == by_hand(works + late)


def test_compacting_that_is_cut_off_leaves_doubles_that_count_once(deployed, one_a_day):
    lines = made_lines(200, hours=1)
    for half in (lines[:100], lines[100:]):
        deployed.send(half, datetime.fromtimestamp(deployed.now, UTC))
        deployed.run()
        deployed.now += HOUR
    one_a_day.undo()
    with (
        deployed.aws.refusing(lambda method, path: method == "POST" and path == f"/{RESULTS_BUCKET}"),
        pytest.raises(ClientError, match="SlowDown"),
    ):
        deployed.run()
    assert len(deployed.aws.keys(BY_HOUR_PREFIX)) == 3
    deployed.send([made | {"work_id": "late"} for made in lines[:1]], datetime.fromtimestamp(deployed.now, UTC))
    deployed.run()
    assert len(deployed.aws.keys(BY_HOUR_PREFIX)) == 1
    assert deployed.counted() == by_hand([*lines, lines[0] | {"work_id": "late"}])


def test_an_hour_of_today_is_not_compacted_yet(deployed):
    deployed.now = MAY_12 + 5 * HOUR
    deployed.send(made_lines(100))
    assert "compacted" not in deployed.run()
    deployed.now = MAY_12 + DAY + 5 * HOUR
    deployed.send(made_lines(100, seed=2), datetime.fromtimestamp(deployed.now, UTC))
    assert "compacted" not in deployed.run()
    deployed.now = MAY_12 + DAY + 6 * HOUR
    assert deployed.run()["compacted"] == 10


def test_results_from_before_the_rollup_was_deployed_are_folded_before_any_goes(deployed):
    lines = made_lines(300)
    deployed.send(lines)
    deployed.now += 30 * DAY
    assert "deleted" not in deployed.run()
    assert deployed.counted() == by_hand(lines)


def test_a_look_that_takes_several_runs_goes_on_where_it_was(deployed, monkeypatch):
    lines = made_lines(600)
    deployed.send(lines)
    monkeypatch.setattr(hourly, "BATCH_BYTES", 1)
    s3 = handler._client("s3")
    listing = s3.list_objects_v2
    monkeypatch.setattr(s3, "list_objects_v2", lambda **asked: listing(**asked, MaxKeys=3))
    looks = [deployed.run(left_s=200).get("objects", 0) for _ in range(9)]  # 200 s: one batch, then no more
    assert sum(looks) == 12
    assert max(looks) == 3
    assert deployed.counted() == by_hand(lines)


def test_a_comment_without_a_time_is_kept_and_counted_in_no_hour(deployed):
    timed, untimed = made_lines(100), [made | {"created_utc": "soon"} for made in made_lines(50, seed=6)]
    deployed.send(timed + untimed)
    assert deployed.run()["without_time"] == 50
    assert deployed.counted() == by_hand(timed)
    kept = f"{BY_HOUR_PREFIX}{SENT:dt=%Y-%m-%d/hour=%H/}"
    [key] = deployed.aws.keys(kept)
    assert len(list(read_lines(deployed.aws.s3.get_object(Bucket=RESULTS_BUCKET, Key=key)["Body"].read()))) == 50


@pytest.mark.parametrize("field", ["timestamp", "Created_At", "date"])
def test_a_time_of_another_name_or_form_is_the_comments_time(field, deployed):
    made = {name: value for name, value in made_lines(1)[0].items() if name != "created_utc"}
    deployed.send([made | {field: "2022-05-12T03:30:00+02:00"}])
    deployed.run()
    assert set(deployed.rollups().hour.tolist()) == {MAY_12 + HOUR}


def test_an_object_that_cannot_be_read_costs_only_itself(deployed, caplog):
    lines = made_lines(100)
    deployed.send(lines)
    name = "f" * 64
    stray = {f"{name}.jsonl.gz": b"no gzip", "_SUCCESS": b"", "notes.txt": b"hello"}
    for end, body in stray.items():
        deployed.aws.s3.put_object(Bucket=RESULTS_BUCKET, Key=f"results/dt=2022-05-14/hour=09/{end}", Body=body)
    assert deployed.run()["unreadable"] == [f"results/dt=2022-05-14/hour=09/{name}.jsonl.gz"]
    assert deployed.counted() == by_hand(lines)
    assert "no result objects inside" in caplog.text


def test_a_day_that_athena_refuses_is_said_and_tried_again_and_the_others_go_on(deployed):
    lines = made_lines(300, hours=48)
    deployed.send(lines)
    with deployed.athena.refusing("2022-05-12"), pytest.raises(QueryFailed, match="Bytes scanned limit"):
        deployed.run()
    assert {key[0] // DAY * DAY for key in deployed.counted()} == {MAY_12 + DAY}
    deployed.run()
    assert deployed.counted() == by_hand(lines)


def test_a_query_that_outlasts_the_run_is_stopped(aws):
    athena = aws.client("athena")
    stopped = []
    athena.stop_query_execution = lambda **asked: stopped.append(asked)
    athena.get_query_execution = lambda **asked: {"QueryExecution": {"Status": {"State": "RUNNING"}}}
    ask = Athena(athena, aws.s3, "primary", "mood", f"s3://{RESULTS_BUCKET}/athena/", ONE_TRY, lambda: 0.0)
    with pytest.raises(QueryFailed, match="not done in time: still RUNNING"):
        ask("SELECT 1")
    assert len(stopped) == 1


def test_the_deployed_api_answers_from_the_bucket(deployed):
    now = int(deployed.now)
    lines = [made | {"created_utc": now - 7200 - made["position"]} for made in made_lines(600)]
    deployed.send(lines)
    deployed.run()
    client = TestClient(create_app(Settings(mood_source=f"s3://{RESULTS_BUCKET}"), None))
    groups = {group["coin"]: group for group in client.get("/mood", params={"by": "coin"}).json()["groups"]}
    expected = by_hand(lines)
    for coin in ("", "BTC", "SOL"):
        cells = sum(n for key, counts in expected.items() if key[1] == coin for name, n in counts.items()
                    if name[0] == "cell")  # fmt: skip
        assert groups[coin]["comments"] == cells
    assert client.get("/mood/BTC").json()["coin"] == "BTC"


def test_a_coin_that_is_watched_has_its_net_mood_as_a_metric(deployed, capsys):
    now = int(deployed.now)
    good = {"p_negative": 0.02, "p_neutral": 0.05, "p_positive": 0.93}
    lines = [
        made | {"created_utc": now - 60, "author": f"a{n}", "link_id": f"t{n}", "error": "", "language": "en",
                "model": MODEL, **good, "coins": [{"coin": "BTC", "mood": "positive", **good}]}
        for n, made in enumerate(made_lines(200))
    ]  # fmt: skip
    deployed.send(lines, datetime.fromtimestamp(now, UTC))
    deployed.run(mood_alarm_coins=["BTC", "DOGE"], metrics_namespace="CryptoSentiment/Test")
    blobs = [json.loads(text) for text in capsys.readouterr().out.splitlines() if "_aws" in text]
    [blob] = blobs  # nobody wrote of DOGE: no number
    [directive] = blob["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("CryptoSentiment/Test", [[MoodMetric.DIMENSION]])
    assert blob[MoodMetric.DIMENSION] == "BTC"
    assert 50 < blob[MoodMetric.NAME][0] <= 100


def test_what_lies_by_hour_is_read_by_the_command_too(deployed):
    lines = made_lines(300)
    deployed.send(lines)
    deployed.send(lines[:100], SENT.replace(hour=11))
    deployed.run()
    assert of_rollup(read_rollup([f"s3://{RESULTS_BUCKET}/{BY_HOUR_PREFIX}"])) == by_hand(lines)
    assert of_rollup(read_rollup([f"s3://{RESULTS_BUCKET}/{MOOD_PREFIX}"])) == by_hand(lines)


def test_lambda_s_own_runtime_calls_it_and_a_failure_is_one(aws):
    """Where moto's Athena has no answer to read, the invocation fails: Lambda counts it, and the alarm rings."""
    variables = {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.endpoint, "RESULTS_BUCKET": RESULTS_BUCKET}
    variables |= {"MOOD_DATABASE": "mood", "MOOD_WORKGROUP": "primary"}
    event = {"source": "aws.scheduler"}
    with LambdaFunction(ROLLUP_HANDLER, variables, timeout=270, memory=1024) as function:
        quiet = function.invoke(event)
        assert not quiet.failed
        assert quiet.json() == {}
        Deployed(aws).send(made_lines(50))
        aws.s3.delete_object(Bucket=RESULTS_BUCKET, Key=STATE)  # so that the look at everything begins again
        assert function.invoke(event).failed
    assert len(aws.keys(BY_HOUR_PREFIX)) == 5
    Deployed(aws).run()
    assert Deployed(aws).counted() == by_hand(made_lines(50))


def test_without_a_bucket_or_a_workgroup_it_says_which_variable_is_missing():
    with pytest.raises(SettingsError, match="RESULTS_BUCKET is not set"):
        handler.run(Settings(results_bucket=None), lambda: 900)
    with pytest.raises(SettingsError, match="MOOD_WORKGROUP and MOOD_DATABASE are not set"):
        handler.run(Settings(results_bucket="b"), lambda: 900)
