"""`python -m crypto_sentiment VERB`: the same as `crypto-sentiment VERB`."""

from crypto_sentiment.cli import main

main()
