"""A function's own log tells the mix of hosts, and the bill takes it."""

import json

import pytest
from typer.testing import CliRunner

from crypto_sentiment.cli import app
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.hosts import vnni_share
from crypto_sentiment.cost.options import option
from lambda_fn.model import cpu


def scored(kind: str, comments: int) -> str:
    return json.dumps({"level": "INFO", "message": "scored", "comments": comments, "cpu": kind})


def started(kind: str) -> str:
    return json.dumps({"level": "INFO", "message": "environment started", "cpu": kind})


def test_scored_lines_weigh_by_their_comments():
    assert vnni_share([scored("vnni", 300), scored("avx2", 100), started("avx2")]) == 0.75


def test_starts_count_where_nothing_else_tells():
    assert vnni_share([started("vnni"), started("avx2"), started("avx512"), started("vnni")]) == 0.5


def test_lines_may_stand_between_tabs_and_others():
    text = f"START RequestId: 1\t{scored('vnni', 10)}\t{scored('avx2', 10)}"
    assert vnni_share([text, "not json {", '["no object"]', scored("dotprod", 999)]) == 0.5


@pytest.mark.parametrize("lines", [[], ['{"message": "scored", "comments": 3}'], [scored("dotprod", 5)]])
def test_a_log_that_tells_no_host_is_refused(lines):
    with pytest.raises(CostError, match="no line with `cpu`"):
        vnni_share(lines)


def test_the_bill_of_a_mix_lies_between_those_of_its_hosts(make_scenario):
    def usd(**assumptions) -> float:
        return option("lambda-sqs-packed-x86").price(make_scenario(**assumptions)).parts["compute"]

    assert usd(vnni_share=1) == usd(host="vnni")
    assert usd(vnni_share=0) == usd(host="avx2")
    assert usd(vnni_share=0.5) == pytest.approx((usd(host="vnni") + usd(host="avx2")) / 2, rel=0.01)


def test_the_command_reads_a_log_and_shows_the_mix_beside_both_hosts(tmp_path):
    log = tmp_path / "bulk.log"
    log.write_text(f"{scored('vnni', 800)}\n{scored('avx2', 200)}\n")
    result = CliRunner().invoke(app, ["cost", "--allow-stale", "--cpu-log", str(log)])
    assert result.exit_code == 0, result.output
    assert "80% VNNI" in result.output
    piped = CliRunner().invoke(app, ["cost", "--allow-stale", "--json", "--cpu-log", "-"], input=log.read_text())
    assert json.loads(piped.stdout)["assumptions"]["vnni_share"] == 0.8
    missing = CliRunner().invoke(app, ["cost", "--cpu-log", str(tmp_path / "none.log")])
    assert (missing.exit_code, "cannot read" in missing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        (["avx2", "avx512f", "avx512_vnni"], "vnni"),
        (["avx2", "avx_vnni"], "vnni"),
        (["avx2", "avx512f"], "avx512"),
        (["avx2"], "avx2"),
        (["asimddp", "i8mm"], "i8mm"),
        (["asimddp"], "dotprod"),
        ([], "other"),
    ],
)
def test_a_host_is_called_by_the_best_that_it_has(monkeypatch, flags, kind):
    monkeypatch.setattr(cpu, "int8_flags", lambda: flags)
    assert cpu.int8_kind() == kind
