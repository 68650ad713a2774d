"""Files that travel through a bucket: a key from their content, so that two of one name are never one object."""

from typing import Any

from crypto_sentiment.bulk.sources import Submission
from crypto_sentiment.files.comment_files import CommentFile
from crypto_sentiment.files.errors import InputError
from lambda_fn.bulk.encodings import UTF8
from lambda_fn.bulk.formats import CSV, JSON_LINES
from lambda_fn.bulk.objects import bare_name
from lambda_fn.bulk.outages import Patience, client, is_outage

SUFFIXES = {JSON_LINES: ".jsonl", CSV: ".csv"}
PACKED = {"gzip": ".gz", "zstd": ".zst", "bzip2": ".bz2", "xz": ".xz"}


def check_kind(comments: CommentFile) -> None:
    """Raises InputError for what the bulk handler would have to refuse."""
    format = comments.source.format
    if format.name not in SUFFIXES or format.encoding != UTF8:
        raise InputError(
            f"{comments.path} is {format.described()}, which cannot go through a bucket: submit it without --via-bucket"
        )


def upload_key(prefix: str, submission: Submission) -> str:
    """The key that this content has under this name, whoever uploads it. Its suffix says what it is."""
    source = submission.comments.source
    suffix = SUFFIXES[source.format.name]
    name = submission.name
    if not bare_name(name).endswith((suffix, ".ndjson") if suffix == ".jsonl" else suffix):
        name += suffix + "".join(PACKED[layer] for layer in reversed(source.layers))
    return f"{prefix}{submission.sha256[:16]}/{name}"


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
