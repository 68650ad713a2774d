"""The clients of a running service: httpx, and tenacity for the retries."""

from crypto_sentiment.client.asynchronous import AsyncSentimentClient
from crypto_sentiment.client.calls import Scored, ServiceError
from crypto_sentiment.client.client import SentimentClient

__all__ = ["AsyncSentimentClient", "Scored", "SentimentClient", "ServiceError"]
