"""The measurement, on a classifier whose speed is known because it burns that much CPU."""

import os
import time
from types import SimpleNamespace

import pytest

from crypto_sentiment.cost import measure

PER_CALL_MS, PER_TOKEN_MS = 1.0, 0.05


class Burner:
    def classify(self, texts: list[str]) -> list[SimpleNamespace]:
        tokens = [len(text.split()) + 2 for text in texts]
        end = time.thread_time() + (PER_CALL_MS + PER_TOKEN_MS * sum(tokens)) / 1000
        while time.thread_time() < end:
            pass
        return [SimpleNamespace(tokens=count) for count in tokens]


def test_the_cost_of_a_call_and_of_a_token_are_told_apart(inputs):
    call_ms, per_token = measure.time_singles(Burner(), measure.comments(inputs.lengths, 60, seed=3))
    assert call_ms == pytest.approx(PER_CALL_MS, rel=0.2)
    assert per_token == pytest.approx(PER_TOKEN_MS, rel=0.2)


def test_a_batch_spreads_the_cost_of_a_call(inputs):
    texts = measure.comments(inputs.lengths, 80, seed=4)
    assert measure.time_batches(Burner(), texts, 40) == pytest.approx(PER_TOKEN_MS, rel=0.2)


def test_comments_have_the_lengths_of_real_ones(inputs):
    texts = measure.comments(inputs.lengths, 3000, seed=5)
    mean = sum(len(text.split()) + 2 for text in texts) / len(texts)
    assert mean == pytest.approx(inputs.lengths.mean, rel=0.1)
    assert texts == measure.comments(inputs.lengths, 3000, seed=5)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are pinned on Linux only")
def test_neighbours_work_while_the_block_runs_and_stop_after_it():
    with measure.busy_cores({min(os.sched_getaffinity(0))}) as neighbours:
        assert [process.is_alive() for process in neighbours] == [True]
    assert not any(process.is_alive() for process in neighbours)


def test_a_folder_without_a_model_is_refused(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    import typer

    app = typer.Typer()
    app.command()(measure.measure)
    result = CliRunner().invoke(app, ["--model-dir", str(tmp_path)])
    assert result.exit_code == 2
    assert "cannot load the model" in result.stderr
