"""Letters of Unicode's styled alphabets (𝓼𝓬𝓪𝓶, ｓｃａｍ, Ⓢⓒⓐⓜ, ꜱᴄᴀᴍ) as the letters that people read in them.

NFKC alone would also rewrite fractions, ligatures and symbols, and leaves small capitals and white-on-black letters as
they are. So only characters that are one ASCII letter or digit in another dress are folded, each by itself.

Cyrillic letters that look Latin (ѕсаm, Nexо) are folded in a word that also has Latin ones: no language mixes the two.
Greek ones are not, for μBTC and Δt are meant. Nor are digits for letters: most words that look like it are names, such
as L1s and W3C (training.evaluate.languages counts both).
"""

import re
import unicodedata

# Letterlike symbols, enclosed letters, small capitals and modifier letters, full width, mathematical alphabets, and
# letters on squares and discs.
_BLOCKS = (
    (0x1D00, 0x1DBF),
    (0x2070, 0x209F),
    (0x2100, 0x214F),
    (0x2460, 0x24FF),
    (0xA720, 0xA7FF),
    (0xFF01, 0xFF5E),
    (0x1D400, 0x1D7FF),
    (0x1F100, 0x1F189),
)
_NAMED = re.compile(
    r"(?:LATIN LETTER SMALL CAPITAL|(?:(?:CROSSED )?NEGATIVE )?(?:SQUARED|CIRCLED) LATIN CAPITAL LETTER) ([A-Z])"
)


def _plain(character: str) -> str | None:
    """The ASCII letter or digit that a character is; None if it is none."""
    folded = unicodedata.normalize("NFKC", character)
    if len(folded) == 1 and folded.isascii() and folded.isalnum():
        return folded
    name = _NAMED.fullmatch(unicodedata.name(character, ""))
    return name[1].lower() if name else None


STYLED = {
    code: plain
    for first, last in _BLOCKS
    for code in range(first, last + 1)
    if (plain := _plain(chr(code))) is not None
}


# https://www.unicode.org/Public/security/latest/confusables.txt
LOOKALIKES = str.maketrans("асԁеһіјорԛѕхуԝАВСЕНІЈКМОРЅТХ", "acdehijopqsxywABCEHIJKMOPSTX")
_LOOKALIKE = re.compile(f"[{''.join(map(chr, LOOKALIKES))}]")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_LATIN = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"\w+")


def unstyled(text: str) -> str:
    """`text` with its styled letters and digits as plain ones, and Latin letters where Cyrillic ones stand for them."""
    if text.isascii():
        return text
    text = text.translate(STYLED)
    return _WORD.sub(_unmixed, text) if _LOOKALIKE.search(text) else text


def _unmixed(match: re.Match[str]) -> str:
    word = match[0]
    if not _LOOKALIKE.search(word) or not _LATIN.search(word):
        return word
    plain = word.translate(LOOKALIKES)
    return word if _CYRILLIC.search(plain) else plain
