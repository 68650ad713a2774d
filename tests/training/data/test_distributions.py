import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from training.data import distributions
from training.data.records import DataError, write_records

pytestmark = pytest.mark.training


def test_tokens_are_counted_as_the_model_reads_them():
    [plain, linked, long] = distributions.count_tokens(
        ["to the moon", "to the moon https://a.very.long/link/that?goes=on&and=on", "word " * 700]
    )

    assert plain == 5  # [CLS] to the moon [SEP]
    assert linked == 5 + 3  # [ link ]
    assert long == 702, "no window cuts the count"


def test_bins_hold_every_comment_and_every_token():
    tokens = np.array([3, 3, 64, 127, 128, 600, 5000])

    histogram = distributions.token_histogram(tokens)

    assert sum(row["comments"] for row in histogram["bins"]) == 7
    assert sum(row["tokens"] for row in histogram["bins"]) == tokens.sum()
    for row in histogram["bins"]:
        inside = (tokens >= row["from"]) & (tokens <= (row["to"] or 10**9))
        assert (row["comments"], row["tokens"]) == (inside.sum(), tokens[inside].sum())
    assert (histogram["median"], histogram["max"]) == (127, 5000)
    assert histogram["share_over"]["128"] == round(2 / 7, 5)


def test_the_day_is_counted_in_utc_and_unplaceable_times_are_left_out():
    shape = distributions.hourly_shape(
        [
            {"created_utc": 1651536000.0},  # 2022-05-03 00:00 UTC
            {"created_utc": "2022-05-03 03:30:00+03:00"},
            {"created_utc": "1651593600"},  # 16:00 UTC
            {"created_utc": "2022-05-03 09:00:00"},
            {"created_utc": None},
        ]
    )

    assert shape["comments"] == 3
    assert shape["shares"][0] == pytest.approx(2 / 3, abs=1e-6)
    assert shape["shares"][16] == pytest.approx(1 / 3, abs=1e-6)
    assert shape["peak_to_mean"] == 16.0


def test_comments_without_any_time_are_an_error():
    with pytest.raises(DataError, match="no hourly shape"):
        distributions.hourly_shape([{"created_utc": None}])


def test_the_command_writes_both_files(tmp_path):
    write_records(tmp_path / "c.jsonl.gz", [{"text": "buy the dip", "created_utc": 1651593600.0}] * 3)
    app = typer.Typer()
    app.command()(distributions.main)

    result = CliRunner().invoke(app, [str(tmp_path / "c.jsonl.gz"), "--out", str(tmp_path)])

    assert result.exit_code == 0, result.output
    lengths = json.loads((tmp_path / "token_lengths.json").read_text())
    assert lengths["comments"] == 3
    assert lengths["bins"] == [{"from": 5, "to": 5, "comments": 3, "tokens": 15}]
    assert json.loads((tmp_path / "hourly_shape.json").read_text())["peak_hour_utc"] == 16
