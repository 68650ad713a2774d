"""`crypto-sentiment mood` as a person calls it: what it prints, draws, writes, and refuses before reading."""

import csv
import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from crypto_sentiment.cli import app
from crypto_sentiment.mood.answer import Asked, answer_of
from crypto_sentiment.mood.picture import draw
from crypto_sentiment.mood.terminal import bar, table
from lambda_fn.mood import grid
from lambda_fn.mood.rollup import Rollup
from tests.crypto_sentiment.mood.lines import MAY_12, MODEL, write_gzip

HOUR, DAY = 3600, 86_400


def scored(
    count: int, created: float | None, negative: float, positive: float, coin: str | None = None, **more
) -> list:
    read = {"p_negative": negative, "p_neutral": round(1 - negative - positive, 4), "p_positive": positive}
    coins = [{"coin": coin, "mood": "neutral", **read}] if coin else []
    line = {"created_utc": created, **read, "coins": coins, "model": MODEL, "error": "", "language": "en"}
    return [{**line, "id": str(n), "link_id": f"t3_{coin}_{created}_{n}", **more} for n in range(count)]


@pytest.fixture
def results(tmp_path):
    """Two coins over nine hours, none of them in the hours 4 to 7; and what has no mood."""
    lines = []
    for hour in (0, 1, 2, 3, 8):
        when = MAY_12 + hour * HOUR
        lines += scored(150, when, 0.9, 0.05, "LUNA", subreddit="CryptoCurrency")
        lines += scored(150, when, 0.05, 0.9, "BTC", subreddit="Bitcoin")
    left_out = {"p_negative": None, "p_positive": None, "coins": [], "model": MODEL, "created_utc": MAY_12}
    lines += [{**left_out, "id": "d", "error": "text_deleted"}] * 12 + [
        {**left_out, "id": "b", "error": "text_bot"}
    ] * 3
    lines += scored(5, MAY_12, 0.1, 0.2, language="other")
    write_gzip(tmp_path / "results" / "a.jsonl.gz", lines)
    return str(tmp_path / "results")


def command(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["mood", *map(str, arguments)])
    return result.exit_code, result.output


def test_coins_are_told_apart_and_what_has_no_mood_is_counted_beside(results):
    status, said = command(results)
    assert status == 0
    rows = {line.split("│")[0].strip(): line for line in said.splitlines() if "│" in line}
    assert "1,500" in rows["all"]
    assert "●" in rows["LUNA"]
    assert rows["LUNA"].index("●") < rows["all"].index("●") < rows["BTC"].index("●")
    assert "1,500 of 1,520 comments have a mood; left out: 5 in another language, 3 by bots, 12 deleted." in said


def test_hours_without_comments_are_said_not_drawn_over(results):
    status, said = command(results, "--by", "coin,hour", "--coin", "LUNA")
    assert (status, said.count("2022-05-12 0")) == (0, 5)
    assert "no comments for 4 hours" in said


def test_the_numbers_are_written_as_csv_and_json_with_their_intervals(results, tmp_path):
    for name in ("a.csv", "a.json"):
        assert command(results, "--by", "coin,hour", "--output", tmp_path / name)[0] == 0
    rows = json.loads((tmp_path / "a.json").read_text())
    with (tmp_path / "a.csv").open() as file:
        assert [row["coin"] for row in csv.DictReader(file)] == [row["coin"] for row in rows]
    assert len(rows) == 15
    for row in rows:
        assert row["negative_low"] <= row["negative"] <= row["negative_high"]
        assert row["negative"] + row["neutral"] + row["positive"] == pytest.approx(1, abs=1e-3)
        assert row["net"] == pytest.approx(row["positive"] - row["negative"], abs=2e-4)
    assert sum(row["left_out_text_deleted"] for row in rows) == 12


def test_a_rollup_says_what_its_results_said(results, tmp_path):
    rollup = tmp_path / "a.rollup.jsonl.gz"
    _, of_results = command(results, "--by", "coin,hour", "--rollup", rollup)
    assert command(rollup, "--by", "coin,hour")[1] == of_results
    assert b"t3_" not in rollup.read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
