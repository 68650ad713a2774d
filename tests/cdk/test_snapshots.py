"""What is deployed, property by property: a change that nobody meant shows itself as a line.

A change that was meant: `pytest tests/cdk/test_snapshots.py --snapshot-update`, and read the difference.
"""

import json
import re

import pytest

# Between them every stack and every front.
STACKS = [
    ("default", "SentimentStack"),
    ("default", "FargateStack"),
    ("url", "SentimentStack"),
    ("rest", "SentimentStack"),
    ("balanced", "SentimentStack"),
    ("domain", "SentimentStack"),
    ("worker", "FargateStack"),
]


def written(template: dict) -> str:
    """A line for each property of each resource and for each output.

    Without what follows the image's content (its hash, and the names of versions) and cdk-nag's reasons.
    """
    lines = []
    for name, resource in sorted(template["Resources"].items()):
        lines.append(f"{name}: {resource['Type']}")
        policies = {key: resource[key] for key in ("DeletionPolicy", "UpdateReplacePolicy") if key in resource}
        for key, value in sorted((resource.get("Properties", {}) | policies).items()):
            lines.append(f"  {key}: {json.dumps(value, sort_keys=True)}")
    lines += [f"output {name}: {json.dumps(o['Value'])}" for name, o in sorted(template.get("Outputs", {}).items())]
    text = re.sub(r"\b[0-9a-f]{64}\b", "<hash>", "\n".join(lines))
    return re.sub(r"CurrentVersion[0-9A-Fa-f]{16,}", "CurrentVersion<hash>", text)


@pytest.mark.parametrize(("variant", "stack"), STACKS)
def test_the_template_is_as_it_was(deployment, snapshot, variant, stack):
    assert written(deployment(variant).stack(stack).template) == snapshot


def test_a_changed_property_is_seen(deployment):
    template = json.loads(json.dumps(deployment("worker").stack("FargateStack").template))
    before = written(template)
    (queue,) = [r for n, r in template["Resources"].items() if r["Type"] == "AWS::SQS::Queue" and "DeadLetters" in n]
    queue["Properties"]["MessageRetentionPeriod"] = 60
    changed = set(written(template).splitlines()) - set(before.splitlines())
    assert changed == {"  MessageRetentionPeriod: 60"}
