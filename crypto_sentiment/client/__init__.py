"""The client of a running service: httpx and nothing else."""

from crypto_sentiment.client.client import Scored, SentimentClient, ServiceError

__all__ = ["Scored", "SentimentClient", "ServiceError"]
