"""What is left under HOME: onnxruntime and openvino write an id there for their telemetry; nothing of ours may.

`scripts/fresh_home.sh make test` (or another command) shows the same of a whole run.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

ROOMS = ("lambda_fn", "crypto_sentiment", "scripts", "training")
ALONE = "scripts.load_test"  # locust patches ssl, so it has to come before everything else in its process

# Modules whose packages this environment lacks (PyTorch, the benchmark's peers) are left out; `make test-training`
# and `make bench` bring them.
IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        print(name)
    except ModuleNotFoundError as e:
        if (e.name or "").split(".")[0] in ("lambda_fn", "crypto_sentiment", "scripts", "training"):
            raise
"""


def run_with_home(home: Path, *arguments: str) -> str:
    """Run Python with this HOME and without what may switch telemetry off or move a cache; its output."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ORT_", "XDG_", "JENKINS")) and name not in ("CI", "TF_BUILD")
    }
    # matplotlib's list of fonts is a cache, no report; the Makefile keeps it in build/.
    environment = inherited | {"HOME": str(home), "MPLCONFIGDIR": str(home.parent / "matplotlib")}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def left_in(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def modules_of(room: str) -> list[str]:
    files = sorted(file for file in (REPOSITORY / room).rglob("*.py") if file.parent.name != "programs")  # clients'
    names = (".".join(file.relative_to(REPOSITORY).with_suffix("").parts) for file in files)
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


@pytest.mark.library(
    "onnxruntime 1.32.0",
    guess="an import writes nothing",
    seen="`import onnxruntime` writes an id and a database of events under HOME (.cache/Microsoft/DeveloperTools), "
    "unless ORT_DISABLE_TELEMETRY=1 was set before",
    so="lambda_fn/__init__.py sets it, and every package of ours that imports onnxruntime imports lambda_fn first",
)
def test_onnxruntime_writes_an_id_under_home_unless_told_before_its_import(home):
    run_with_home(home, "-c", "import onnxruntime")
    assert any(name.endswith("deviceid") for name in left_in(home))


@pytest.mark.library(
    "onnxruntime 1.32.0",
    guess="it counts whenever it is set",
    seen="ORT_DISABLE_TELEMETRY=1 before the import leaves HOME empty, after it the id is there already",
    so="lambda_fn/__init__.py sets it, which runs before any module of the package",
)
def test_the_variable_counts_before_the_import_only(home):
    switch = "import os; os.environ['ORT_DISABLE_TELEMETRY'] = '1'"
    run_with_home(home, "-c", f"{switch}; import onnxruntime")
    assert left_in(home) == []
    run_with_home(home, "-c", f"import onnxruntime; {switch}")
    assert left_in(home) != []


@pytest.mark.parametrize("room", [*ROOMS, ALONE])
def test_importing_every_module_of_ours_leaves_home_empty(home, room):
    names = [room] if room == ALONE else [name for name in modules_of(room) if name != ALONE]
    assert room in run_with_home(home, "-c", IMPORT_ALL, *names).split()
    assert left_in(home) == []


def test_every_package_that_imports_onnxruntime_switches_its_telemetry_off_first():
    """The packages that a file lies in run before it, so one of them has to import lambda_fn."""
    for room in ROOMS[1:]:
        for file in (REPOSITORY / room).rglob("*.py"):
            if "onnxruntime" not in top_level_imports(file):
                continue
            folders = [f for f in file.parents if f.is_relative_to(REPOSITORY / room) and (f / "__init__.py").exists()]
            first = [f for f in folders if "lambda_fn" in top_level_imports(f / "__init__.py")]
            assert first, f"{file.relative_to(REPOSITORY)} imports onnxruntime, and no __init__.py above it lambda_fn"


def top_level_imports(file: Path) -> set[str]:
    """The first part of every module that `file` imports, also inside functions."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in names}
