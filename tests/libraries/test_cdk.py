"""CDK's own check of a template at synth, and the flag that makes it count."""

import json

import pytest

from tests.conftest import REPOSITORY

FLAG = "@aws-cdk/core:validateAgainstDefaultRules"
OURS = json.loads((REPOSITORY / "cdk.json").read_text())["context"]


def synth(outdir, context: dict) -> None:
    """A queue that shows a message again while its function still works on it: AWS refuses this at deployment."""
    import aws_cdk
    from aws_cdk import aws_lambda, aws_lambda_event_sources, aws_sqs

    app = aws_cdk.App(outdir=str(outdir), context=context, analytics_reporting=False)
    stack = aws_cdk.Stack(app, "bulk")
    function = aws_lambda.Function(
        stack,
        "score",
        runtime=aws_lambda.Runtime.PYTHON_3_13,
        handler="app.handler",
        code=aws_lambda.Code.from_inline("handler = print"),
        timeout=aws_cdk.Duration.seconds(120),
    )
    queue = aws_sqs.Queue(stack, "comments", visibility_timeout=aws_cdk.Duration.seconds(30))
    function.add_event_source(aws_lambda_event_sources.SqsEventSource(queue))
    app.synth()


@pytest.mark.library(
    "aws-cdk-lib 2.275.0",
    guess="synth fails on a template that its own rules find wrong",
    seen="synth only warns of a visibility timeout below the function's timeout, and succeeds; the flag "
    "@aws-cdk/core:validateAgainstDefaultRules makes it fail",
    so="cdk.json sets the flag, so that a wrong combination of context values ends at synth and not at deployment",
)
def test_synth_fails_on_what_its_rules_find_wrong_with_our_flags_only(tmp_path):
    assert OURS[FLAG] is True
    synth(tmp_path / "default", {name: value for name, value in OURS.items() if name != FLAG})
    with pytest.raises(RuntimeError, match=r"Validation ?[Ff]ailed"):
        synth(tmp_path / "ours", OURS)
