import os
import pickle

import pytest

from training.data.sources.errors import SourceError
from training.data.sources.general import EMOTIONS, NEGATIVE, POSITIVE, emotion_label
from training.data.sources.registry import SOURCES, read_source

pytestmark = pytest.mark.training


def pairs(root, name):
    return [(record["text"], record["label"]) for record in read_source(name, root / name)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "leelaylay/TweetSemEval",
            [('Excited to read "Go Set a Watchman" on Tuesday', "positive"), ("Tune in at 8pm", "neutral")],
        ),
        (
            "monologg/GoEmotions-pytorch",
            [
                ("My favourite food!", "positive"),
                ('He said "no', "neutral"),
                ("What?", "ambiguous"),
                ("Good and bad", "mixed"),
            ],
        ),
        (
            "cjhutto/vaderSentiment",
            [
                ("Somehow I was blessed & lucky", "positive"),
                ("Opal with the crew.", "neutral"),
                ("Oh why, client?", "negative"),
            ],
        ),
        (
            "bfelbo/DeepMoji",
            [
                ("café is lovely", "positive"),
                ("awful", "negative"),
                ("café is lovely", "positive"),
                ("awful", "negative"),
            ],
        ),
        ("surge-ai/stock-sentiment", [("calls printing", "positive"), ("dead", "negative")]),
        (
            "Rising-Stars-by-Sunshine/Stats_201_AlbertLi",
            [("Times Square right now", "positive"), ("It's treason then", "negative")],
        ),
    ],
)
def test_each_set_is_read_in_its_own_format(public_sources, name, expected):
    assert pairs(public_sources, name) == expected


def test_every_general_set_is_covered_by_the_fixture(public_sources):
    for name, source in SOURCES.items():
        if source.kind == "general":
            assert pairs(public_sources, name), name


def test_the_emotions_are_the_28_of_the_paper():
    assert len(EMOTIONS) == 28
    assert set(EMOTIONS) >= POSITIVE | NEGATIVE
    assert emotion_label({"confusion", "joy"}) == "positive"


def test_vader_reads_an_unpacked_folder_too(tmp_path):
    folder = tmp_path / "additional_resources" / "hutto_ICWSM_2014"
    folder.mkdir(parents=True)
    (folder / "tweets_GroundTruth.txt").write_text("5\t-2.1\tTwo words that should die\n")

    [record] = read_source("cjhutto/vaderSentiment", tmp_path)

    assert (record["id"], record["label"]) == ("tweets-5", "negative")


class Exploit:
    def __reduce__(self):
        return os.mkdir, ("owned",)


def test_a_pickle_that_names_code_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data/SS-Youtube/raw.pickle"
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps({"texts": [Exploit()], "info": []}))

    with pytest.raises(SourceError, match="which this reader does not load"):
        list(read_source("bfelbo/DeepMoji", tmp_path))

    assert not (tmp_path / "owned").exists()
