"""python -m scripts.swagger: put Swagger UI's files, as npm installed them, into the service.

The version is the one in package.json, its hash in package-lock.json; `npm ci` checks it. A test compares the files.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = ROOT / "node_modules" / "swagger-ui-dist"
SERVED = ROOT / "lambda_fn" / "http" / "swagger"
# What the page loads, and the licences of what is in it.
FILES = ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt")


def main() -> None:
    SERVED.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(INSTALLED / name, SERVED / name)
    print(f"{len(FILES)} files of {INSTALLED.relative_to(ROOT)} are in {SERVED.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
