"""One bad comment costs only itself: a fault in scoring many is narrowed down to the comments that cause it."""

import logging
from collections.abc import Sequence

from lambda_fn.model.classifier import Sentiment, SentimentClassifier
from lambda_fn.model.text import TextError

# What any classifier that works can score: if it cannot, the fault is the service's and no comment's.
CONTROL = "to the moon"

logger = logging.getLogger(__name__)


def classify_each(classifier: SentimentClassifier, texts: Sequence[str]) -> list[Sentiment | TextError]:
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
