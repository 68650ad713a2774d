"""The asynchronous client: against the real service, and against one that is never there."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from crypto_sentiment import AsyncSentimentClient
from crypto_sentiment.client import ServiceError
from tests.comments import NEGATIVE, POSITIVE
from tests.conftest import API_KEY

TEXTS = [*POSITIVE, "", None, "to the moon \ud83d", *NEGATIVE] * 3


def run(coroutine):
    """asyncio.run would leave the main thread without an event loop, which other tests need."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


async def one_by_one() -> AsyncIterator[str]:
    for text in TEXTS:
        await asyncio.sleep(0)
        yield text


@pytest.mark.parametrize("texts", [lambda: iter(TEXTS), one_by_one], ids=["iterable", "async iterable"])
def test_many_comments_come_back_in_order_whatever_is_wrong_with_some(server, texts):
    async def score():
        async with AsyncSentimentClient(server, batch_size=5, concurrency=3, detail=True) as client:
            return [scored async for scored in client.score(texts())]

    scored = run(score())
    assert len(scored) == len(TEXTS)
    for text, result in zip(TEXTS, scored, strict=True):
        assert bool(result.error) == (not text)
        assert result.error or result.tokens > 2


def test_one_comment_and_its_words(keyed_server):
    async def explain():
        async with AsyncSentimentClient(keyed_server, api_key=API_KEY) as client:
            return await client.analyze("to the moon"), await client.explain("total scam")

    alone, (scored, words) = run(explain())
    assert (alone.label, scored.label) == ("positive", "negative")
    assert [word["text"] for word in words] == ["total", "scam"]


def test_smaller_batches_where_the_service_wants_them(tight_server):
    async def score():
        async with AsyncSentimentClient(tight_server, batch_size=10) as client:
            return [scored.error async for scored in client.score(["moon", "scam", "a" * 11, "hodl", "b" * 300])]

    assert run(score()) == [None, None, "text_too_long", None, "body_too_large"]


def test_nobody_there():
    async def analyze():
        async with AsyncSentimentClient("http://127.0.0.1:9", retries=1, backoff_s=0.01) as client:
            await client.analyze("moon")

    with pytest.raises(ServiceError, match="no answer") as error:
        run(analyze())
    assert error.value.status == 0


def test_lines_are_as_files_have_them(server):
    async def lines():
        async with AsyncSentimentClient(server, batch_size=1) as client:
            return [line async for line in client.lines(["BTC is a scam, ETH is great", "[deleted]"])]

    first, second = run(lines())
    assert [coin["mood"] for coin in first["coins"]] == ["negative", "positive"]
    assert second["error"] == "text_deleted"
