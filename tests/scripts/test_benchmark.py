"""The benchmark's parts that need no PyTorch, on the real model; `make bench` runs the rest."""

import json
import subprocess
import sys

import pytest

from lambda_fn.settings import get_settings
from scripts.benchmark import comments, operators, over_http, report
from scripts.benchmark.engines import PREDECESSOR, PROJECT, in_batches
from tests.conftest import REPOSITORY


def guard(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "scripts.benchmark.guard", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)


def test_the_model_is_as_fast_as_committed():
    done = guard()
    assert done.returncode == 0, done.stderr


def test_the_guard_fails_on_a_slower_model(tmp_path):
    committed = tmp_path / "guard.json"
    assert guard("--update", "--committed", str(committed)).returncode == 0
    figures = {kind: value / 2 for kind, value in json.loads(committed.read_text()).items()}
    committed.write_text(json.dumps(figures))
    done = guard("--committed", str(committed))
    assert done.returncode == 1
    assert "over 15 %" in done.stderr


def test_generated_comments_have_real_lengths():
    texts, origin = comments.load(None, 400)
    assert len(set(texts)) == 400
    assert "random words" in origin
    words = sorted(len(text.split()) for text in texts)
    assert 10 <= words[200] <= 35  # the median of real comments is 21 tokens


def test_real_comments_are_read_from_a_file(tmp_path):
    file = tmp_path / "comments.jsonl"
    file.write_text("\n".join(json.dumps({"text": f"comment {i % 30}"}) for i in range(90)))
    texts, origin = comments.load(file, 20)
    assert len(set(texts)) == 20
    assert origin == "real comments"


@pytest.mark.parametrize(("by_length", "padded"), [(False, 32 * 40 + 8 * 9), (True, 32 * 9 + 8 * 40)])
def test_peers_score_comments_in_the_order_of_arrival_or_of_length(by_length, padded):
    texts = ["word " * 40] * 8 + ["word " * 9] * 32
    sizes = []
    score = in_batches(lambda texts: [[1] * len(t.split()) for t in texts], lambda ids, mask: sizes.append(ids.size),
                       by_length)  # fmt: skip
    assert score(texts) == 8 * 40 + 32 * 9
    assert sum(sizes) == padded


def test_the_profile_accounts_for_the_run():
    model = get_settings().model_dir / "onnx" / "model_quantized.onnx"
    kinds, whole = operators.profile(model, operators.feed(2, 8), runs=20)
    assert next(iter(kinds)) == "MatMulIntegerToFloat"
    assert {"Attention", "Gelu", "LayerNormalization"} <= set(kinds)
    assert 0 < sum(kinds.values()) < 3 * whole


def test_this_projects_server_answers_and_says_what_its_model_took(tmp_path):
    with over_http.server("this project", tmp_path) as (port, first_answer_s):
        figures = over_http.one_user(port, ["to the moon", "this coin is dead", "what is the fee?"] * 5)
        many = over_http.users(port, ["to the moon"] * 32, 4)
    assert first_answer_s < 60
    assert figures["p50_ms"] <= figures["p99_ms"]
    assert 0 < figures["overhead_ms"] < figures["p50_ms"]
    assert many["requests_per_s"] > 0


def results() -> dict:
    def engine(name, cpu_s):
        rounds = [{"wall_s": cpu_s, "cpu_s": cpu_s, "tokens": 3700, "comments": 100, "peak_mb": 99.0}] * 2
        return {"engine": name, "width": 384, "load_s": 0.5, "rss_mb": 90.0, "rounds": rounds}

    start = {"cpu_s": 0.4, "wall_s": 0.5, "imports_cpu_s": 0.3, "resident_mb": 120.0}
    return {
        "hardware": report.hardware(),
        "comments": "real comments",
        "sample": 100,
        "rounds": 2,
        "engines": [engine(PREDECESSOR, 4.0), engine(PROJECT, 0.25), {"engine": "another", "error": "no such model"}],
        "startup": {"HTTP": {"rounds": [start], "slowest_imports_ms": {"fastapi": 100.0}}},
        "bulk": {"comments": 100, "tokens": 3700, "seconds": 0.25, "tokenizer_and_python_percent": 5.0},
        "int8": {
            "peak_gmac_s": 270.0,
            "encoder_tokens_s": 16_000.0,
            "nominal_mmac_per_token": 10.6,
            "computed_mmac_per_token": 9.1,
        },
    }


def test_the_report_compares_with_the_predecessor_and_names_what_failed(tmp_path):
    report.write(results(), tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "16.0 (16.0-16.0) times" in text
    assert "another | did not run: no such model" in text
    assert json.loads((tmp_path / "report.json").read_text())["sample"] == 100
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("program", ["scripts.load_test", "scripts.benchmark.guard"])
def test_programs_explain_themselves(program):
    done = subprocess.run([sys.executable, "-m", program, "--help"], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0
    assert "python -m" in done.stdout
