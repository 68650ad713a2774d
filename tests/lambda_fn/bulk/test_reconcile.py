"""All faults at once, small: `python -m scripts.reliability.bulk` does the same with 100,000 comments."""

from tests.comments import crowd
from tests.reconcile import Faults, run


def test_every_comment_has_one_line_and_every_hostile_message_its_due(classifier):
    comments = crowd(2500, distinct=True, permalink="x" * 500)
    faults = Faults(share=0.12, outages_s=(1, 3), kills=2, doubles=2, every=2, receives=10)
    outcome = run(comments, faults, timeout=60)
    assert outcome.holds, str(outcome)
    assert outcome.kills == 2
    assert outcome.outages_s == [1, 3]
    assert outcome.doubles == 2
    assert outcome.faults > 10
    assert outcome.before_damage > 0
    assert outcome.lines == outcome.comments
    assert outcome.dead_letters == outcome.deserved > 10
