"""The image, built for real without a Docker engine: buildah over a Python base that debootstrap makes.

Needs root and Debian's buildah, podman, runc and debootstrap; the base is made once and kept by buildah.
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = ("buildah", "podman", "runc", "debootstrap")
SUITE = "trixie"  # Python 3.13, as the default base image has
BASE = f"localhost/crypto-sentiment-python-base:{SUITE}"
IMAGE = "localhost/crypto-sentiment:test"
COMPOSE = REPOSITORY / "lambda_fn" / "compose.yaml"
# Docker's own format: the other one knows no health check.
BUILD = ("--format", "docker", "--isolation", "chroot", "--network", "host")
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")


def what_is_missing() -> str | None:
    """Why the image cannot be built here, or None."""
    if os.geteuid() != 0:
        return "building the image needs root"
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    return f"not installed: {' '.join(missing)} (Debian packages)" if missing else None


def run(*command: str, cwd: str | Path = REPOSITORY, timeout: int = 1800) -> str:
    """Standard output of `command`. Raises RuntimeError with what it printed if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout.strip()


def exists(image: str) -> bool:
    return subprocess.run(["buildah", "inspect", "--type", "image", image], capture_output=True).returncode == 0


def build_base() -> str:
    """A minimal Debian with Python and pip. The host's certificates come along: pip may sit behind a proxy's."""
    if exists(BASE):
        return BASE
    with tempfile.TemporaryDirectory() as folder:
        packages = "--include=ca-certificates,python3,python3-pip"
        run("debootstrap", "--variant=minbase", packages, SUITE, folder, "http://deb.debian.org/debian")
        if (Path("/") / CERTIFICATES).exists():
            shutil.copy(Path("/") / CERTIFICATES, Path(folder) / CERTIFICATES)
        container = run("buildah", "from", "scratch")
        run("buildah", "add", "--quiet", container, folder, "/")
        run("buildah", "commit", "--quiet", "--rm", container, BASE)
    return BASE


def build_image() -> str:
    """The image of lambda_fn/Dockerfile over the local base, with a layer for each step."""
    options = [*BUILD, "--layers", "--build-arg", f"BASE_IMAGE={build_base()}"]
    run("buildah", "bud", *options, "-f", "lambda_fn/Dockerfile", "-t", IMAGE, ".")
    return IMAGE


def build_moto() -> str:
    """moto's server as its own image has it, for where none can be pulled: the same version, the same entry point."""
    (version,) = re.findall(r"image: docker\.io/motoserver/moto:(\S+)", COMPOSE.read_text())
    name = f"docker.io/motoserver/moto:{version}"
    if exists(name):
        return name
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Dockerfile").write_text(
            f"FROM {build_base()}\n"
            f"RUN python3 -m pip install --quiet --break-system-packages 'moto[server]=={version}'\n"
            'ENTRYPOINT ["moto_server", "-H", "0.0.0.0"]\n'
        )
        run("buildah", "bud", *BUILD, "-t", name, folder)
    return name


@dataclass(frozen=True)
class Layer:
    step: str
    bytes: int
    compressed: int


def added_layers() -> list[Layer]:
    """The image's layers above its base, with their sizes as tar archives and gzipped, as a registry keeps them."""
    (base,) = json.loads(run("podman", "inspect", "--type", "image", BASE))
    above = len(base["RootFS"]["Layers"])
    with tempfile.TemporaryDirectory() as folder:
        run("buildah", "push", "--quiet", "--disable-compression", IMAGE, f"oci:{folder}:image")
        blobs = Path(folder) / "blobs" / "sha256"

        def blob(descriptor: dict) -> Path:
            return blobs / descriptor["digest"].partition(":")[2]

        manifest = json.loads(blob(json.loads((Path(folder) / "index.json").read_text())["manifests"][0]).read_text())
        history = json.loads(blob(manifest["config"]).read_text())["history"]
        steps = [entry.get("created_by", "") for entry in history if not entry.get("empty_layer")]
        added = list(zip(steps, manifest["layers"], strict=True))[above:]
        return [Layer(step, *_sizes(blob(layer))) for step, layer in added]


def _sizes(archive: Path) -> tuple[int, int]:
    """Bytes of a layer as a tar archive and gzipped. Buildah hands out what it has in store, of either kind."""
    with archive.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    compressor, size, compressed = zlib.compressobj(6, wbits=31), 0, 0
    with gzip.open(archive) if is_gzip else archive.open("rb") as file:
        while chunk := file.read(1 << 20):
            size += len(chunk)
            compressed += len(compressor.compress(chunk))
    return size, compressed + len(compressor.flush())
