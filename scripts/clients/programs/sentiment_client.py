"""This project's own client, blocking and asynchronous."""

import asyncio
import os

from crypto_sentiment import SentimentClient
from crypto_sentiment.client import AsyncSentimentClient

url, key = os.environ["URL"], os.environ["API_KEY"]
with SentimentClient(url, api_key=key) as client:
    print([scored.label or scored.error for scored in client.score(["Crypto to the moon!", ""])], end=" ")


async def one() -> None:
    async with AsyncSentimentClient(url, api_key=key) as client:
        print((await client.analyze("total scam")).label)


asyncio.run(one())
