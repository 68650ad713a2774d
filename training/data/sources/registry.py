"""Every public source by name: where it is, under which licence, what files it needs and how they are read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.data.records import Record
from training.data.sources import comments, general


@dataclass(frozen=True)
class Source:
    """A public GitHub repository.

    name: `owner/name`.
    kind: "comments" (unlabelled crypto comments) or "general" (human-labelled sentiment, for the warm-up).
    files: patterns of the paths it needs, for a download that keeps nothing else. Patterns match whole paths.
    revision: a commit where the row numbers that serve as ids depend on the file's version, else HEAD.
    licence: of the repository as published; "none" where it carries none. See training/DATA.md.
    """

    name: str
    kind: Literal["comments", "general"]
    read: comments.Reader
    files: tuple[str, ...]
    licence: str
    revision: str = "HEAD"

    @property
    def url(self) -> str:
        return f"https://github.com/{self.name}"


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            "anatosun/reddit-cryptocurrency-analysis",
            "comments",
            comments.read_anatosun,
            ("data/*.json",),
            "none",
        ),
        Source(
            "luca-santarella/sentiment-analysis-crypto",
            "comments",
            comments.read_santarella,
            ("data/comments/df_val.csv", "data/comments/df_test.csv"),
            "none",
            "890719db96a296c4751a616daad8e5f6cf9ac88b",
        ),
        Source(
            "zakariaeyahya/Crypto_Analysis",
            "comments",
            comments.read_zakariaeyahya,
            ("data/silver/reddit/*_data.csv", "data/bronze/reddit/*reddit_comments_*.csv"),
            "MIT",
        ),
        Source(
            "howardwong97/AI-Hack-2021-Team-21-Submission",
            "comments",
            comments.read_howardwong,
            ("reddit_comments.csv",),
            "none",
            "a69cbed52dc3dfdb0896766bbf61a660f3694b84",
        ),
        Source(
            "cspence001/crypto_sentiment_analysis",
            "comments",
            comments.read_cspence,
            ("resources/missing_thread_comments.csv",),
            "none",
        ),
        Source(
            "Mikhara/Project1",
            "comments",
            comments.read_mikhara,
            ("bitcoin_comments_new.csv", "bitcoin_comments.csv"),
            "none",
        ),
        Source(
            "CWagamanEure/crypto-nlp-sentiment-analysis",
            "comments",
            comments.read_cwagaman,
            ("data/processed/corpus_reddit.txt",),
            "none",
        ),
        Source(
            "clone95/crypto_reddit",
            "comments",
            comments.read_clone95,
            ("data/raw/daily_thread/CryptoCurrency*.txt",),
            "none",
        ),
        Source("leelaylay/TweetSemEval", "general", general.read_semeval, ("dataset/*.txt",), "MIT"),
        Source(
            "monologg/GoEmotions-pytorch",
            "general",
            general.read_goemotions,
            ("data/original/*",),
            "Apache-2.0",
        ),
        Source(
            "cjhutto/vaderSentiment",
            "general",
            general.read_vader,
            ("additional_resources/hutto_ICWSM_2014.tar.gz", "additional_resources/hutto_ICWSM_2014/*_GroundTruth.txt"),
            "MIT",
        ),
        Source("bfelbo/DeepMoji", "general", general.read_sentistrength, ("data/SS-*/raw.pickle",), "MIT"),
        Source("surge-ai/stock-sentiment", "general", general.read_stock_sentiment, ("sentiment.csv",), "MIT"),
        Source(
            "Rising-Stars-by-Sunshine/Stats_201_AlbertLi",
            "general",
            general.read_wsb,
            ("data/queried-data/reddit-labeled-output.csv",),
            "MIT",
        ),
    )
}


def read_source(name: str, checkout: Path) -> Iterator[Record]:
    """Records of the source `name` from its checkout. Raises SourceError where a file is absent or of another form."""
    return SOURCES[name].read(checkout)
