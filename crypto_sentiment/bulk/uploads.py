"""Files that travel through a bucket: a key from their content, so that two of one name are never one object."""

import io
from typing import Any

from crypto_sentiment.bulk.sources import Submission
from crypto_sentiment.files.errors import InputError
from lambda_fn.bulk.formats import HEAD_BYTES, PARQUET, Wanted, find_format
from lambda_fn.bulk.outages import Patience, client, is_outage
from lambda_fn.bulk.packing import LARGE_WINDOW, unpacked, with_head


def check_kind(submission: Submission) -> None:
    """Raises InputError for what the bulk handler, which tells by the beginning, refuses or reads another way."""
    comments = submission.comments
    source, reason = comments.source, ""
    if source.format.name == PARQUET:
        reason = "is Parquet"
    elif source.window > LARGE_WINDOW:
        reason = f"asks for a zstd window of {source.window:,} bytes"
    elif _told_by_its_beginning(submission) != source.format:
        reason = f"is {source.format.described()}, which its beginning does not tell,"
    if reason:
        raise InputError(f"{comments.path} {reason} and cannot go through a bucket: submit it without --via-bucket")


def _told_by_its_beginning(submission: Submission) -> object:
    with submission.comments.source.place.open() as raw:
        stream, _, _ = unpacked(io.BufferedReader(raw, 256 * 1024))  # type: ignore[type-var]
        head, _, whole = with_head(stream, HEAD_BYTES)
        wanted = Wanted(text_column=submission.comments.text_column)
        return find_format(head, whole, wanted, submission.name)


def upload_key(prefix: str, submission: Submission) -> str:
    """The key that this content has under this name, whoever uploads it."""
    return f"{prefix}{submission.sha256[:16]}/{submission.name}"


def put(submission: Submission, bucket: str, key: str, patience: Patience) -> dict[str, Any]:
    """Upload the file unless it is there. Returns the object's HEAD. Raises botocore's and boto3's errors."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import ClientError
    from tenacity import retry_if_exception

    s3 = client("s3")
    try:
        head = patience(s3.head_object, Bucket=bucket, Key=key)
        if head["ContentLength"] == submission.comments.size:
            return head
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") not in (403, 404):
            raise
    hidden_outage = retry_if_exception(
        lambda error: isinstance(error, Boto3Error) and error.__context__ is not None and is_outage(error.__context__)
    )
    try:
        path = submission.comments.source.place.path
        patience.retrying(hidden_outage)(s3.upload_file, str(path), bucket, key)
    except Boto3Error as error:
        raise error.__context__ or error from None
    return patience(s3.head_object, Bucket=bucket, Key=key)
