"""Readers of general, human-labelled sentiment: {id, text, label, source}; label is positive, negative or neutral,
and in GoEmotions also mixed or ambiguous, which the warm-up leaves out.
"""

import csv
import io
import pickle
import tarfile
from collections.abc import Iterator
from pathlib import Path

from training.data.cleaning import tidy
from training.data.records import Record
from training.data.sources.errors import SourceError
from training.data.sources.tabular import csv_rows, tsv_lines

# GoEmotions' emotions in the order of its label ids, grouped as its authors do (Demszky et al. 2020, figure 2).
# fmt: off
EMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)
POSITIVE = {
    "admiration", "amusement", "approval", "caring", "desire", "excitement", "gratitude", "joy", "love", "optimism",
    "pride", "relief",
}
NEGATIVE = {
    "anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief", "nervousness",
    "remorse", "sadness",
}
# fmt: on
# Mean ratings of VADER's ground truth run from -4 to 4; nearer to 0 than this is neutral.
VADER_NEUTRAL = 0.5


def labelled(repository: str, path: str, id: str, text: str, label: str) -> Record:
    return {"id": id, "text": tidy(text), "label": label, "source": f"{repository}:{path}"}


def read_semeval(checkout: Path) -> Iterator[Record]:
    """SemEval tweets: id, label and text, separated by tabs; some texts are in CSV's quotes. First of an id wins."""
    paths = sorted(checkout.glob("dataset/test/*subtask-A*.txt")) + sorted(
        checkout.glob("dataset/train/twitter-*-A.txt")
    )
    if not paths:
        raise SourceError(f"{checkout} holds no dataset/train/twitter-*-A.txt")
    seen: set[str] = set()
    for path in paths:
        for fields in tsv_lines(path):
            if len(fields) < 3 or fields[1] not in ("positive", "negative", "neutral") or fields[0] in seen:
                continue
            seen.add(fields[0])
            text = fields[2]
            if len(text) > 1 and text.startswith('"') and text.endswith('"'):
                text = next(csv.reader([text]))[0]
            if text != "Not Available":
                relative = path.relative_to(checkout).as_posix()
                yield labelled("leelaylay/TweetSemEval", relative, fields[0], text, fields[1])


def read_goemotions(checkout: Path) -> Iterator[Record]:
    """GoEmotions: text, comma-separated emotion ids and comment id, separated by tabs."""
    for split in ("train", "dev", "test"):
        path = f"data/original/{split}.tsv"
        for fields in tsv_lines(checkout / path):
            try:
                emotions = {EMOTIONS[int(number)] for number in fields[1].split(",")}
                id = fields[2]
            except (IndexError, ValueError):
                raise SourceError(f"{checkout / path} has a row that is not text, emotion ids, comment id") from None
            yield labelled("monologg/GoEmotions-pytorch", path, id, fields[0], emotion_label(emotions))


def emotion_label(emotions: set[str]) -> str:
    good, bad = bool(emotions & POSITIVE), bool(emotions & NEGATIVE)
    if good and bad:
        return "mixed"
    if good or bad:
        return "positive" if good else "negative"
    return "neutral" if emotions == {"neutral"} else "ambiguous"


def read_vader(checkout: Path) -> Iterator[Record]:
    """VADER's ground truth (tweets, reviews, editorials): id, mean rating and text, separated by tabs.

    Read from the archive of the repository, or from its unpacked folder where a checkout has that instead.
    """
    archive = checkout / "additional_resources" / "hutto_ICWSM_2014.tar.gz"
    folder = checkout / "additional_resources" / "hutto_ICWSM_2014"
    if archive.is_file():
        with tarfile.open(archive) as tar:
            for member in sorted(tar.getmembers(), key=lambda member: member.name):
                name = member.name.rpartition("/")[2]
                content = tar.extractfile(member) if name.endswith("_GroundTruth.txt") else None
                if content:
                    lines = io.TextIOWrapper(content, encoding="utf-8", errors="replace", newline="\n")
                    yield from vader_rows(name, (line.rstrip("\r\n").split("\t") for line in lines))
    elif folder.is_dir():
        for path in sorted(folder.glob("*_GroundTruth.txt")):
            yield from vader_rows(path.name, tsv_lines(path))
    else:
        raise SourceError(f"neither {archive} nor {folder} exists")


def vader_rows(name: str, rows: Iterator[list[str]]) -> Iterator[Record]:
    kind = name.removesuffix("_GroundTruth.txt")
    for fields in rows:
        if len(fields) < 3:
            continue
        rating = float(fields[1])
        label = "neutral" if abs(rating) <= VADER_NEUTRAL else "positive" if rating > 0 else "negative"
        source = f"additional_resources/hutto_ICWSM_2014.tar.gz!{name}"
        yield labelled("cjhutto/vaderSentiment", source, f"{kind}-{fields[0]}", fields[2], label)


class _PlainUnpickler(pickle.Unpickler):
    """Loads plain containers and numpy arrays and nothing else: a pickle from the internet may not name code to run."""

    ALLOWED = frozenset(
        (module, name)
        for module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")
        for name in ("ndarray", "dtype", "_reconstruct", "scalar")
    )

    def find_class(self, module: str, name: str) -> object:
        if (module, name) in self.ALLOWED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it names {module}.{name}, which this reader does not load")


def read_sentistrength(checkout: Path) -> Iterator[Record]:
    """SentiStrength's tweets and YouTube comments, in DeepMoji's pickles of {texts, info: [{label: 0 or 1}]}."""
    for name in ("SS-Youtube", "SS-Twitter"):
        path = f"data/{name}/raw.pickle"
        try:
            with open(checkout / path, "rb") as file:
                data = _PlainUnpickler(file, encoding="latin-1").load()
            rows = zip(data["texts"], data["info"], strict=True)
            pairs = [(from_python2(text), "positive" if int(info["label"]) else "negative") for text, info in rows]
        except (OSError, pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError) as error:
            raise SourceError(f"{checkout / path} cannot be read: {error!r}") from None
        for number, (text, label) in enumerate(pairs):
            yield labelled("bfelbo/DeepMoji", path, f"{name}-{number}", text, label)


def from_python2(text: str) -> str:
    """A Python 2 byte string was read as latin-1; most are UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def read_stock_sentiment(checkout: Path) -> Iterator[Record]:
    """Stock tweets: Stock Ticker, Tweet Text, Sentiment and the tweet's address, whose last number is the id."""
    address = "Enter the URL to the tweet"
    for number, row in enumerate(csv_rows(checkout / "sentiment.csv", ["Tweet Text", "Sentiment", address])):
        label = row["Sentiment"].strip().lower()
        if label in ("positive", "negative"):
            id = row[address].partition("/status/")[2].partition("?")[0] or f"row-{number}"
            yield labelled("surge-ai/stock-sentiment", "sentiment.csv", id, row["Tweet Text"], label)


def read_wsb(checkout: Path) -> Iterator[Record]:
    """Posts of r/wallstreetbets: post_id, post_title, post_content and label (-1, 0, 1)."""
    path = "data/queried-data/reddit-labeled-output.csv"
    labels = {"-1": "negative", "0": "neutral", "1": "positive"}
    for row in csv_rows(checkout / path, ["post_id", "post_title", "post_content", "label"]):
        if row["label"].strip() in labels:
            text = f"{row['post_title']}\n\n{row['post_content']}"
            repository = "Rising-Stars-by-Sunshine/Stats_201_AlbertLi"
            yield labelled(repository, path, row["post_id"], text, labels[row["label"].strip()])
