"""The wheel, built through the source distribution as a release builds it, used from a folder that is no checkout.

`make package-check` also installs it with its extras in an empty environment, which needs a package index.
"""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from lambda_fn.contract import VERSION
from tests.conftest import REPOSITORY


def build(target: str, source: Path, out: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    return next(out.glob("*.tar.gz" if target == "sdist" else "*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    with tarfile.open(build("sdist", REPOSITORY, folder)) as archive:
        archive.extractall(folder / "source", filter="data")
    [source] = (folder / "source").iterdir()
    return build("wheel", source, folder)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The wheel's files, as an installer lays them out, in a folder of their own."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, folder: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_holds_the_library_the_command_the_model_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name.startswith(f"crypto_sentiment-{VERSION}-")
    assert {name.split("/")[0] for name in names} == {
        "crypto_sentiment",
        "lambda_fn",
        f"crypto_sentiment-{VERSION}.dist-info",
    }
    model = "lambda_fn/model_artifacts/distilbert-crypto-sentiment"
    for needed in (
        f"{model}/onnx/model_quantized.onnx",
        f"{model}/tokenizer.json",
        "crypto_sentiment/py.typed",
        "crypto_sentiment/cost/prices/us-east-1.json",
        "lambda_fn/http/page/index.html",
    ):
        assert needed in names
    assert [name for name in names if "__pycache__" in name or "Dockerfile" in name] == []


def test_two_lines_of_python_work_elsewhere(installed, tmp_path):
    program = (
        "import crypto_sentiment, lambda_fn; from crypto_sentiment import SentimentClassifier\n"
        "print(lambda_fn.__file__)\n"
        "print(SentimentClassifier.load().classify(['Crypto to the moon!'])[0].label)"
    )
    place, label = run(installed, tmp_path, sys.executable, "-c", program).splitlines()
    assert Path(place).is_relative_to(installed)
    assert label == "positive"


def test_the_command_scores_a_file_elsewhere(installed, tmp_path):
    (tmp_path / "comments.jsonl").write_text('{"id": "a", "text": "Buying this dip!"}\n')
    run(installed, tmp_path, sys.executable, "-m", "crypto_sentiment", "score", "comments.jsonl", "scored.jsonl")
    [line] = (tmp_path / "scored.jsonl").read_text().splitlines()
    assert json.loads(line)["mood"] == "positive"
