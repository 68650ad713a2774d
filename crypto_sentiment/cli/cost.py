"""crypto-sentiment cost: the bill before anything is deployed."""

from crypto_sentiment.cost.estimate import estimate as cost

__all__ = ["cost"]