@pytest.mark.parametrize("by", ["coin,hour", "coin", "subreddit", "time"])
def test_a_picture_is_drawn_by_time_and_side_by_side(suffix, by, results, tmp_path):
    chart = tmp_path / f"mood{suffix}"
    assert command(results, "--by", by, "--chart", chart)[0] == 0
    assert chart.stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--chart", "mood.badext"], "--chart draws .png, .svg, .pdf, not .badext"),
        (["--chart", "no/such/folder/mood.png"], "there is no folder"),
        (["--output", "numbers.xlsx"], "--output writes .csv, .json, not .xlsx"),
        (["--by", "author"], "--by takes coin, subreddit, hour, day, week, month, time, not author"),
        (["--by", "hour,day"], "--by takes one width of time, not hour and day"),
        (["--from", "yesterday"], "--from takes a time such as 2022-05-12"),
        (["--rollup", "rollup.json"], "--rollup writes .jsonl.gz"),
    ],
)
def test_a_wrong_question_is_refused_before_anything_is_read(arguments, complaint):
    status, said = command("no/such/results", *arguments)
    assert status == 2
    assert complaint in said
    assert "no/such/results" not in said


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "there is no no/such/results"),
        (["--coin", "NOSUCH"], "no comment of that time names NOSUCH"),
        (["--from", "2030-01-01"], "there are no comments of that time"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(arguments, complaint, results):
    status, said = command(results if arguments else "no/such/results", *arguments)
    assert (status, said.count("\n")) == (1, 1)
    assert complaint in said


def points(svg: str) -> list[list[tuple[float, float]]]:
    """The lines of an SVG that matplotlib wrote, as runs of points; a gap begins a new run."""
    runs = []
    for path in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}path"):
        style = path.get("style", "")
        if "#0072b2" in style and "fill: none" in style:
            for run in path.get("d").split("M ")[1:]:
                runs.append([tuple(map(float, point.split()[:2])) for point in run.split("L ")])
    return runs


def rollup_of(hours: list[int], comments: int = 400) -> Rollup:
    cell = int(grid.cells(np.array([0.8]), np.array([0.1]))[0])
    fields = {"subreddit": "", "model": MODEL, "thread_pairs": 0, "author_pairs": 0, "left_out": {}}
    return Rollup.of_lines(
        {**fields, "hour": MAY_12 + hour * HOUR, "coin": coin, "cells": [cell], "comments": [comments]}
        for hour in hours
        for coin in ("", "LUNA")
    )


def test_a_line_breaks_where_there_is_no_data_and_a_lone_hour_is_a_point(tmp_path):
    found = answer_of(rollup_of([0, 1, 2, 10, 20, 21]), Asked.of("coin,hour", coins=("LUNA",)))
    draw(found, tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    lengths = sorted(len(run) for run in points(svg) if len({x for x, _ in run}) > 1)
    assert lengths == [2, 3]  # the runs of hours; the lone one is no line
    assert svg.count("<use") > table(found).row_count  # its marker, besides the ticks


def test_bars_are_as_wide_as_their_calendar_month(tmp_path):
    """A first gap of eleven months must not become the width of every bar."""
    january_2020 = -int((np.datetime64("2022-05-12") - np.datetime64("2020-01-01")).astype(int)) * 24
    found = answer_of(rollup_of([january_2020, january_2020 + 24 * 340, 0]), Asked.of("month"))
    draw(found, tmp_path / "a.svg")
    bars = []
    for path in ElementTree.fromstring((tmp_path / "a.svg").read_text()).iter("{http://www.w3.org/2000/svg}path"):
        if "#bbbbbb" in path.get("style", "") and path.get("clip-path"):
            xs = [float(part.split()[0]) for part in path.get("d").replace("M ", "L ").replace("z", "").split("L ")[1:]]
            bars.append(max(xs) - min(xs))
    assert len(bars) == 3
    assert max(bars) < 1.15 * min(bars)


@pytest.mark.parametrize(
    ("value", "low", "high", "place"), [(0, -10, 10, 20), (-100, -100, -90, 0), (100, 95, 100, 40)]
)
def test_the_bar_puts_the_point_where_the_scale_says(value, low, high, place):
    drawn = bar(value, low, high)
    assert (len(drawn.plain), drawn.plain.index("●")) == (41, place)


def test_few_comments_are_too_few_to_say():
    found = answer_of(rollup_of([0], comments=4), Asked.of("coin"))
    assert [bool(known) for known in found.shares.known] == [False, False]
    cells = [str(cell) for cell in table(found).columns[-1].cells]
    assert cells == ["too few to say"] * 2
