"""What an object of a bucket is: packed or not, and in which format, told by its bytes; and the codes of refusal.

Messages here go to the log: they say nothing that stands in a comment.
"""

from lambda_fn.bulk.formats import CSV, JSON_LINES, PARQUET, Format, FormatError, Wanted, find_format, has_text
from lambda_fn.bulk.packing import LARGE_WINDOW, packing_of, zstd_window
from lambda_fn.bulk.work import MessageError, ObjectWork

PACKED = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")
# Content codings that say nothing of the bytes that are stored, and those whose bytes tell by themselves.
NO_CODING = frozenset({"", "aws-chunked", "identity"})
KNOWN_CODINGS = frozenset({"gzip", "x-gzip", "zstd"})
# No text begins with these.
_CONTROL = frozenset(map(chr, range(32))) - frozenset("\t\n\r\x1e") | {"\x7f"}
_BEGINNING = 64


def is_packed(work: ObjectWork, first: bytes, content_encoding: str) -> bool:
    """Told by the object's first bytes, whatever its name and its header say; these only tell what cannot be read.

    Content-Encoding is a list of tokens in any case (RFC 9110, 8.4): stores keep `aws-chunked` in it by mistake.
    Raises MessageError object_unknown_format.
    """
    if unknown := _codings(content_encoding) - KNOWN_CODINGS:
        raise MessageError("object_unknown_format", f"{work.key} has the content coding {', '.join(sorted(unknown))}")
    if (window := zstd_window(first)) > LARGE_WINDOW:
        raise MessageError(
            "object_unknown_format",
            f"{work.key} asks for a zstd window of {window:,} bytes, which no function has; {_read_by(work)}",
        )
    return packing_of(first) is not None


def format_of(work: ObjectWork, head: bytes, whole: bool, called_packed: bool = False) -> Format:
    """The format of an object whose content, without its packings, begins with `head`. whole: there is no more of it.
    called_packed: its name or its header say so, and its bytes do not.

    Every attempt at an object asks this of the same bytes, and cuts it the same way.
    Raises MessageError: object_unknown_format, object_parquet, object_no_text; object_corrupt for what is called
    packed, and is neither that nor text.
    """
    if work.part_of:
        return Format(JSON_LINES)
    try:
        format = find_format(head, whole, Wanted(text_column=work.text_column), base_name(work.key))
    except FormatError as error:
        raise _not_text(work, called_packed, str(error).partition(";")[0]) from None
    if format.name == PARQUET:
        raise MessageError("object_parquet", f"{work.key} is Parquet, which is not read in bulk; {_read_by(work)}")
    if _CONTROL & set(head[: 4 * _BEGINNING].decode(format.encoding, "replace")[:_BEGINNING]):
        raise _not_text(work, called_packed, "it begins with control characters")
    if format.name == CSV and format.dialect and not has_text(format.dialect.header, work.text_column):
        count = len(format.dialect.header)
        raise MessageError(
            "object_no_text",
            f"{work.key} is CSV, and none of its {count} columns can be the text: name its text_column",
        )
    return format


def called_packed(work: ObjectWork, content_encoding: str) -> bool:
    """Whether the object's name or its Content-Encoding say that it is packed."""
    return bool(_codings(content_encoding)) or work.key.lower().endswith(PACKED)


def base_name(key: str) -> str:
    """The last step of a key."""
    return key.rpartition("/")[2]


def _codings(content_encoding: str) -> set[str]:
    return {token.strip().lower() for token in content_encoding.split(",")} - NO_CODING


def _not_text(work: ObjectWork, called_packed: bool, reason: str) -> MessageError:
    if called_packed:
        return MessageError("object_corrupt", f"{work.key} is called packed, and its bytes are no text: {reason}")
    return MessageError("object_unknown_format", f"{work.key} cannot be read as comments: {reason}")


def _read_by(work: ObjectWork) -> str:
    return f"`crypto-sentiment score s3://{work.bucket}/{work.key} OUTPUT` reads it"
