"""What the executors need of us, sent along with the job: our modules, and the model. Packages they have themselves.

A job started from another folder than ours, or on another machine, would else not find us, and a cluster that has an
older copy installed would score with that. Spark unpacks an archive, and leaves a zip of modules (addPyFile) packed,
in which no module could open the data that lies beside it.
"""

import atexit
import json
import shutil
import tempfile
import zipfile
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from pyspark.sql import SparkSession

from crypto_sentiment.spark.errors import SparkJobError
from lambda_fn.settings import get_settings

PACKAGES = ("crypto_sentiment", "lambda_fn")
ROOT = Path(__file__).resolve().parents[2]
MODEL = "model"  # the model's folder in the archive
LEFT_OUT = {"__pycache__", "model_artifacts"}

_shipped: dict[str, str] = {}  # application id -> the archive that it was given


def ship(spark: SparkSession) -> str | None:
    """Give `spark`'s executors our modules and the model, once for each application.

    Returns the folder's name for `SparkFiles.get`. None on Spark Connect, whose workers have to have us installed.
    """
    context = getattr(spark, "_sc", None)
    if context is None:
        return None
    path = archive(str(get_settings().model_dir))
    name = Path(path).stem
    if _shipped.get(context.applicationId) != path:
        context.addArchive(f"{path}#{name}")
        _shipped[context.applicationId] = path
    return name


@lru_cache(maxsize=4)
def archive(model_dir: str) -> str:
    """A zip of our packages and the model, named by what is in it."""
    files = {
        str(file.relative_to(ROOT)): file
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*"))
        if file.is_file() and not LEFT_OUT & set(file.parts)
    }
    model = Path(model_dir)
    files |= {f"{MODEL}/{file.relative_to(model)}": file for file in sorted(model.rglob("*")) if file.is_file()}
    digest = blake2b(model_revision(model_dir).encode(), digest_size=6)
    for name, file in files.items():
        digest.update(name.encode() + file.read_bytes())
    path = _folder() / f"crypto_sentiment_{digest.hexdigest()}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zip:
        for name, file in files.items():
            zip.write(file, name)
    return str(path)


def model_revision(model_dir: str | None = None) -> str:
    """Of the model that this process would score with. Raises SparkJobError if there is none."""
    manifest = Path(model_dir or get_settings().model_dir) / "manifest.json"
    try:
        return json.loads(manifest.read_text())["revision"]
    except (OSError, ValueError, KeyError) as error:
        raise SparkJobError(f"there is no model in {manifest.parent}: {error}") from None


@lru_cache(maxsize=1)
def _folder() -> Path:
    """A folder that lives as long as this process: Spark serves the files from where they lie."""
    folder = tempfile.mkdtemp(prefix="crypto-sentiment-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
