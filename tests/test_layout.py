"""The rule of which room may import which, and what the image needs."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

HEAVY = ["torch", "transformers", "onnx", "huggingface_hub", "google.protobuf", "flatbuffers", "scipy", "sklearn"]


def imports_of(file: Path) -> set[str]:
    """Every module that `file` imports anywhere, also inside its functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


# Arrows run down only. A room may import what stands here, itself, and packages that are not ours.
ROOMS = {
    "lambda_fn/contract.py": set(),
    "lambda_fn/settings.py": {"lambda_fn.contract"},
    "lambda_fn/model": {"lambda_fn.contract", "lambda_fn.settings"},
    "lambda_fn/mood": {"lambda_fn.contract", "lambda_fn.settings"},
    "lambda_fn/jobs.py": {"lambda_fn.contract"},
    "lambda_fn/http": {
        "lambda_fn.contract",
        "lambda_fn.settings",
        "lambda_fn.model",
        "lambda_fn.mood",
        "lambda_fn.jobs",
    },
    "lambda_fn/bulk": {
        "lambda_fn.contract",
        "lambda_fn.settings",
        "lambda_fn.model",
        "lambda_fn.mood",
        "lambda_fn.jobs",
    },
    "lambda_fn/rollup": {"lambda_fn.contract", "lambda_fn.settings", "lambda_fn.mood", "lambda_fn.bulk"},
    "lambda_fn": {"lambda_fn"},
    "cdk": {"lambda_fn.contract", "lambda_fn.mood"},
    "crypto_sentiment/client": {"lambda_fn.contract"},
    "crypto_sentiment": {"lambda_fn"},
    "training": {"lambda_fn.model", "lambda_fn.settings", "lambda_fn.contract", "lambda_fn.mood"},
    "scripts": {"lambda_fn", "crypto_sentiment", "cdk", "tests.comments", "tests.reconcile"},
}
OURS = {"lambda_fn", "crypto_sentiment", "cdk", "training", "scripts", "tests"}


def within(name: str, rooms: set[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_below_it(room):
    place = REPOSITORY / room
    allowed = ROOMS[room] | {room.removesuffix(".py").replace("/", ".")}
    offenders = [
        f"{file.relative_to(REPOSITORY)} imports {name}"
        for file in ([place] if place.is_file() else sorted(place.rglob("*.py")))
        for name in sorted(imports_of(file))
        if name.split(".")[0] in OURS and name != "lambda_fn" and not within(name, allowed)
    ]
    assert offenders == []


def test_the_contract_imports_nothing_but_typing():
    assert imports_of(REPOSITORY / "lambda_fn" / "contract.py") <= {"typing", "typing.Final"}


def test_the_model_knows_no_transport():
    transport = {"fastapi", "starlette", "mangum", "uvicorn", "boto3", "botocore", "aws_lambda_powertools"}
    for file in (REPOSITORY / "lambda_fn" / "model").glob("*.py"):
        assert not {module.split(".")[0] for module in imports_of(file)} & transport, file.name


def test_only_the_classifier_knows_onnx():
    knows = [f.name for f in (REPOSITORY / "lambda_fn").rglob("*.py") if "onnxruntime" in imports_of(f)]
    assert knows == ["classifier.py"]


def test_nothing_but_the_entries_loads_a_model_or_reads_the_environment_at_import():
    """Every other module of the service imports in a process whose settings are wrong and whose model is missing."""
    entries = {"lambda_fn.api", "lambda_fn.bulk.handler"}
    files = (file.relative_to(REPOSITORY).with_suffix("") for file in (REPOSITORY / "lambda_fn").rglob("*.py"))
    modules = sorted({".".join(file.parts).removesuffix(".__init__") for file in files} - entries)
    program = f"import importlib\nfor name in {modules}: importlib.import_module(name)"
    broken = {**os.environ, "MODEL_DIR": "no/such/folder", "ORT_THREADS": "many", "RESULTS_BUCKET": ""}
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, env=broken, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_serving_needs_nothing_heavy():
    """Score a comment through both doors in a process where the heavy packages cannot be imported at all."""
    program = f"""
import importlib.abc, json, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in {HEAVY} or name.startswith(tuple(h + "." for h in {HEAVY})):
            raise ImportError("refused: " + name)

sys.meta_path.insert(0, Refuse())
from lambda_fn.api import handler
from tests.lambda_fn.http.test_api import EVENT, Context
print(handler(EVENT, Context())["statusCode"], [name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "200 []", done.stderr[-2000:]


def locked(path: str) -> dict[str, set[str]]:
    """name -> versions (one per Python version range) of a lock file."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9.-]+)==([^\s;\\]+)", (REPOSITORY / path).read_text(), re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


def test_the_image_and_the_developer_run_the_same_versions():
    image, developer = locked("lambda_fn/requirements.txt"), locked("requirements.txt")
    assert image
    assert {name: developer.get(name) for name in image} == image


def test_the_image_lists_no_heavy_package():
    names = {name.split(".")[0].replace("_", "-") for name in HEAVY} | {"protobuf"}
    assert not names & set(locked("lambda_fn/requirements.txt"))


def test_the_manifest_describes_the_files():
    import hashlib

    folder = REPOSITORY / "model_artifacts" / "distilbert-crypto-sentiment"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "onnx/model_quantized.onnx" in manifest["files"]
    for name, entry in manifest["files"].items():
        content = (folder / name).read_bytes()
        digest = entry if isinstance(entry, str) else entry["sha256"]
        assert hashlib.sha256(content).hexdigest() == digest, name
