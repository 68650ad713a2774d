"""Texts scored by a running service, as the model in this process would score them."""

from collections.abc import Sequence
from typing import Any

from crypto_sentiment.client import SentimentClient
from crypto_sentiment.client import calls as http
from lambda_fn.model.classifier import Sentiment
from lambda_fn.model.coins import Coins

CONCURRENCY = 8


class RemoteClassifier:
    """`classify` as SentimentClassifier has it, by HTTP. Raises ServiceError if the service cannot be used."""

    def __init__(self, url: str, api_key: str | None = None):
        self._client = SentimentClient(url, api_key=api_key, detail=True, concurrency=CONCURRENCY)
        self.revision = service_revision(url, api_key)
        self._away: http.ServiceError | None = None
        self._named = Coins.load().fields(self)  # type: ignore[arg-type]  # of one coin, the comment's own mood

    def classify(self, texts: Sequence[str]) -> list[Sentiment]:
        """Raises ValueError for texts among which is one that the service refuses.

        A service that could not be used, for all the client's attempts, is not asked again.
        """
        if self._away:
            raise self._away
        found = []
        try:
            answers = list(self._client.score(texts))
        except http.ServiceError as error:
            self._away = error
            raise
        for scored in answers:
            if scored.error:
                raise ValueError(f"{scored.error}: {scored.message}")
            assert scored.label
            assert scored.score is not None
            assert scored.probabilities
            found.append(
                Sentiment(
                    label=scored.label,
                    score=scored.score,
                    probabilities=scored.probabilities,
                    tokens=scored.tokens or 0,
                    truncated=bool(scored.truncated),
                )
            )
        return found

    def read(self, texts: Sequence[str]) -> tuple[list[Sentiment], list[list[dict[str, Any]]]]:
        """The sentiments of texts, and what result lines carry as `coins`. Raises as `classify` does.

        A text that names several coins is asked about once more: the moods about each take the model itself.
        """
        sentiments = self.classify(texts)
        found = self._named(texts, sentiments)
        several = [place for place, coins in enumerate(found) if len(coins) > 1]
        for place, line in zip(several, self._client.lines(texts[place] for place in several), strict=True):
            if not line["error"]:
                found[place] = line["coins"]
        return sentiments, found


def service_revision(url: str, api_key: str | None = None) -> str:
    """The revision of the model that a service runs. Raises ServiceError."""
    import httpx

    headers = {"x-api-key": api_key} if api_key else {}
    try:
        answer = httpx.get(f"{url.rstrip('/')}/info", headers=headers, timeout=30)
        if answer.status_code != 200:
            raise http.service_error(answer)
        return answer.json()["revision"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        raise http.ServiceError(0, "unreachable", f"no answer from {url}: {error}") from None
