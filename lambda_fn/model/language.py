"""Whether a comment is English. The model reads no other language, and calls most of what it cannot read positive.

py3langid (naive Bayes on byte n-grams, numpy, one wheel for all) decides, by how much better another language fits than
English. On texts as short as comments the best language alone is wrong too often: MARGIN asks for clear evidence, and
most comments never come that far, since a few English words settle it. What that costs and loses is measured by
`python -m training.evaluate.languages`.
"""

import re
from functools import cache
from typing import Any

ENGLISH, OTHER = "en", "other"
# Languages that are weighed against English: those that crypto forums are written in. More of them would only win
# where a text is too short to tell.
LANGUAGES = ("en es pt fr de it nl tr pl id vi sv da no fi ro cs hu tl hr ru uk bg el ar fa he hi th ja ko zh").split()  # noqa: SIM905
# Natural logarithm of how much likelier another language must make the text.
MARGIN = 20.0
# Looked at of each text: what comes later changes nothing, and costs.
CHARS = 200
# Words that no language above shares with English, and every second English sentence holds.
_WORDS = """
the and of that you this have not with are just will they what if it or but your about from when would how because can
get like i'm it's don't been there their who why where which more than then some any should could does these those were
had has our his her them into out up only other people going think know make good great lol never much does doing
getting every something everything anything nothing probably maybe need looks being really before after while already
keep things thing someone everyone anyone which through few own without until since between both each i've i'll you're
they're we're that's doesn't didn't isn't can't won't he's she's i'd you'll wouldn't couldn't shouldn't
"""
_WORD_SET = frozenset(_WORDS.split())
# Enough of them among the words looked at: one in eight, and of short texts one.
_ENOUGH = 8
_LINK = re.compile(r"https?://\S+|www\.\S+|0x[0-9a-fA-F]{8,}")
_LETTER = re.compile(r"[^\W\d_]")


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier
    from py3langid.modelio import load_model

    # `set_languages` would keep the weights of all the others in memory too
    weights, priors, names, moves, rows, features = load_model(MODEL_DIR / MODEL_FILE)
    kept = [place for place, name in enumerate(names) if name in LANGUAGES]
    names = [names[place] for place in kept]
    return LanguageIdentifier(weights[:, kept], priors[kept], names, moves, features, tk_row=rows)


def load() -> None:
    """Load the detector now, and not with the first text that needs it: for a moment it takes 60 MB more than later."""
    _identifier()


def language(text: str) -> str:
    """ "en" or "other" of one comment. What holds too little to tell is taken for English."""
    head = text[:CHARS]
    words = head.lower().split()
    if _ENOUGH * len(_WORD_SET.intersection(words)) >= len(words):
        return ENGLISH
    return OTHER if margin(head) > MARGIN else ENGLISH


def margin(text: str) -> float:
    """How much better than English the best other language explains `text`, in natural logarithms; 0 if it has no
    letters."""
    text = _LINK.sub(" ", text)
    if not _LETTER.search(text):
        return 0.0
    ranked = _identifier().rank(text)
    english = next(score for name, score in ranked if name == ENGLISH)
    best = next(score for name, score in ranked if name != ENGLISH)
    return float(best - english)
