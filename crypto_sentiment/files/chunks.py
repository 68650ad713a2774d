"""Runs of records that are scored, and remembered, together. What they hold depends on the input alone."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lambda_fn.bulk.columns import Columns

# About two seconds of one core; enough for batches of one length (docs/SPEED.md).
CHUNK_RECORDS = 1024
CHUNK_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Chunk:
    """parts: records with how they are to be read; several where a source ends in the middle."""

    parts: list[tuple[Columns, list[bytes]]] = field(default_factory=list)
    records: int = 0
    size: int = 0

    def add(self, columns: Columns, record: bytes) -> None:
        if not self.parts or self.parts[-1][0] is not columns:
            self.parts.append((columns, []))
        self.parts[-1][1].append(record)
        self.records += 1
        self.size += len(record)

    def digest(self) -> str:
        """Tells this content, read in this way, from any other."""
        digest = hashlib.blake2b(digest_size=16)
        for columns, records in self.parts:
            digest.update(repr(columns).encode())
            for record in records:
                digest.update(len(record).to_bytes(8, "little"))
                digest.update(record)
        return digest.hexdigest()


def chunks(records: Iterable[tuple[Columns, bytes]], size: int = CHUNK_RECORDS) -> Iterator[Chunk]:
    """`records` in chunks of at most `size`, or of CHUNK_BYTES and the record that exceeds it."""
    chunk = Chunk()
    for columns, record in records:
        chunk.add(columns, record)
        if chunk.records >= size or chunk.size >= CHUNK_BYTES:
            yield chunk
            chunk = Chunk()
    if chunk.records:
        yield chunk
