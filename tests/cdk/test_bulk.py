from aws_cdk.assertions import Match


def test_the_queue_feeds_the_function_in_batches(default):
    default.template().has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {
            "BatchSize": 10,
            "MaximumBatchingWindowInSeconds": 5,
            "ScalingConfig": {"MaximumConcurrency": 5},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    )


def test_a_message_is_hidden_for_six_timeouts_and_the_window(default):
    default.template().has_resource_properties("AWS::SQS::Queue", {"VisibilityTimeout": 6 * 300 + 5})


def test_the_function_knows_where_things_are(default):
    default.template().has_resource_properties(
        "AWS::Lambda::Function",
        {
            "ImageConfig": {"Command": ["lambda_fn.bulk.handler.handler"]},
            "Timeout": 300,
            "Environment": {
                "Variables": Match.object_like(
                    {
                        "QUEUE_URL": {"Ref": Match.string_like_regexp("Queue")},
                        "RESULTS_BUCKET": {"Ref": Match.string_like_regexp("Results")},
                        "METRICS_NAMESPACE": "CryptoSentiment/SentimentStack",
                    }
                )
            },
        },
    )


def test_the_role_may_do_no_more_than_read_inputs_write_results_and_use_the_queue(default):
    (policy,) = [
        p["PolicyDocument"]["Statement"]
        for p in default.resources("AWS::IAM::Policy")
        if p["PolicyName"].startswith("BulkFunctionRole")
    ]
    allowed = {action for statement in policy for action in statement["Action"]}
    assert {action.partition(":")[0] for action in allowed} == {"logs", "s3", "sqs"}
    assert not {action for action in allowed if "Delete" in action} - {"sqs:DeleteMessage"}
    writes = next(statement for statement in policy if "s3:PutObject" in statement["Action"])
    assert {resource["Fn::Join"][1][1] for resource in writes["Resource"]} == {"/results/*", "/parts/*"}
    assert not any(statement["Resource"] == "*" for statement in policy)
