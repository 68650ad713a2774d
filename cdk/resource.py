"""The CloudFormation resource behind a construct, for properties that CDK's constructs do not have."""

from typing import TypeVar

from constructs import IConstruct

Resource = TypeVar("Resource")


def resource(construct: IConstruct, kind: type[Resource]) -> Resource:
    """The default child of `construct`. Raises TypeError where CDK has made something else of it."""
    child = construct.node.default_child
    if not isinstance(child, kind):
        raise TypeError(f"{construct.node.path} is made of {type(child).__name__}, not {kind.__name__}")
    return child
