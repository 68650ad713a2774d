#!/usr/bin/env bash
# Mistakes of a queue and its function that AWS refuses or that throttle, at CDK's synth.
#
# Guess: synth fails for a visibility timeout below the function's timeout and for a timeout of 901 s, and something says
#   that ten concurrent batches do not fit a reserved concurrency of two
# Seen: synth warns of the first two, and succeeds; of the third neither CDK nor cfn-lint says anything; the flag
#   @aws-cdk/core:validateAgainstDefaultRules turns the warnings into a failure
# With: aws-cdk-lib 2.275.0, cfn-lint 1.58.0 (and Node)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aws-cdk-lib==2.275.0 cfn-lint==1.58.0
cat > app.py <<'PY'
import aws_cdk as cdk
from aws_cdk import aws_lambda, aws_lambda_event_sources, aws_sqs


def synth(case, strict=False):
    """The template of one function behind one queue, with one mistake."""
    app = cdk.App(outdir=f"out-{case}", context={"@aws-cdk/core:validateAgainstDefaultRules": strict})
    stack = cdk.Stack(app, "bulk")
    function = aws_lambda.Function(
        stack,
        "score",
        runtime=aws_lambda.Runtime.PYTHON_3_13,
        handler="app.handler",
        code=aws_lambda.Code.from_inline("handler = print"),
        timeout=cdk.Duration.seconds({"visibility": 120, "timeout": 901}.get(case, 20)),
        reserved_concurrent_executions=2 if case == "concurrency" else None,
    )
    queue = aws_sqs.Queue(stack, "comments", visibility_timeout=cdk.Duration.seconds(1800 if case == "timeout" else 30))
    function.add_event_source(aws_lambda_event_sources.SqsEventSource(queue, max_concurrency=10))
    app.synth()


for case in ("visibility", "timeout", "concurrency"):
    synth(case)
    print(f"{case}: synth succeeds", flush=True)
try:
    synth("visibility", strict=True)
except RuntimeError as e:
    print("visibility, with the flag: synth fails")
    assert "Validation failed" in str(e), e
else:
    raise SystemExit("the flag does not make synth fail")
PY
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1
venv/bin/python app.py >log 2>&1 || { tail -5 log >&2; exit 1; }
echo "aws-cdk-lib 2.275.0"
grep -aE 'synth (succeeds|fails)' log
grep -a '^WARNING' log | sort -u
grep -aq '^WARNING.*visibility timeout (30)' log || { echo "no warning of the visibility timeout now" >&2; exit 1; }
grep -aq '^WARNING.*901 exceeds' log || { echo "no warning of the timeout now" >&2; exit 1; }
! grep -ai '^WARNING.*concurren' log || { echo "CDK knows of the concurrency now" >&2; exit 1; }
venv/bin/cfn-lint --ignore-checks W -- out-concurrency/*.template.json || { echo "cfn-lint knows of the concurrency now" >&2; exit 1; }
echo "cfn-lint 1.58.0: nothing to say of the concurrency"
