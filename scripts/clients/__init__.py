"""Other people's clients, from their own packages, against a running service: what each asked, and what it printed.

    python -m scripts.clients http://127.0.0.1:8000 [KEY]        runs them all, and prints the table of docs/SERVICE.md

tests/scripts/test_clients.py runs each of them by itself. Two are generated from docs/openapi.json first.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = REPOSITORY / "docs" / "openapi.json"
HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
NODE_MODULES = HERE / "node_modules"
# openapi-python-client, and what its clients need.
GENERATOR = REPOSITORY / ".venv-clients" / "bin"
NODE_PACKAGES = json.loads((HERE / "package.json").read_text())["dependencies"]
TIMEOUT_S = 120
GENERATED = "openapi_python.py"


class ClientFailed(RuntimeError):
    """A client's program, or what makes it, ended with an error; the message has what it printed."""


@dataclass(frozen=True, slots=True)
class Client:
    """program: the file in programs/. package: what is tried, as its own registry names it. does: what it calls.

    prints: what it has to print, as a regular expression: numbers are the model's.
    """

    program: str
    package: str
    does: str
    prints: str

    @property
    def version(self) -> str:
        """Of the package, as it is installed here."""
        if self.package in NODE_PACKAGES:
            return NODE_PACKAGES[self.package]
        if self.package in ("curl", "aws-cli"):
            shown = run(["aws" if self.package == "aws-cli" else self.package, "--version"], {})
            return re.search(r"\d+\.\d+(\.\d+)?", shown)[0]  # type: ignore[index]  # all of them print one
        if self.program == GENERATED:
            return run([str(GENERATOR / self.package), "--version"], {}).rpartition(" ")[2]
        return version(self.package)


SCORE = r"0\.\d+"
CLIENTS = (
    Client("curl.sh", "curl", "`/analyze`", rf'{{"sentiment":{{"label":"positive","score":{SCORE}}}}}'),
    Client(
        "ndjson.sh",
        "curl",
        "`/batch_analyze`, NDJSON in gzip",
        rf'{{"id":1,"sentiment":{{"label":"positive","score":{SCORE}}}}} {{"id":2,"error":{{"code":"\w+",.*}}}}',
    ),
    Client(
        "sentiment_client.py",
        "crypto-sentiment",
        "both clients of `crypto_sentiment.client`",
        r"\['positive', 'text_empty'\] negative",
    ),
    Client(
        "boto3_comprehend.py",
        "boto3",
        "`BatchDetectSentiment`, signed",
        r"\['POSITIVE'\] \['TextSizeLimitExceededException'\]",
    ),
    Client("aws_cli.sh", "aws-cli", "`DetectSentiment`, signed", rf"POSITIVE\s+{SCORE}"),
    Client(
        "aws_sdk.mjs",
        "@aws-sdk/client-comprehend",
        "`DetectSentiment`, signed; an error as its class",
        rf"POSITIVE {SCORE} UnsupportedLanguageException",
    ),
    Client(
        "openapi_python.py",
        "openapi-python-client",
        "`analyze`, `batch_analyze` of the package that it generates",
        r"positive text_empty \['negative', 'positive'\]",
    ),
    Client(
        "openapi_fetch.ts",
        "openapi-typescript",
        "the same with openapi-fetch, compiled with `--strict`",
        "positive negative text_empty",
    ),
    Client(
        "hugging_face.py",
        "huggingface-hub",
        "`InferenceClient.text_classification`",
        rf"\[\('positive', {SCORE}\), \('neutral', {SCORE}\)\]",
    ),
    Client(
        "prometheus.py",
        "prometheus-client",
        "`/metrics`, as OpenMetrics",
        r"\d\d families of metrics; True comments",
    ),
)


def run(command: list[str], environment: dict[str, str], cwd: Path = REPOSITORY) -> str:
    """What `command` printed. Raises ClientFailed."""
    variables = {**os.environ, **environment}
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode:
        raise ClientFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout.strip()


def call(client: Client, url: str, key: str, folder: Path) -> str:
    """What the client prints when it calls the service at `url`. folder: an empty one, for what is generated.

    Raises ClientFailed, also where it printed something else than it has to.
    """
    environment = {"URL": url, "API_KEY": key}
    program = PROGRAMS / client.program
    python = sys.executable
    if client.program == GENERATED:
        python = str(GENERATOR / "python")
        make = [str(GENERATOR / "openapi-python-client"), "generate", "--path", str(DOCUMENT)]
        run([*make, "--meta", "none", "--output-path", str(folder / "generated")], {})
        environment["PYTHONPATH"] = str(folder)
    if program.suffix in (".ts", ".mjs"):
        program = in_node(program, folder)
    start = {".sh": ["sh"], ".py": [python], ".mjs": ["node"], ".js": ["node"]}[program.suffix]
    printed = run([*start, str(program)], environment)
    if not re.fullmatch(client.prints, printed):
        raise ClientFailed(f"{client.program} printed {printed!r}, and not {client.prints!r}")
    return printed


def in_node(program: Path, folder: Path) -> Path:
    """The program where node finds the packages; compiled, if it is TypeScript, with the types of the API."""
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    placed = Path(shutil.copy(program, folder))
    if program.suffix != ".ts":
        return placed
    bin = NODE_MODULES / ".bin"
    run([str(bin / "openapi-typescript"), str(DOCUMENT), "-o", str(folder / "openapi.d.ts")], {}, folder)
    options = ["--strict", "--target", "es2022", "--module", "nodenext"]
    (folder / "node.d.ts").write_text("declare const process: { env: Record<string, string> };\n")
    run([str(bin / "tsc"), *options, placed.name, "node.d.ts"], {}, folder)
    return placed.with_suffix(".js")
