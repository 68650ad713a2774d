"""python -m scripts.vendor: put the files of Swagger UI and uPlot, as npm installed them, into the service.

The versions are those in package.json, their hashes in package-lock.json, which `npm ci` checks. Tests compare them.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = ROOT / "node_modules"
SERVED = ROOT / "lambda_fn" / "http"
# Of each package: the folder it goes to, its licence, and what browsers load, with the licences of what is in it.
PACKAGES = {
    "swagger-ui-dist": (
        "swagger",
        "Apache-2.0",
        ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"),
    ),
    "uplot": ("uplot", "MIT", ("dist/uPlot.esm.js", "dist/uPlot.min.css", "LICENSE")),
}


def files(package: str) -> list[tuple[Path, Path]]:
    """(where npm put it, where it is served from) of each file of a package."""
    folder, _, names = PACKAGES[package]
    return [(INSTALLED / package / name, SERVED / folder / Path(name).name) for name in names]


def main() -> None:
    for package in PACKAGES:
        for installed, served in files(package):
            served.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(installed, served)
        print(f"{package} is in {served.parent.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
