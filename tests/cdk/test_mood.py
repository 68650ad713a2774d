"""`-c mood=true`: tables, a workgroup and a function on a schedule, each with no more rights than it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk.assertions import Match

from cdk.context import ContextValues, WrongContextValue
from lambda_fn.contract import ROLLUP_HANDLER
from lambda_fn.mood import queries
from lambda_fn.mood.store import day_key, hour_key
from lambda_fn.mood.tables import TABLES
from lambda_fn.rollup.folding import piece_key
from tests.cdk.conftest import Deployment

MAY_12 = 1_652_313_600


@pytest.fixture(scope="module")
def mood(tmp_path_factory) -> Deployment:
    return Deployment(tmp_path_factory.mktemp("cdk.out"), mood="true", mood_alarm_coins="BTC,ETH", stage="prod")


@pytest.fixture(scope="module")
def threshold(tmp_path_factory) -> Deployment:
    context = {"mood_alarm_coins": "LUNA", "mood_alarm": "threshold", "mood_alarm_net": "-30", "mood_minutes": "60"}
    return Deployment(tmp_path_factory.mktemp("cdk.out"), mood="true", api_concurrency="0", **context)


STACK = "SentimentStack-prod"


def statements(made: Deployment, role: str, stack: str = STACK) -> list[dict]:
    policies = [p for p in made.resources("AWS::IAM::Policy", stack) if role in json.dumps(p["Roles"])]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def text(value: object) -> str:
    """A template's value as a deployment would have it; what only a deployment knows stands as its name."""
    if isinstance(value, dict):
        if "Fn::Join" in value:
            return value["Fn::Join"][0].join(map(text, value["Fn::Join"][1]))
        return "<" + "/".join(map(text, value.values())) + ">"
    return "/".join(map(text, value)) if isinstance(value, list) else str(value)


def tables(made: Deployment) -> dict[str, dict]:
    return {t["TableInput"]["Name"]: t["TableInput"] for t in made.resources("AWS::Glue::Table", STACK)}


def test_every_table_is_there_with_its_columns_and_projected_partitions(mood):
    found = tables(mood)
    assert set(found) == set(TABLES)
    for name, table in TABLES.items():
        made = found[name]
        assert {c["Name"]: c["Type"] for c in made["StorageDescriptor"]["Columns"]} == table.columns
        assert [c["Name"] for c in made["PartitionKeys"]] == list(table.partitions)
        names = [*table.columns, *table.partitions]
        assert len(names) == len(set(names)), "a partition and a column of one name is refused by Glue"
        assert made["Parameters"]["projection.enabled"] == "true"
        projected = {key.split(".")[1] for key in made["Parameters"] if key.startswith("projection.")} - {"enabled"}
        assert projected == set(table.partitions)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("results_by_hour", piece_key(MAY_12 + 8 * 3600, "a")),
        ("mood", hour_key(MAY_12 + 8 * 3600)),
        ("mood_days", day_key(MAY_12)),
        ("results", "results/dt=2022-05-12/hour=08/a.jsonl.gz"),
    ],
)
def test_a_partition_s_place_is_where_the_objects_are_written(mood, table, key):
    made = tables(mood)[table]
    place = text(made["Parameters"]["storage.location.template"])
    for partition, value in zip(TABLES[table].partitions, ("2022-05-12", "08"), strict=False):
        place = place.replace(f"${{{partition}}}", value)
    bucket = text(made["StorageDescriptor"]["Location"]).removesuffix(TABLES[table].prefix)
    assert bucket.startswith("s3://")
    assert place == f"{bucket}{key.rpartition('/')[0]}/"


def test_a_query_is_stopped_where_it_would_read_more_than_was_said(mood):
    mood.template(STACK).has_resource_properties(
        "AWS::Athena::WorkGroup",
        {
            "Name": "SentimentStack-prod-mood",
            "WorkGroupConfiguration": Match.object_like(
                {
                    "EnforceWorkGroupConfiguration": True,
                    "BytesScannedCutoffPerQuery": 4096 * 2**20,
                    "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
                }
            ),
        },
    )
    [group] = mood.resources("AWS::Athena::WorkGroup", STACK)
    place = group["WorkGroupConfiguration"]["ResultConfiguration"]["OutputLocation"]
    assert text(place).endswith("/athena/")


