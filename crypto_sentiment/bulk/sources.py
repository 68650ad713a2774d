"""What is submitted, known by its content: a file, or standard input kept in a temporary file while it is sent."""

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from crypto_sentiment.files.comment_files import STANDARD_INPUT, CommentFile
from crypto_sentiment.files.errors import InputError
from crypto_sentiment.files.places import RECEIPT
from crypto_sentiment.files.source import Asked

# What a receipt keeps of how a file was said to be read, so that `collect` reads it alike.
READ_AS = ("format", "encoding", "delimiter")
_PIECE = 1024 * 1024


@dataclass
class Submission:
    """comments: the file that was looked at. name: of the source, for people and in messages. sha256: of its bytes.
    asked: how a person said that it is to be read."""

    comments: CommentFile
    name: str
    sha256: str
    asked: Asked

    def identity(self, bucket: str | None) -> dict:
        """What a receipt says of it."""
        said: dict[str, Any] = {"name": self.name, "size": self.comments.size, "sha256": self.sha256, "bucket": bucket}
        named = {name: value for name in READ_AS if (value := getattr(self.asked, name))}
        said |= {"read_as": named} if named else {}
        return said | ({"text_column": column} if (column := self.comments.text_column) else {})


@contextmanager
def open_submission(source: Path, asked: Asked) -> Iterator[Submission]:
    """Raises InputError if there is no such file, or nothing that can be read as comments."""
    if source != STANDARD_INPUT:
        comments = CommentFile.open(source, asked)
        if comments.size is not None:
            yield Submission(comments, source.name, sha256_of(source), asked)
            return
    # a pipe tells its content once, and its identity only at the end
    with tempfile.NamedTemporaryFile(prefix="submitted-") as file:
        digest = hashlib.sha256()
        with source.open("rb") if source != STANDARD_INPUT else _standard_input() as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                file.write(piece)
        file.flush()
        try:
            comments = CommentFile.open(Path(file.name), asked)
        except InputError as error:
            raise InputError(str(error).replace(file.name, "standard input")) from None
        yield Submission(comments, "stdin", digest.hexdigest(), asked)


@contextmanager
def _standard_input() -> Iterator[BinaryIO]:
    yield sys.stdin.buffer


def sha256_of(path: Path) -> str:
    """Raises InputError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def default_receipt(source: Path, submission: Submission) -> Path:
    """Beside the file; of a stream here, named by its content."""
    if submission.name == "stdin":
        return Path(f"stdin-{submission.sha256[:12]}{RECEIPT}")
    return Path(f"{source}{RECEIPT}")
