"""Once a day, the hours of days that are over: the few objects that each run left of an hour's lines become one.

The one is written before the few are deleted. Where that is cut off lines lie twice, which the query counts once and
the next time puts right: a line that is there already, byte for byte, is not written again.
"""

import hashlib
import zlib
from typing import Any

from lambda_fn.bulk.outages import Patience
from lambda_fn.mood.calendar import HOUR
from lambda_fn.rollup.folding import piece_key

# After the end of a day, for what comes late as a rule.
SETTLED_S = 6 * HOUR


class Compacting:
    """In this bucket."""

    def __init__(self, s3: Any, bucket: str, patience: Patience) -> None:
        self._s3, self._bucket, self._patience = s3, bucket, patience

    def hour(self, begin: int) -> int:
        """Make the objects of lines of the hour that begins at `begin` one. Returns how many there were, 0 for one.

        Raises zlib.error for an object that is damaged; nothing has been deleted then.
        """
        keys = self._keys(piece_key(begin, "").removesuffix(".jsonl.gz"))
        if len(keys) < 2:
            return 0
        name = hashlib.sha256(" ".join(keys).encode()).hexdigest()[:32]
        body = self._once(keys)
        place = {"Bucket": self._bucket, "Key": piece_key(begin, name)}
        self._patience(self._s3.put_object, Body=body, ContentType="application/gzip", **place)
        old = [{"Key": key} for key in keys]
        for start in range(0, len(old), 1000):
            some = {"Objects": old[start : start + 1000], "Quiet": True}
            self._patience(self._s3.delete_objects, Bucket=self._bucket, Delete=some)
        return len(keys)

    def _keys(self, prefix: str) -> list[str]:
        def listed() -> list[str]:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

        return self._patience(listed)

    def _once(self, keys: list[str]) -> bytes:
        """The lines of all, gzipped, each once. In memory are one object's lines at a time, and 16 bytes of each."""
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        packed: list[bytes] = []
        seen: set[bytes] = set()
        for key in keys:
            body = self._patience(lambda key=key: self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
            new = []
            for line in zlib.decompress(body, wbits=31).splitlines(keepends=True):
                digest = hashlib.blake2b(line, digest_size=16).digest()
                if digest not in seen:
                    seen.add(digest)
                    new.append(line)
            packed.append(packer.compress(b"".join(new)))
        return b"".join([*packed, packer.flush()])
