"""What holds for every verb: help that only prints, an example that works, one line where something is missing."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

from crypto_sentiment.cli import EXTRAS, VERBS, app
from lambda_fn.contract import VERSION
from tests.conftest import REPOSITORY


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """`crypto-sentiment` as a person calls it."""
    return subprocess.run(
        [sys.executable, "-m", "crypto_sentiment", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def function(verb: str):
    name = verb.replace("-", "_")
    return getattr(import_module(f"crypto_sentiment.cli.{name}"), name)


def test_help_lists_every_verb_with_a_line():
    said = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    for verb, line in VERBS.items():
        assert f"{verb} {line}" in said


def test_no_arguments_print_the_help():
    result = CliRunner().invoke(app, [])
    assert (result.exit_code, "score" in result.output) == (0, True)


def test_version():
    assert CliRunner().invoke(app, ["--version"]).output == f"{VERSION}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_s_first_sentence_is_its_line_in_the_list(verb):
    assert inspect.getdoc(function(verb)).splitlines()[0] == VERBS[verb]


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_s_help_prints_an_example_and_nothing_happens(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"Examples?:\s+crypto-sentiment {verb} ?", result.output)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_in_a_verb_s_help_has_options_that_exist(verb):
    example = re.search(r"Examples?:\s+(crypto-sentiment .*?)(?:\n\n|\Z)", inspect.getdoc(function(verb)), re.S)[1]
    options = [word for word in shlex.split(example.partition(">")[0]) if word.startswith("--")]
    shown = CliRunner().invoke(app, [verb, "--help"]).output
    assert [option for option in options if option not in shown] == []


def test_help_loads_no_model_and_reads_no_settings():
    done = command("score", "--help", MODEL_DIR="no/such/folder", ORT_THREADS="many")
    assert (done.returncode, done.stderr) == (0, "")


def test_help_is_printed_within_a_third_of_a_second_of_cpu():
    """Heavy imports are inside the verbs: help needs neither numpy nor pydantic, whatever the machine."""
    heavy = {"numpy", "onnxruntime", "pydantic", "boto3", "rich", "fastapi", "pyarrow"}
    program = f"import sys; import crypto_sentiment.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("package", "verb"), [("uvicorn", "serve"), ("boto3", "submit"), ("moto", "local-aws")])
def test_a_verb_whose_extra_is_missing_names_it_in_one_line(package, verb):
    program = f"""
import sys
sys.modules["{package}"] = None  # as if it were not installed
sys.argv[1:] = {[verb, *(["comments.jsonl", "--queue-url", "q"] if verb == "submit" else [])]!r}
from crypto_sentiment.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"pip install 'crypto-sentiment[{EXTRAS[package]}]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("verb", [["worker", "--until-empty"], ["score", "a.jsonl", "b.jsonl"]])
def test_a_wrong_setting_is_one_line_that_names_the_variable(verb, tmp_path):
    (REPOSITORY / "build").mkdir(exist_ok=True)
    source, target = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    source.write_text('{"text": "good"}\n')
    arguments = [str({"a.jsonl": source, "b.jsonl": target}.get(word, word)) for word in verb]
    done = command(*arguments, ORT_THREADS="many", RESULTS_BUCKET="results", QUEUE_URL="q")
    assert done.returncode == 1
    assert "ORT_THREADS=many" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_server_names_a_wrong_setting_in_one_line():
    done = command("serve", MAX_BODY_BYTES="a lot")
    assert done.returncode != 0
    assert "MAX_BODY_BYTES=a lot" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_verb_is_wrong_usage():
    assert command("scoer").returncode == 2
