"""The documents of a Comprehend job: plain text, a document a line or a file, in objects of S3, from any place on."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from lambda_fn.bulk.outages import Patience
from lambda_fn.bulk.ranged import RangedObject
from lambda_fn.bulk.records import BOM
from lambda_fn.bulk.work import JobWork, ObjectWork
from lambda_fn.jobs import ONE_DOC_PER_FILE

# As for the calls that answer at once (lambda_fn/http/comprehend.py).
MAX_DOCUMENT_BYTES = 5000
_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Input:
    """An object of the input, as it was listed."""

    bucket: str
    key: str
    size: int
    etag: str

    def fields(self) -> tuple[str, str, int, str]:
        return self.bucket, self.key, self.size, self.etag


@dataclass(frozen=True, slots=True)
class Document:
    """place: where it begins. file: the object's name. line: None where the whole file is the document.

    error, reason: why it cannot be scored; empty where it may be.
    """

    place: JobWork
    file: str
    line: int | None
    text: str
    error: str = ""
    reason: str = ""


def documents(s3: Any, patience: Patience, inputs: list[Input], format: str, start: JobWork) -> Iterator[Document]:
    """The documents from `start` on, in order. Raises botocore's errors: 404 and 412 for an object that has changed."""
    for index in range(start.object, len(inputs)):
        found = inputs[index]
        file = found.key.rpartition("/")[2]
        line, offset = (start.line, start.offset) if index == start.object else (0, 0)
        work = ObjectWork(found.bucket, found.key)
        raw = RangedObject(s3, patience, work, found.etag, found.size, offset)
        stream: BinaryIO = io.BufferedReader(raw, _BUFFER_BYTES)
        if format == ONE_DOC_PER_FILE:
            content = stream.read(MAX_DOCUMENT_BYTES + len(BOM) + 1).removeprefix(BOM)
            yield document(start.at(index, 0, 0), file, None, content)
            continue
        while content := stream.readline(MAX_DOCUMENT_BYTES + len(BOM) + 2):
            place, size = start.at(index, line, offset), len(content)
            rest = content
            while not rest.endswith(b"\n") and (rest := stream.readline(_BUFFER_BYTES)):
                size += len(rest)
            text = content.removeprefix(BOM) if offset == 0 else content
            yield document(place, file, line, text.rstrip(b"\r\n"))
            line, offset = line + 1, offset + size


def document(place: JobWork, file: str, line: int | None, content: bytes) -> Document:
    """A document of these bytes, or of as many of them as were read of one that is too large."""
    if len(content) > MAX_DOCUMENT_BYTES:
        reason = f"Document size exceeds maximum size limit {MAX_DOCUMENT_BYTES} bytes."
        return Document(place, file, line, "", "DOCUMENT_SIZE_EXCEEDED", reason)
    try:
        return Document(place, file, line, content.decode())
    except UnicodeDecodeError as error:
        return Document(place, file, line, "", "RECORD_NOT_UTF8", f"byte {error.start} of the document is not UTF-8")
