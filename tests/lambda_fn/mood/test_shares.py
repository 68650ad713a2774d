"""Shares from grids: right where the mix is known, wide where little is known, none where nothing is."""

import json
import random

import numpy as np
import pytest

from lambda_fn.mood import calendar, grid
from lambda_fn.mood.adding import add_up
from lambda_fn.mood.calibration import UnknownRevision, calibration_of, calibrations
from lambda_fn.mood.prevalence import Likelihood, em
from lambda_fn.mood.rollup import Rollup
from lambda_fn.mood.shares import estimate
from tests.conftest import REPOSITORY
from tests.crypto_sentiment.mood.lines import MAY_12, MODEL

DAY = calendar.DAY


def line(counts: np.ndarray, coin="", hour=MAY_12, model=MODEL, threads=0, authors=0, subreddit="") -> dict:
    used = np.flatnonzero(counts)
    return {
        "hour": hour, "coin": coin, "subreddit": subreddit, "model": model, "cells": grid.CELLS[used].tolist(),
        "comments": np.asarray(counts)[used].tolist(), "thread_pairs": threads, "author_pairs": authors, "left_out": {},
    }  # fmt: skip


def drawn(mix: tuple, comments: int, seed: int = 1) -> np.ndarray:
    """Counts [66] of comments whose moods have the mix, as the model reads them."""
    chances = calibration_of(MODEL).likelihood @ np.array(mix)
    return np.random.default_rng(seed).multinomial(comments, chances / chances.sum())


def test_the_model_in_the_repository_is_calibrated():
    assert MODEL in calibrations(), "run `python -m training.evaluate.mood_calibration`"
    assert calibration_of(MODEL).likelihood.sum(axis=0) == pytest.approx(np.ones(3), abs=2e-3)


def test_there_are_66_cells_and_a_probability_falls_into_the_nearest():
    points = grid.points()
    assert len(points) == len(grid.CELLS) == 66
    draw = np.random.default_rng(1).dirichlet(np.ones(3), 5000)
    nearest = points[grid.columns(grid.cells(draw[:, 0], draw[:, 2]))]
    assert np.abs(nearest - draw)[:, [0, 2]].max() <= 0.05 + 1e-9
    assert (grid.cells(points[:, 0], points[:, 2]) == grid.CELLS).all()
    with pytest.raises(ValueError, match="not of this grid"):
        grid.counts(np.array([120]))


@pytest.mark.parametrize("mix", [(0.1, 0.1, 0.8), (0.7, 0.25, 0.05), (1 / 3, 1 / 3, 1 / 3), (0.05, 0.9, 0.05)])
def test_em_finds_the_mix_that_averaging_does_not(mix):
    counts = drawn(mix, 20_000)
    shares = estimate(Rollup.of_lines([line(counts)]), ())
    assert np.abs(shares.value[0, :3] - mix).max() < 0.03
    assert (shares.low[0, :3] <= mix).all()
    assert (mix <= shares.high[0, :3]).all()
    assert shares.value[0, 3] == pytest.approx(mix[2] - mix[0], abs=0.05)


def test_intervals_cover_in_95_of_100_draws():
    draw, inside = random.Random(1), []
    for seed in range(200):
        mix = np.random.default_rng(seed).dirichlet(np.ones(3))
        shares = estimate(Rollup.of_lines([line(drawn(tuple(mix), draw.choice([60, 200, 1000]), seed))]), ())
        if shares.known[0]:
            truth = np.append(mix, mix[2] - mix[0])
            inside.append((shares.low[0] <= truth) & (truth <= shares.high[0]))
    assert 0.93 <= np.mean(inside) <= 0.995


def test_the_weights_of_the_sql_agree_with_em_to_first_order():
    weights = calibration_of(MODEL).weights()
    for mix in [(0.2, 0.2, 0.6), (0.5, 0.3, 0.2)]:
        counts = drawn(mix, 50_000)
        assert np.abs(counts @ weights / counts.sum() - mix).max() < 0.02


def test_few_comments_give_no_number_and_none_give_no_nan_warning():
    counts = drawn((0.1, 0.1, 0.8), 5)
    shares = estimate(Rollup.of_lines([line(counts), line(np.zeros(66, int), "BTC")]), ("coin",))
    assert shares.known.tolist() == [False, False]
    assert shares.rollup.comments.tolist() == [5, 0]
    assert len(estimate(Rollup.of_lines([]), ("coin", "hour")).value) == 0


def test_threads_and_authors_widen_the_interval():
    counts = drawn((0.3, 0.3, 0.4), 500)
    lone, thread, author = (
        estimate(Rollup.of_lines([line(counts, threads=t, authors=a)]), ())
        for t, a in [(0, 0), (500 * 49, 0), (0, 500 * 9)]
    )
    widths = [(shares.high - shares.low)[0, 2] for shares in (lone, thread, author)]
    assert widths[1] > widths[2] > widths[0]
    known = calibration_of(MODEL)
    assert thread.effective[0] == pytest.approx(500 / (1 + 49 * known.thread + 500 / known.comments))


