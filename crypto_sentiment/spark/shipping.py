"""What the executors need of us, sent along with the job: our modules, and the model. Packages they have themselves.

A job started from another folder than ours, or on another machine, would else not find us, and a cluster that has an
older copy installed would score with that.
"""

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

_shipped: dict[str, tuple[str, ...]] = {}  # application id -> what it was given


def ship(spark: SparkSession) -> str | None:
    """Give `spark`'s executors our modules and the model, once for each application.

    Returns the model's name for `SparkFiles.get`. None on Spark Connect, whose workers have to have us installed.
    """
    context = getattr(spark, "_sc", None)
    if context is None:
        return None
    code, model = modules_archive(), model_archive(str(get_settings().model_dir))
    if _shipped.get(context.applicationId) != (code, model):
        context.addPyFile(code)
        context.addArchive(f"{model}#{Path(model).stem}")
        _shipped[context.applicationId] = (code, model)
    return Path(model).stem


@lru_cache(maxsize=1)
def modules_archive() -> str:
    """A zip of our modules, named by their content."""
    files = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    contents = [(str(file.relative_to(ROOT)), file.read_bytes()) for file in files]
    digest = blake2b(repr(contents).encode(), digest_size=6).hexdigest()
    archive = _folder() / f"crypto_sentiment_{digest}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zip:
        for name, content in contents:
            zip.writestr(name, content)
    return str(archive)


@lru_cache(maxsize=4)
def model_archive(model_dir: str) -> str:
    """A zip of the model's folder, named by its revision."""
    revision = model_revision(model_dir)
    return shutil.make_archive(str(_folder() / f"crypto_sentiment_model_{revision}"), "zip", model_dir)


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
    import atexit

    folder = tempfile.mkdtemp(prefix="crypto-sentiment-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
