import pytest
from aws_cdk.assertions import Match

from lambda_fn.contract import Default

STACKS = ["SentimentStack", "FargateStack"]


@pytest.mark.parametrize("name", STACKS)
def test_messages_that_keep_failing_wait_two_weeks_in_the_dlq(default, name):
    template = default.template(name)
    template.has_resource_properties(
        "AWS::SQS::Queue", {"RedrivePolicy": Match.object_like({"maxReceiveCount": Default.BULK_RECEIVES})}
    )
    template.has_resource_properties("AWS::SQS::Queue", {"MessageRetentionPeriod": 14 * 86_400})


@pytest.mark.parametrize("name", STACKS)
def test_queues_and_buckets_are_encrypted_private_and_tls_only(default, name):
    assert all(queue["SqsManagedSseEnabled"] for queue in default.resources("AWS::SQS::Queue", name))
    buckets = default.resources("AWS::S3::Bucket", name)
    for bucket in buckets:
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert bucket["BucketEncryption"]
    policies = default.resources("AWS::S3::BucketPolicy", name) + default.resources("AWS::SQS::QueuePolicy", name)
    assert len(policies) == len(buckets) + 2
    for policy in policies:
        assert any(
            statement["Effect"] == "Deny"
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            and statement["Principal"] == {"AWS": "*"}
            for statement in policy["PolicyDocument"]["Statement"]
        )


def test_a_new_input_notifies_the_queue_which_lets_s3_in_first(default):
    template = default.template()
    (bucket,) = template.find_resources(
        "AWS::S3::Bucket", {"Properties": {"NotificationConfiguration": Match.any_value()}}
    ).values()
    (wanted,) = bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert wanted["Event"] == "s3:ObjectCreated:*"
    policies = template.find_resources("AWS::SQS::QueuePolicy")
    policy = next(policies[name] for name in bucket["DependsOn"] if name in policies)
    (allowed,) = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert allowed["Resource"] == wanted["Queue"]


def test_old_data_is_deleted(default):
    days = [
        {rule.get("Prefix", ""): rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"]}
        for bucket in default.resources("AWS::S3::Bucket")
    ]
    assert days == [{"": 30}, {"": 365, "parts/": 21}]


def test_buckets_outlive_the_stack_unless_asked(default, deployment):
    kept = default.template().find_resources("AWS::S3::Bucket").values()
    assert {bucket["DeletionPolicy"] for bucket in kept} == {"Retain"}
    dropped = deployment("signed").template()
    assert {b["DeletionPolicy"] for b in dropped.find_resources("AWS::S3::Bucket").values()} == {"Delete"}
    dropped.resource_count_is("Custom::S3AutoDeleteObjects", 2)


def test_messages_that_wait_outlive_the_stack_unless_asked(default, deployment):
    kept = default.template().find_resources("AWS::SQS::Queue").values()
    assert [queue["DeletionPolicy"] for queue in kept] == ["Retain", "Retain"]
    dropped = deployment("signed").template().find_resources("AWS::SQS::Queue").values()
    assert {queue["DeletionPolicy"] for queue in dropped} == {"Delete"}


def test_outputs_name_what_a_producer_needs(default):
    outputs = default.stack().template["Outputs"]
    assert {"ApiUrl", "ApiKeySecret", "QueueUrl", "DeadLetterQueueUrl", "InputBucket", "ResultsBucket"} <= set(outputs)


@pytest.mark.parametrize(
    ("name", "role"), [("SentimentStack", "BulkFunctionRole"), ("FargateStack", "WorkerTaskTaskRole")]
)
def test_whoever_scores_may_say_when_a_failed_message_comes_again(default, name, role):
    statements = [
        statement
        for policy in default.resources("AWS::IAM::Policy", name)
        if role in policy["PolicyName"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "sqs:ChangeMessageVisibility" in statement["Action"]
    ]
    assert statements, [policy["PolicyName"] for policy in default.resources("AWS::IAM::Policy", name)]