def test_the_last_days_are_the_prior_of_an_hour_with_few_comments():
    few = drawn((0.3, 0.3, 0.4), 25)
    before = [line(drawn((0.8, 0.1, 0.1), 400, n), "LUNA", MAY_12 - n * DAY) for n in range(1, 7)]
    now = line(few, "LUNA")
    alone = estimate(Rollup.of_lines([now]), ("coin", "hour"))
    with_history = estimate(Rollup.of_lines([now]), ("coin", "hour"), history=Rollup.of_lines([*before, now]))
    assert with_history.known[0]
    assert not alone.known[0] or with_history.value[0, 0] > alone.value[0, 0]
    late = [line(drawn((0.8, 0.1, 0.1), 400, n), "LUNA", MAY_12 + n * DAY) for n in range(1, 7)]
    hindsight = estimate(Rollup.of_lines([now]), ("coin", "hour"), history=Rollup.of_lines([*late, now]))
    assert hindsight.effective[0] == alone.effective[0]


def test_a_coin_that_is_always_written_about_so_is_not_taken_for_a_change_of_mood():
    """Its comments lie in cells that everyone's seldom do: their average stands, where EM alone would overshoot."""
    everyone = drawn((0.35, 0.31, 0.34), 5000)
    hopeful = np.zeros(66, int)
    negative, positive = np.array([0.1, 0.1, 0.2, 0.3]), np.array([0.8, 0.6, 0.4, 0.2])
    hopeful[grid.columns(grid.cells(negative, positive))] = 300
    rollup = Rollup.of_lines([line(everyone), line(hopeful, "HOPE")])
    own = estimate(rollup, ("coin",))
    row = own.rollup.coin.tolist().index("HOPE")
    alone = em(hopeful[None].astype(float), calibration_of(MODEL).likelihood, np.full((1, 3), 2.0))[0]
    assert alone[2] > 0.6
    assert own.value[row, 2] == pytest.approx(0.5, abs=0.06)


def test_grids_of_two_revisions_are_read_each_by_its_own_calibration(monkeypatch):
    known = calibration_of(MODEL)
    turned = type(known)(known.likelihood[:, ::-1], known.comments, known.thread, known.author)
    monkeypatch.setitem(calibrations(), "turned", turned)
    counts = drawn((0.1, 0.2, 0.7), 5000)
    mirrored = np.random.default_rng(2).multinomial(
        5000, turned.likelihood @ [0.1, 0.2, 0.7] / turned.likelihood.sum(0).mean()
    )
    shares = estimate(Rollup.of_lines([line(counts), line(mirrored, model="turned")]), ())
    assert shares.value[0, 2] == pytest.approx(0.7, abs=0.03)


def test_a_revision_that_nobody_measured_is_named():
    with pytest.raises(UnknownRevision, match="has no model revision nobody"):
        estimate(Rollup.of_lines([line(drawn((0.3, 0.3, 0.4), 100), model="nobody")]), ())


def test_hours_add_up_to_days_and_subreddits_to_all():
    lines = [
        line(drawn((0.3, 0.3, 0.4), 50, h), hour=MAY_12 + h * 3600, subreddit=s)
        for h in range(48)
        for s in ("btc", "eth")
    ]
    days = add_up(Rollup.of_lines(lines), ("hour",), "day")
    assert days.hour.tolist() == [MAY_12, MAY_12 + DAY]
    assert days.comments.tolist() == [24 * 100] * 2
    assert add_up(Rollup.of_lines(lines), ()).comments.tolist() == [48 * 100]


def test_coins_overlap_so_all_comments_are_those_of_no_coin():
    rollup = Rollup.of_lines([line(drawn((0.3, 0.3, 0.4), 50)), line(drawn((0.3, 0.3, 0.4), 30), "BTC")])
    assert add_up(rollup, ()).comments.tolist() == [50]


def test_a_rollup_object_survives_its_bytes():
    lines = [line(drawn((0.3, 0.3, 0.4), 50, n), coin, MAY_12 + n, threads=n) for n in range(5) for coin in ("", "BTC")]
    rollup = Rollup.of_lines(lines)
    rollup.left_out["text_deleted"] = np.arange(10)
    assert list(Rollup.decode(rollup.encode()).lines()) == list(rollup.lines())
    assert rollup.encode() == Rollup.of_lines(reversed(list(rollup.lines()))).encode()


@pytest.mark.parametrize(
    ("width", "begins"),
    [("hour", "2022-05-12T08"), ("day", "2022-05-12"), ("week", "2022-05-09"), ("month", "2022-05-01")],
)
def test_a_time_is_in_its_calendar_hour_day_week_and_month(width, begins):
    moment = np.array([MAY_12 + 8 * 3600 + 59])
    assert calendar.floor(moment, width)[0] == np.datetime64(begins, "s").astype(int)
    assert calendar.following(int(calendar.floor(moment, width)[0]), width) > moment[0]


def test_the_committed_quantification_meets_what_is_promised():
    """The table that `training.evaluate.quantification` printed: of this model, and within the errors promised."""
    found = json.loads((REPOSITORY / "training" / "evaluate" / "quantification.json").read_text())
    assert found["revision"] == MODEL
    rows = {row["comments"]: row for row in found["cross-fitted, 5 folds"]}
    assert {size: rows[size]["grid"] <= most for size, most in {1000: 2.0, 300: 3.0, 100: 4.5}.items()} == {
        1000: True, 300: True, 100: True,
    }  # fmt: skip
    assert min(row["covered"] for row in rows.values()) >= 93


def test_the_lattice_agrees_with_em_on_the_mode():
    counts = drawn((0.2, 0.3, 0.5), 800)[None].astype(float)
    prior = np.full((1, 3), 2.0)
    known = Likelihood(calibration_of(MODEL).likelihood)
    mix, low, high = known.estimate(counts, prior)
    assert np.abs(mix - em(counts, known.table, prior)).max() < 1e-3
    assert ((low[:, :3] <= mix) & (mix <= high[:, :3])).all()
