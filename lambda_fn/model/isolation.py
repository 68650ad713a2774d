"""One bad comment costs only itself: a fault in scoring many is narrowed down to the comments that cause it."""

import logging
from collections.abc import Sequence
from typing import Protocol

from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.text import TextError

# What any classifier that works can score: if it cannot, the fault is the service's and no comment's.
CONTROL = "to the moon"

logger = logging.getLogger(__name__)


class Classifier(Protocol):
    """What scores texts: the model in this process, or a running service."""

    revision: str

    def classify(self, texts: Sequence[str]) -> list[Sentiment]:
        """Score `texts`, in order."""


def classify_each(classifier: Classifier, texts: Sequence[str]) -> list[Sentiment | TextError]:
    """As `classifier.classify`, with a TextError `text_unreadable` in the place of a comment that makes it raise.

    Of n comments with k bad ones, at most about 2 k log2(n) further calls find them. Raises what the classifier raised
    if it cannot score a plain comment either.
    """
    try:
        return list(classifier.classify(texts))
    except Exception as error:
        if len(texts) > 1:
            middle = len(texts) // 2
            return classify_each(classifier, texts[:middle]) + classify_each(classifier, texts[middle:])
        try:
            classifier.classify([CONTROL])
        except Exception:
            raise error from None
        logger.error("a comment of %s characters cannot be scored: %s", len(texts[0]), type(error).__name__)
        return [TextError("text_unreadable", "the model cannot read this text")]
