"""Amazon Comprehend's DetectTargetedSentiment and BatchDetectTargetedSentiment: the mood about each coin.

    boto3.client("comprehend", endpoint_url="https://…").detect_targeted_sentiment(Text="…", LanguageCode="en")

An entity is a coin, its mentions are the places that name it; offsets count code points, as Comprehend's do. Only coins
are entities here, and all mentions of one coin have its mood. Coins are found by rules, not by a model, so `Score` and
`GroupScore` are 1 throughout. https://docs.aws.amazon.com/comprehend/latest/dg/how-targeted-sentiment.html
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from starlette.requests import Request

from lambda_fn.http.workload import Workload, weigh
from lambda_fn.model.classifier import LABELS, Sentiment, SentimentClassifier
from lambda_fn.model.coin_moods import CoinMood
from lambda_fn.model.coins import Coins
from lambda_fn.model.text import TextError

# Of Comprehend's types the one that coins are nearest to: "a branded product".
ENTITY_TYPE = "COMMERCIAL_ITEM"
CERTAIN = 1.0


@cache
def known_coins() -> Coins:
    return Coins.load()


async def entities_of(
    request: Request, workload: Workload, classifier: SentimentClassifier, texts: Sequence[str]
) -> list[list[dict[str, Any]] | TextError]:
    """Of each of `texts` its `Entities`, in the order of their first mentions, or why it cannot be read."""
    outcomes = await workload.classify(request, texts)
    scored = [(text, outcome) for text, outcome in zip(texts, outcomes, strict=True) if isinstance(outcome, Sentiment)]
    coins = known_coins()
    read = [text for text, _ in scored]
    moods = await workload.call(
        request, lambda: coins.moods(classifier, read, [sentiment for _, sentiment in scored]), weigh(read)
    )
    entities = iter([[entity(text, mood) for mood in found] for text, found in zip(read, moods, strict=True)])
    return [outcome if isinstance(outcome, TextError) else next(entities) for outcome in outcomes]


def entity(text: str, mood: CoinMood) -> dict[str, Any]:
    """A TargetedSentimentEntity. The descriptive mention is the longest: the name rather than the ticker."""
    spans = [(m.start, m.end) for m in known_coins().named(text) if m.coin == mood.coin]
    longest = max(range(len(spans)), key=lambda i: spans[i][1] - spans[i][0])
    scores = {label.capitalize(): getattr(mood, f"p_{label}") for label in LABELS}
    sentiment = {"Sentiment": mood.mood.upper(), "SentimentScore": {**scores, "Mixed": 0.0}}
    return {
        "DescriptiveMentionIndex": [longest],
        "Mentions": [
            {
                "Score": CERTAIN,
                "GroupScore": CERTAIN,
                "Text": text[start:end],
                "Type": ENTITY_TYPE,
                "MentionSentiment": sentiment,
                "BeginOffset": start,
                "EndOffset": end,
            }
            for start, end in spans
        ],
    }
