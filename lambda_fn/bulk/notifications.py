"""Events of S3 and its likes, as S3 sends them and as EventBridge does: which of them are new objects to be scored."""

import re
from typing import Any
from urllib.parse import unquote_plus

from lambda_fn.bulk.work import MessageError, ObjectWork

# Events of S3 that are no new content: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
# and the names that EventBridge and other stores give them. Any other name is refused, not passed over.
CREATED = ("ObjectCreated:", "Object Created")
NOT_CREATED = (
    "ObjectRemoved:",
    "ObjectRestore:",
    "ObjectTagging:",
    "ObjectAcl:",
    "ObjectAccessed:",
    "ObjectTransition:",
    "LifecycleExpiration:",
    "LifecycleTransition",
    "IntelligentTiering",
    "ReducedRedundancyLostObject",
    "Replication:",
    "Object Deleted",
    "Object Restore ",
    "Object Storage Class Changed",
    "Object Access Tier Changed",
    "Object ACL Updated",
    "Object Tags ",
)
# Files that a job writes when it has ended, Spark's and Databricks'; some have content, none has comments.
_MARKER = re.compile(r"(?:.*/)?(?:_SUCCESS|_(?:started|committed)_\d+)")


def notified(record: object) -> list[ObjectWork]:
    match record:
        case {"eventSource": str(source), "eventName": str(name), "s3": {"bucket": {"name": str(bucket)}, **s3}} if (
            source.endswith(":s3")  # MinIO's is minio:s3
        ):
            item: Any = s3.get("object")
            key = _created(name, item)
            return _new_object(bucket, unquote_plus(key), item.get("versionId")) if key else []
    raise MessageError("message_unknown_kind", "a notification's record is not of an S3 object")


def bridged(message: dict[str, Any]) -> list[ObjectWork]:
    """EventBridge writes keys as they are, without quoting."""
    match message:
        case {"source": "aws.s3", "detail": {"bucket": {"name": str(bucket)}, **detail}}:
            item: Any = detail.get("object")
            key = _created(message["detail-type"], item)
            return _new_object(bucket, key, item.get("version-id")) if key else []
    raise MessageError("message_unknown_kind", "an event of EventBridge is not of an S3 object")


def _created(event: str, item: object) -> str | None:
    """The key of a new object; None for an event that is known to be none."""
    event = event.removeprefix("s3:")
    if event.startswith(NOT_CREATED):
        return None
    if event.startswith(CREATED):
        match item:
            case {"key": str(key)} if key:
                return key
    raise MessageError("message_unknown_kind", "a notification's event is neither a new object nor known to be none")


def _new_object(bucket: str, key: str, version_id: str | None) -> list[ObjectWork]:
    return [] if _MARKER.fullmatch(key) else [ObjectWork(bucket, key, version_id=version_id)]
