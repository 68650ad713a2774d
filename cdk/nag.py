"""Rules of cdk-nag's AwsSolutions pack that a construct deliberately does not follow, each with its reason."""

from cdk_nag import NagPackSuppression, NagSuppressions
from constructs import IConstruct


def accept(construct: IConstruct, rule: str, reason: str, *, applies_to: list[str] | None = None) -> None:
    """Let `construct` and its children off `rule` (e.g. "AwsSolutions-S1"); of IAM findings, only `applies_to`."""
    suppression = NagPackSuppression(id=rule, reason=reason, applies_to=applies_to)
    NagSuppressions.add_resource_suppressions(construct, [suppression], apply_to_children=True)
