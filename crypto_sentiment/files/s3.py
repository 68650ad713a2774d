"""Objects in S3: found by prefix or pattern, read in ranges that insist on one content."""

import io
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from crypto_sentiment.files.errors import InputError
from lambda_fn.bulk.outages import Patience, StillAway

# A GET of this size takes well under a second, so no connection idles while comments are scored.
CHUNK_BYTES = 8 * 1024 * 1024
ATTEMPTS = 10
# An outage in the middle of an object that lasts longer is not waited out; the same command goes on from there.
OUTAGE_S = 300.0


def client() -> Any:
    """An S3 client that outlasts short outages."""
    import boto3
    from botocore.config import Config

    return boto3.client("s3", config=Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS}))


def split(url: str) -> tuple[str, str]:
    """Bucket and key (or prefix, or pattern) of s3://bucket/key. Raises InputError."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise InputError(f"{url} names no bucket: s3://BUCKET/KEY")
    return bucket, key


def listed(s3: Any, bucket: str, prefix: str) -> Iterator[dict]:
    """The objects under a prefix ({"Key", "ETag", "Size"}), in the order of their keys; those that its characters
    `*?[` match, if it holds any."""
    cut = min((at for c in "*?[" if (at := prefix.find(c)) >= 0), default=None)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix[:cut]):
        for item in page.get("Contents", []):
            if cut is None or fnmatchcase(item["Key"], prefix):
                yield item


class ObjectReader(io.RawIOBase):
    """An object's bytes, by ranged GETs with If-Match; outages are waited out. Raises InputError if it is overwritten
    meanwhile, or gone, and StillAway after `outage_s` seconds without an answer."""

    def __init__(self, s3: Any, bucket: str, key: str, etag: str, size: int, outage_s: float = OUTAGE_S):
        self._s3, self._size, self._at = s3, size, 0
        self._patience = Patience.of_seconds(outage_s)
        self._get = {"Bucket": bucket, "Key": key, "IfMatch": etag}
        self._name = f"s3://{bucket}/{key}"
        self._start, self._buffer = 0, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, target) -> int:
        if self._at >= self._size:
            return 0
        offset = self._at - self._start
        if not 0 <= offset < len(self._buffer):
            self._start, self._buffer, offset = self._at, self._fetch(self._at), 0
        count = min(len(target), len(self._buffer) - offset)
        target[:count] = self._buffer[offset : offset + count]
        self._at += count
        return count

    def _fetch(self, start: int) -> bytes:
        from botocore.exceptions import ClientError

        last = min(start + CHUNK_BYTES, self._size) - 1
        try:
            return self._patience(self._range, start, last)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status == 412:
                raise InputError(f"{self._name} was overwritten while it was read") from None
            if status == 404:
                raise InputError(f"{self._name} is gone") from None
            raise
        except OSError as error:  # botocore's time-outs are such, and so is damage to whoever unpacks this stream
            raise StillAway(error) from error

    def _range(self, first: int, last: int) -> bytes:
        """Bytes `first` to `last`. The body is a part of the call: a connection may break in its middle."""
        body: bytes = self._s3.get_object(**self._get, Range=f"bytes={first}-{last}")["Body"].read()
        return body
