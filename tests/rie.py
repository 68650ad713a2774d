"""A Lambda function in the real Runtime Interface Emulator (RIE), under the real awslambdaric, without Docker.

The RIE's binaries for x86_64 and arm64 come from the wheel of aws-sam-cli, which pip downloads once, pinned by version
and hash, into `.cache/`. One RIE is one execution environment: it takes one invocation at a time.

    with LambdaFunction("lambda_fn.bulk.handler.handler", {"RESULTS_BUCKET": "results"}, timeout=30) as function:
        print(function.invoke({"Records": []}).json())
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
SAM_CLI = "aws-sam-cli==1.170.0"
WHEEL_SHA256 = "24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf"
CACHE = ROOT / ".cache" / "rie" / SAM_CLI.partition("==")[2]
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
START_TIMEOUT_S = 60


def rie_binary(architecture: str | None = None) -> Path:
    """Path of the RIE for "x86_64" or "arm64" (default: this machine's), fetched on the first call.

    Raises RuntimeError if the wheel cannot be downloaded or is not the pinned one.
    """
    binary = CACHE / f"aws-lambda-rie-{ARCHITECTURES[(architecture or platform.machine()).lower()]}"
    if not binary.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            _unpack(_download(Path(folder)), Path(folder))
    return binary


def _download(folder: Path) -> Path:
    python = sys.executable if importlib.util.find_spec("pip") else sys._base_executable  # uv's environments have none
    pip = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--no-deps", "--only-binary", ":all:", "--dest", str(folder), SAM_CLI],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pip cannot download {SAM_CLI}, which carries the Lambda emulator:\n{done.stderr}")
    wheel = next(folder.glob("*.whl"))
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise RuntimeError(f"{wheel.name} has sha256 {found}, expected {WHEEL_SHA256}")
    return wheel


def _unpack(wheel: Path, folder: Path) -> None:
    """Each binary appears in the cache whole or not at all: several test processes may fetch it at once."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith("samcli/local/rapid/aws-lambda-rie-"):
                part = folder / Path(name).name
                part.write_bytes(archive.read(name))
                part.chmod(0o755)
                part.replace(CACHE / part.name)


def free_port() -> int:
    """A TCP port that the operating system says is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen, timeout_s: float = START_TIMEOUT_S) -> None:
    """Return once something listens on `port`. Raises RuntimeError if `process` ends or the time is up first."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with status {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing listened on port {port} within {timeout_s} s")


@dataclass(frozen=True)
class Invocation:
    """What the RIE answered: the HTTP status and the raw body. 502: the runtime died; a time-out is a 200."""

    status: int
    body: str

    @property
    def timed_out(self) -> bool:
        return "Task timed out" in self.body

    @property
    def failed(self) -> bool:
        """Whether Lambda would count this invocation as failed: killed, timed out or an unhandled exception."""
        return self.status != 200 or self.timed_out or "errorType" in self.body

    def json(self):
        return json.loads(self.body)


class LambdaFunction:
    """One execution environment: a RIE and the Python runtime under it, with a clean environment of its own.

    handler: "package.module.function". environment: the function's variables (nothing is inherited but PATH).
    timeout: seconds. memory: MB, as the function reads it; the RIE does not enforce it.
    """

    def __init__(
        self, handler: str, environment: dict[str, str] | None = None, *, timeout: int = 30, memory: int = 1769
    ):
        self.command = [sys.executable, "-m", "awslambdaric", handler]
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "LAMBDA_TASK_ROOT": str(ROOT),
            "AWS_LAMBDA_FUNCTION_NAME": handler.replace(".", "-"),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            **(environment or {}),
        }
        if "MODEL_DIR" in os.environ:
            self.environment.setdefault("MODEL_DIR", os.environ["MODEL_DIR"])
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._process: subprocess.Popen | None = None
        self._url = ""

    def __enter__(self) -> "LambdaFunction":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        self._log.close()

    def start(self, attempts: int = 3) -> None:
        """Start the RIE; the runtime itself starts with the first invocation, as on Lambda."""
        port, api_port = free_port(), free_port()
        addresses = [f"--runtime-interface-emulator-address=127.0.0.1:{port}"]
        addresses += [f"--runtime-api-address=127.0.0.1:{api_port}", "--log-level=warn"]
        self._process = subprocess.Popen(
            [str(rie_binary()), *addresses, *self.command],
            cwd=ROOT,
            env=self.environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for_port(port, self._process)
        except RuntimeError:
            self.stop()
            if attempts == 1:  # another process may have taken the port between the probe and the start
                raise RuntimeError(f"the RIE does not start:\n{self.log()}") from None
            return self.start(attempts - 1)
        self._url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"

    def invoke(self, event: object, timeout_s: float = 600) -> Invocation:
        """Send one event and wait for the answer. A RIE that was killed meanwhile counts as status 502."""
        try:
            answer = httpx.post(self._url, content=json.dumps(event), timeout=timeout_s)
        except httpx.TransportError as error:
            return Invocation(502, f"{type(error).__name__}: {error}")
        return Invocation(answer.status_code, answer.text)

    def runtimes(self) -> list[psutil.Process]:
        """The Python processes under the RIE: none before the first invocation."""
        try:
            return psutil.Process(self._process.pid).children(recursive=True) if self._process else []
        except psutil.NoSuchProcess:
            return []

    def peak_memory_mb(self) -> float:
        """Highest resident memory of the runtime so far, in MB (10**6 bytes); the RIE's own figure is made up."""
        for runtime in self.runtimes():
            for line in Path(f"/proc/{runtime.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    def kill_runtime(self) -> None:
        """Kill the Python process, as an out-of-memory kill does. The next invocation starts another one."""
        for runtime in self.runtimes():
            runtime.kill()

    def stop(self) -> None:
        """Kill the RIE and all under it. `start` brings up a fresh environment."""
        process, self._process = self._process, None
        if process:
            children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            for child in children:  # the RIE puts the runtime into a process group of its own
                child.kill()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def log(self) -> str:
        """All that the RIE and the function printed so far."""
        # pread: the children share this file's offset, so moving it would have them overwrite what they wrote.
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")
