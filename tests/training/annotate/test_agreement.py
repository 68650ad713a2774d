import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from training.annotate import agreement

pytestmark = pytest.mark.training


def test_two_readings_are_compared_by_class_and_by_side():
    figures = agreement.agreement(np.array([2, 1, 0, -2, -1]), np.array([1, 2, 1, 2, -2]))

    assert figures["comments"] == 5
    assert figures["same_class"] == 60.0, "the first two and the last; 1 and 2 are one class"
    assert figures["opposite"] == 20.0, "-2 against 2"
    assert figures["sided"] == 75.0, "of four that both gave a side"


def test_the_rounds_of_labelling_see_the_same_side():
    app = typer.Typer()
    app.command()(agreement.main)

    lines = CliRunner().invoke(app, []).output.splitlines()

    rounds = [dict(part.rsplit(" ", 1) for part in line.partition(": ")[2].split(", ")) for line in lines]
    assert len(rounds) == 2, "the second and the third read some comments of the earlier ones again"
    assert all(int(r["comments"]) > 1000 for r in rounds)
    assert all(float(r["sided"]) > 95 for r in rounds)
