"""Which coins a comment names, and the mood about each.

    coins = Coins.load()
    coins.named("Sold all my ETH, it is garbage, and bought SOL, which I love")
    coins.moods(classifier, [text, ...])

One pass of RE2 (https://github.com/google/re2) finds every spelling of the table `coins.csv` as a whole word, whatever
its case; it never backtracks, so that no comment is slow. What is an English word besides (NEAR, ONE, gas, moons) must
then prove itself by its capitals or its neighbourhood (`coin_evidence`). Links, names of subreddits and users, and
quoted lines name nothing (`coin_unread`).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import re2

from lambda_fn.model.classifier import Sentiment, SentimentClassifier
from lambda_fn.model.coin_evidence import proven
from lambda_fn.model.coin_moods import CoinMood, moods_of_several
from lambda_fn.model.coin_table import TABLE, Coin, Mention, Spelling, read_table, spellings_by_form
from lambda_fn.model.coin_unread import SITE, unread_spans

_SURROGATE = re.compile(r"[\ud800-\udfff]")
# What RE2's automaton may take, in bytes; beyond it would turn slow.
MAX_MEMORY = 1 << 26


class Coins:
    """The table, ready to be searched for. Thread-safe: nothing changes after it is loaded."""

    def __init__(self, coins: list[Coin]):
        self.by_symbol = {coin.symbol: coin for coin in coins}
        self._spellings = spellings_by_form(coins)
        forms = "|".join(re2.escape(form) for form in self._spellings)
        options = re2.Options()
        options.case_sensitive = False
        options.longest_match = True
        options.max_mem = MAX_MEMORY
        # "1.5ETH" and "20KSM" are written without a space; 0xMR is another coin, not 0 of XMR.
        self._pattern = re2.compile(rf"\b(?:[1-9][\d.,]*|0?[.,]\d+)?({forms})\b", options)

    @classmethod
    def load(cls, table: Path = TABLE) -> "Coins":
        return cls(read_table(table))

    def named(self, text: str) -> list[Mention]:
        """Every mention of a coin in `text`, in order. Never raises for a str."""
        try:
            found = list(self._found(text))
        except UnicodeEncodeError:  # RE2 reads UTF-8, which has no half of a surrogate pair
            text = _SURROGATE.sub("\ufffd", text)
            found = list(self._found(text))
        if not found:
            return []
        unread = unread_spans(text)
        if unread:
            found = [one for one in found if not any(start <= one[1] < end for start, end in unread)]
        return [
            Mention(spelling.symbol, start, end)
            for (spelling, start, end), is_coin in zip(found, proven(text, found), strict=True)
            if is_coin
        ]

    def moods(
        self, classifier: SentimentClassifier, texts: Sequence[str], sentiments: Sequence[Sentiment] | None = None
    ) -> list[list[CoinMood]]:
        """Of each text the coins it names, in order, with the mood about each.

        sentiments: of `texts`, where the caller has them; those that name several coins are then read a second time.
        """
        return self.read(classifier, texts, sentiments)[1]

    def read(
        self, classifier: SentimentClassifier, texts: Sequence[str], sentiments: Sequence[Sentiment] | None = None
    ) -> tuple[Sequence[Sentiment], list[list[CoinMood]]]:
        """The sentiments of `texts` and their `moods`, in one reading. A text's only coin has the text's own mood."""
        coins = [list(dict.fromkeys(mention.coin for mention in self.named(text))) for text in texts]
        several = [place for place, names in enumerate(coins) if len(names) > 1]
        sentiments, found = moods_of_several(classifier, self.named, texts, several, sentiments)
        moods = [
            [found.get(place, {}).get(coin) or CoinMood.of(coin, sentiment.probabilities) for coin in names]
            for place, (names, sentiment) in enumerate(zip(coins, sentiments, strict=True))
        ]
        return sentiments, moods

    def reader(
        self, classifier: SentimentClassifier
    ) -> Callable[[Sequence[str]], tuple[Sequence[Sentiment], list[list[dict[str, Any]]]]]:
        """What reads texts for result lines: their sentiments, and of each what its line carries as `coins`, a dict for
        each coin."""

        def read(texts: Sequence[str]) -> tuple[Sequence[Sentiment], list[list[dict[str, Any]]]]:
            sentiments, moods = self.read(classifier, texts)
            return sentiments, [[mood.as_dict() for mood in found] for found in moods]

        return read

    def fields(
        self, classifier: SentimentClassifier
    ) -> Callable[[Sequence[str], Sequence[Sentiment]], list[list[dict[str, Any]]]]:
        """What a result line carries as `coins`, of texts whose sentiments are known."""
        return lambda texts, sentiments: [
            [mood.as_dict() for mood in moods] for moods in self.moods(classifier, texts, sentiments)
        ]

    def _found(self, text: str) -> Iterator[tuple[Spelling, int, int]]:
        # RE2 reads bytes; of ASCII they stand where the characters do, and nothing need be translated.
        for match in self._pattern.finditer(text.encode() if text.isascii() else text):
            start, end = match.span(1)
            if not SITE.match(text, end):
                yield self._spellings[text[start:end].casefold()], start, end
