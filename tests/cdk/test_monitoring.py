import json

import pytest
from aws_cdk.assertions import Match

from tests.cdk.test_contract import dashboard_body

STACKS = ["SentimentStack", "FargateStack"]


def watched(deployment) -> list[tuple[str, float, str, list]]:
    """(metric, threshold, statistic, dimensions) of each alarm on one metric."""
    found = []
    for alarm in deployment.resources("AWS::CloudWatch::Alarm"):
        if len(alarm["Metrics"]) > 1:
            continue
        (metric,) = [m["MetricStat"] for m in alarm["Metrics"]]
        what = metric["Metric"]
        found.append((what["MetricName"], alarm["Threshold"], metric["Stat"], what["Dimensions"]))
    return found


@pytest.mark.parametrize("name", STACKS)
def test_every_alarm_rings_and_clears_on_the_topic(default, name):
    alarms = default.template(name).find_resources("AWS::CloudWatch::Alarm")
    ours = [alarm["Properties"] for id, alarm in alarms.items() if id.startswith("Monitoring")]
    assert len(ours) >= 5
    for alarm in ours:
        assert alarm["AlarmActions"] == alarm["OKActions"]
        assert "MonitoringAlarms" in alarm["AlarmActions"][0]["Ref"]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmDescription"]


def test_alarms_watch_the_dlq_the_delay_the_functions_and_the_latency(default):
    assert sorted(alarm[:3] for alarm in watched(default)) == [
        ("5xx", 0, "Sum"),
        ("ApproximateAgeOfOldestMessage", 3600, "Maximum"),
        ("ApproximateNumberOfMessagesVisible", 0, "Maximum"),
        ("Errors", 0, "Sum"),
        ("Errors", 0, "Sum"),
        ("Latency", 3000, "p99"),
        ("Throttles", 0, "Sum"),
        ("Throttles", 0, "Sum"),
    ]


@pytest.mark.parametrize("name", STACKS)
def test_an_alarm_rings_when_messages_wait_and_none_is_scored(default, name):
    (alarm,) = [
        a
        for a in default.resources("AWS::CloudWatch::Alarm", name)
        if "none was scored" in a.get("AlarmDescription", "")
    ]
    assert {m["MetricStat"]["Metric"]["MetricName"] for m in alarm["Metrics"] if "MetricStat" in m} == {
        "ApproximateNumberOfMessagesVisible",
        "NumberOfMessagesDeleted",
    }
    assert alarm["EvaluationPeriods"] == 3


def test_synth_warns_where_nobody_is_told(default, deployment):
    assert any(level == "WARNING" and "nobody is told" in text for level, text in default.messages())
    assert not any("nobody is told" in text for _, text in deployment("spot").messages("FargateStack"))


def test_the_dlq_is_the_one_that_is_watched(default):
    (dimensions,) = [alarm[3] for alarm in watched(default) if alarm[0] == "ApproximateNumberOfMessagesVisible"]
    assert "DeadLetters" in json.dumps(dimensions)


@pytest.mark.parametrize("name", STACKS)
def test_the_dashboard_shows_traffic_latency_cost_and_mood(default, name):
    (dashboard,) = default.resources("AWS::CloudWatch::Dashboard", name)
    body = json.dumps(dashboard["DashboardBody"])
    for title in ["HTTP requests", "HTTP latency", "Bulk queue", "Likeliest moods", "Cost: tokens"]:
        assert title in body
    assert f"CryptoSentiment/{name}" in body


@pytest.mark.parametrize("name", STACKS)
def test_the_dashboard_counts_three_moods_that_add_up(default, name):
    (dashboard,) = default.resources("AWS::CloudWatch::Dashboard", name)
    widgets = dashboard_body(dashboard)["widgets"]
    (moods,) = [widget["properties"] for widget in widgets if widget["properties"]["title"] == "Likeliest moods"]
    drawn = [line[0] for line in moods["metrics"] if isinstance(line[0], dict)]
    assert [line["label"] for line in drawn] == ["negative, %", "neutral, %", "positive, %"]
    counts = {"comments": 50, "errors": 10, "negative": 8, "positive": 12}
    assert [eval(line["expression"], {}, counts) for line in drawn] == [20, 50, 30]


@pytest.mark.parametrize("name", STACKS)
def test_only_this_accounts_alarms_and_budget_may_publish(default, name):
    default.template(name).has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {
            "PolicyDocument": Match.object_like(
                {
                    "Statement": Match.array_with(
                        [
                            Match.object_like(
                                {
                                    "Effect": "Allow",
                                    "Action": "sns:Publish",
                                    "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
                                    "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                                }
                            )
                        ]
                    )
                }
            )
        },
    )


def test_an_email_address_is_subscribed_if_given(default, deployment):
    assert default.resources("AWS::SNS::Subscription") == []
    told = deployment("spot")
    (subscription,) = told.resources("AWS::SNS::Subscription", "FargateStack")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.org")
