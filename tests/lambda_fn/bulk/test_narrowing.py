"""A comment that nobody thought of costs itself and no other: whatever fails in scoring is narrowed down to it."""

import json

import pytest

from lambda_fn.bulk.deadline import Deadline
from lambda_fn.bulk.process import BulkScorer
from lambda_fn.bulk.results import FolderResults, read_lines
from lambda_fn.bulk.scoring import Scorer
from lambda_fn.settings import Settings
from tests.comments import crowd
from tests.hostile import poison


class Choking:
    """The real classifier, which fails on texts with a certain word; on all texts if it is broken."""

    def __init__(self, classifier, fault: Exception, broken: bool = False):
        self._classifier, self._fault, self._broken = classifier, fault, broken
        self.revision = classifier.revision
        self.texts = 0

    def classify(self, texts):
        self.texts += len(texts)
        if self._broken or any("choke" in text for text in texts):
            raise self._fault
        return self._classifier.classify(texts)


@pytest.fixture
def score(tmp_path):
    """Score messages with a classifier. The failures, and the lines by id."""

    def score(classifier, *messages: str) -> tuple[dict, dict]:
        bulk = BulkScorer(
            Scorer(classifier, 40_000), FolderResults(tmp_path), None, None, Settings(results_bucket="unused")
        )
        attributes = {"SentTimestamp": "1767326645000", "ApproximateReceiveCount": "1"}
        records = [{"messageId": str(n), "body": body, "attributes": attributes} for n, body in enumerate(messages)]
        failures = bulk.run(records, Deadline(), split=True)
        lines = [line for path in tmp_path.rglob("*.jsonl.gz") for line in read_lines(path.read_bytes())]
        assert len(lines) == len({line["id"] for line in lines})
        return failures, {line["id"]: line for line in lines}

    return score


@pytest.mark.parametrize("fault", [ValueError("x"), KeyError("x"), MemoryError(), RecursionError(), OSError("x")])
def test_a_text_that_the_model_cannot_take_is_an_error_line_and_spares_ten_messages(classifier, score, fault):
    comments = [dict(comment, id=f"{n} {comment['id']}") for n in range(10) for comment in crowd(100, distinct=True)]
    comments[345]["text"] = "I choke on this"
    comments[987]["text"] = "and choke on that"
    messages = [json.dumps({"comments": comments[n : n + 100]}) for n in range(0, 1000, 100)]
    choking = Choking(classifier, fault)
    failures, lines = score(choking, *messages)
    assert failures == {}
    assert len(lines) == 1000
    assert {id: line["error"] for id, line in lines.items() if line["error"]} == {
        comments[345]["id"]: "text_unreadable",
        comments[987]["id"]: "text_unreadable",
    }
    assert choking.texts < 10 * 1000  # bisected, not tried one by one from the start


def test_a_model_that_takes_no_text_at_all_fails_the_messages_and_blames_no_comment(classifier, score):
    failures, lines = score(Choking(classifier, RuntimeError("out of memory"), broken=True), json.dumps(crowd(1)[0]))
    assert failures.keys() == {"0"}
    assert lines == {}


def test_every_poison_comment_costs_only_itself(classifier, score):
    bad = poison()
    good = [json.dumps(comment) for comment in crowd(50)]
    body = '{"comments": [' + ", ".join([*good[:25], *bad.values(), *good[25:]]) + "]}"
    failures, lines = score(classifier, body)
    assert failures == {}
    assert {id for id in lines if id.startswith("c")} == {f"c{n}" for n in range(50)}
    assert not any(lines[f"c{n}"]["error"] for n in range(50))
    assert bad.keys() <= lines.keys()


def test_no_result_holds_what_readers_of_json_refuse(classifier, score):
    _, lines = score(classifier, poison()["poison not a number"])
    [line] = lines.values()
    assert (line["comment_score"], line["ratio"], line["gas"]) == (None, None, None)
    assert line["error"] == ""
