"""One process at a time for one file that is written; the next is told so, and does not wait."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crypto_sentiment.files.errors import OutputError


@contextmanager
def only_process(path: Path) -> Iterator[None]:
    """Hold `path`, by a lock file beside it that goes away with this block. Raises OutputError where another does."""
    target = Path(os.path.realpath(path))
    lock = target.with_name(f".{target.name}.lock")
    try:
        with lock.open("wb") as file:
            try:
                # The kernel lets go of it when this process ends, however it ends.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise OutputError(f"another process is writing {path}") from None
            if not _is_there(lock, file.fileno()):  # the other finished, and took the lock file away, just now
                raise OutputError(f"another process has just written {path}; run the command again")
            try:
                yield
            finally:
                with suppress(FileNotFoundError):
                    lock.unlink()
    except PermissionError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    except FileNotFoundError:
        if target.parent.is_dir():
            raise
        raise OutputError(f"there is no folder {target.parent}") from None


def _is_there(lock: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(lock.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
