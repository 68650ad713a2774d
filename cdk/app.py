"""`cdk synth`, `deploy`, `destroy`: the stacks that the context values ask for.

Synth needs no AWS account and no Docker.
"""

import sys
from collections.abc import Mapping

import aws_cdk

from cdk.budget import MonthlyBudget
from cdk.context import ContextValues, WrongContextValue
from cdk.fargate import FargateStack
from cdk.sentiment import SentimentStack

STACKS: dict[str, list[type[SentimentStack] | type[FargateStack]]] = {
    "lambda": [SentimentStack],
    "fargate": [FargateStack],
    "fargate-worker": [FargateStack],
    "both": [SentimentStack, FargateStack],
}


def build(context: Mapping[str, object] | None = None, outdir: str | None = None) -> aws_cdk.App:
    """The app with its stacks. context: what `-c` and cdk.json would give, beside what the CLI gives.

    With compute=both each stack stands alone, with a queue, buckets and a key of its own: the two deployment modes can
    be compared, and either can be destroyed. Raises WrongContextValue.
    """
    app = aws_cdk.App(context=dict(context or {}), outdir=outdir, analytics_reporting=False)
    values = ContextValues.from_context(app.node.get_all_context())
    stacks: list[SentimentStack | FargateStack] = []
    for stack in STACKS[values.compute]:
        name = "-".join(filter(None, [stack.__name__, values.stage]))
        stacks.append(stack(app, name, values))
        for name, text in {"project": "crypto-sentiment", **values.tags}.items():
            aws_cdk.Tags.of(stacks[-1]).add(name, text)
    MonthlyBudget(stacks[0], "MonthlyBudget", values, stacks[0].monitoring.topic)  # one account, one budget
    return app


if __name__ == "__main__":
    try:
        build().synth()
    except WrongContextValue as error:
        sys.exit(str(error))
