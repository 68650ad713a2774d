"""What of a long comment the model can see at all: its beginning and its end.

Everything that makes a comment longer (emoji spelled out) comes after this cut, so that 40,000 symbols cost what a
screenful costs, while the tokens that the model reads are the same with and without it.
"""

import re
from collections import deque
from itertools import islice

# Units kept at either end. A unit is one token at least, and DistilBERT has 512 positions, so whether the classifier
# reads a comment's head, its tail, or some of both, it finds all it can hold.
UNITS = 512

# A punctuation mark, a symbol (which may be spelled out), or up to 100 other characters: the longest word that
# WordPiece takes apart (a longer one is a single unknown token).
_UNIT = re.compile(
    r"[!-/:-@\[-`{-~]"
    r"|[\u203c-\u303f\u3100-\u3299\U0001f000-\U0001faff]"
    r"|[^\s!-/:-@\[-`{-~\u203c-\u303f\u3100-\u3299\U0001f000-\U0001faff]{1,100}"
)


def cut(text: str) -> str:
    """`text`, or its first and last UNITS units where it has more than twice as many. Linear in time."""
    if len(text) <= 2 * UNITS:
        return text
    units = (match.span() for match in _UNIT.finditer(text))
    head = deque(islice(units, UNITS), maxlen=1)
    tail = deque(enumerate(units, 1), maxlen=UNITS)
    if not tail or tail[-1][0] <= UNITS:
        return text
    (_, head_end), (_, (tail_start, _)) = head[0], tail[0]
    return f"{text[:head_end]} {text[tail_start:]}"