def test_the_named_queries_are_those_that_the_tests_read_as_trino(mood):
    made = {q["Name"]: q for q in mood.resources("AWS::Athena::NamedQuery", STACK)}
    assert {name: q["QueryString"] for name, q in made.items()} == queries.named()
    assert {q["WorkGroup"] for q in made.values()} == {"SentimentStack-prod-mood"}
    assert {q["Database"] for q in made.values()} == {"sentimentstack_prod"}


def test_a_run_every_quarter_of_an_hour_with_few_retries(mood, threshold):
    [schedule] = mood.resources("AWS::Scheduler::Schedule", STACK)
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"
    assert schedule["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 900}
    mood.template(STACK).has_resource_properties(
        "AWS::Lambda::EventInvokeConfig", {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 900}
    )
    [slow] = threshold.resources("AWS::Scheduler::Schedule")
    assert slow["ScheduleExpression"] == "rate(1 hour)"


@pytest.mark.parametrize("minutes", [5, 10, 15, 60])
def test_a_run_has_ended_before_the_next_begins(minutes, tmp_path):
    made = Deployment(tmp_path, mood="true", mood_minutes=minutes)
    [function] = [f for f in made.resources("AWS::Lambda::Function") if is_rollup(f)]
    assert function["Timeout"] < 60 * minutes
    assert function["ReservedConcurrentExecutions"] == 1


def is_rollup(function: dict) -> bool:
    return function.get("ImageConfig", {}).get("Command") == [ROLLUP_HANDLER]


def test_an_account_that_can_reserve_nothing_can_have_it_too(threshold):
    [function] = [f for f in threshold.resources("AWS::Lambda::Function") if is_rollup(f)]
    assert "ReservedConcurrentExecutions" not in function


def test_the_function_is_told_where_things_are(mood):
    [function] = [f for f in mood.resources("AWS::Lambda::Function", STACK) if is_rollup(f)]
    variables = function["Environment"]["Variables"]
    assert variables["MOOD_DATABASE"] == "sentimentstack_prod"
    assert text(variables["MOOD_WORKGROUP"]) == "SentimentStack-prod-mood"
    assert json.loads(text(variables["MOOD_ALARM_COINS"])) == ["BTC", "ETH"]
    assert variables["METRICS_NAMESPACE"] == "CryptoSentiment/SentimentStack-prod"


def test_the_rollup_writes_below_its_prefixes_and_deletes_result_objects_only(mood):
    may = {"s3:PutObject": set(), "s3:DeleteObject": set(), "s3:GetObject": set()}
    for statement in statements(mood, "MoodFunctionRole"):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not any("*" in action for action in actions)
        places = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for action in set(actions) & may.keys():
            may[action] |= {text(place).rpartition(">/")[2] for place in places}
    own = {"results-by-hour/*", "mood/*", "mood-days/*", "rollup-state/*", "athena/*"}
    assert may["s3:PutObject"] == own
    assert may["s3:GetObject"] == {"results/*", *own}
    assert may["s3:DeleteObject"] == {"results/*", "results-by-hour/*"}


def test_the_rollup_asks_one_workgroup_and_one_table(mood):
    allowed = {action: s for s in statements(mood, "MoodFunctionRole") for action in s["Action"]}
    assert text(allowed["athena:StartQueryExecution"]["Resource"]).endswith("workgroup/SentimentStack-prod-mood")
    tables = [text(place) for place in allowed["glue:GetTable"]["Resource"] if ":table/" in text(place)]
    assert [table.rpartition(":table/")[2] for table in tables] == ["sentimentstack_prod/results_by_hour"]


def test_the_api_reads_rollups_and_the_ids_by_hour_and_nothing_else(mood):
    places = ["mood/*", "mood-days/*", "results-by-hour/*"]
    [api] = [
        f
        for f in mood.resources("AWS::Lambda::Function", STACK)
        if f.get("ImageConfig", {}).get("Command") == ["lambda_fn.api.handler"]
    ]
    assert text(api["Environment"]["Variables"]["MOOD_SOURCE"]).startswith("s3://")
    of_s3 = [s for s in statements(mood, "ApiFunctionRole") if "s3:" in str(s["Action"])]
    assert [s["Action"] for s in of_s3] == ["s3:GetObject", "s3:ListBucket"]
    assert sorted(text(place).rpartition(">/")[2] for place in of_s3[0]["Resource"]) == sorted(places)
    assert of_s3[1]["Condition"] == {"StringLikeIfExists": {"s3:prefix": places}}


def alarms(made: Deployment, stack: str) -> list[dict]:
    return [a for a in made.resources("AWS::CloudWatch::Alarm", stack) if "mood" in a["AlarmDescription"]]


def test_an_alarm_for_each_coin_that_is_named_rings_on_an_anomaly(mood):
    made = alarms(mood, STACK)
    assert len(made) == 2
    for alarm, coin in zip(made, ("BTC", "ETH"), strict=True):
        assert alarm["ComparisonOperator"] == "LessThanLowerOrGreaterThanUpperThreshold"
        [band] = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
        assert band.startswith("ANOMALY_DETECTION_BAND(")
        [metric] = [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]
        assert (metric["Namespace"], metric["MetricName"]) == ("CryptoSentiment/SentimentStack-prod", "NetMood")
        assert metric["Dimensions"] == [{"Name": "coin", "Value": coin}]
        assert alarm["AlarmActions"] == alarm["OKActions"]
        assert "MonitoringAlarms" in str(alarm["AlarmActions"])


def test_an_alarm_may_ring_below_a_net_mood_instead(threshold):
    [alarm] = alarms(threshold, "SentimentStack")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (-30, "LessThanThreshold")
    assert alarm["TreatMissingData"] == "ignore"


def test_the_rollup_s_own_errors_ring(mood):
    rung = [a for a in mood.resources("AWS::CloudWatch::Alarm", STACK) if "Rollup function" in a["AlarmDescription"]]
    assert len(rung) == 2


def test_answers_of_queries_do_not_gather(mood):
    rules = [
        rule
        for bucket in mood.resources("AWS::S3::Bucket", STACK)
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if rule.get("Prefix") == "athena/"
    ]
    assert [rule["ExpirationInDays"] for rule in rules] == [7]


@pytest.mark.parametrize("variant", ["mood", "threshold"])
def test_synth_finds_nothing_to_complain_of(variant, request):
    made = request.getfixturevalue(variant)
    [stack] = made.assembly.stacks
    assert [m for m in made.messages(stack.stack_name) if m[0] == "ERROR" or "AwsSolutions" in m[1]] == []
    for name, found in stack.template["Resources"].items():
        for rule in found.get("Metadata", {}).get("cdk_nag", {}).get("rules_to_suppress", []):
            assert len(rule["reason"]) > 30, (name, rule)
            assert rule["id"] != "AwsSolutions-IAM5" or rule["applies_to"], (name, rule)


def test_cfn_lint_finds_nothing(mood):
    [template] = mood.outdir.glob("*.template.json")
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", "W3005", "--", str(template)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_there_is_none_unless_it_is_asked_for(default):
    for kind in ("AWS::Glue::Table", "AWS::Athena::WorkGroup", "AWS::Scheduler::Schedule"):
        assert default.resources(kind) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"mood": "true", "compute": "fargate"}, "mood=true needs compute=lambda or compute=both"),
        ({"mood_alarm_coins": "BTC"}, "mood_alarm_coins needs mood=true"),
        ({"mood": "true", "mood_alarm_coins": "btc"}, "'btc' is no symbol such as BTC"),
        ({"mood_minutes": "1"}, "choose 5 to 1,440"),
    ],
)
def test_what_cannot_be_is_refused(wrong, says):
    with pytest.raises(WrongContextValue, match=says):
        ContextValues.from_context(wrong)
