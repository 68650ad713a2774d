"""The mood of crypto comments, in Python:

    from crypto_sentiment import SentimentClassifier

    classifier = SentimentClassifier.load()
    print(classifier.classify(["Crypto to the moon!"])[0].label)

and on the command line, `crypto-sentiment --help`. `SentimentClient` (and `AsyncSentimentClient`) calls a running
service instead.
"""

from typing import TYPE_CHECKING, Any

from lambda_fn.contract import VERSION as __version__

if TYPE_CHECKING:
    from crypto_sentiment.client import AsyncSentimentClient, SentimentClient
    from lambda_fn.model.classifier import ModelError, Sentiment, SentimentClassifier

__all__ = ["AsyncSentimentClient", "ModelError", "Sentiment", "SentimentClassifier", "SentimentClient", "__version__"]

_HOMES = {
    "AsyncSentimentClient": "crypto_sentiment.client",
    "ModelError": "lambda_fn.model.classifier",
    "Sentiment": "lambda_fn.model.classifier",
    "SentimentClassifier": "lambda_fn.model.classifier",
    "SentimentClient": "crypto_sentiment.client",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and only then: a command that prints its help loads no ONNX Runtime."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
