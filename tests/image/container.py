"""The image run by podman under real limits of memory and CPU, read-only, without any capability.

with Function("lambda_fn.api.handler", memory_mb=512) as function:
    function.invoke(event).json()
"""

import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from tests.image.build import IMAGE, run
from tests.rie import Invocation, free_port, rie_binary

PODMAN = ["podman", "--runtime", "runc"]
MB_PER_VCPU = 1769
STARTED_S = 120

# What a container may use and reach: like Lambda's sandbox, only /tmp can be written.
LIMITS = ["--read-only", "--tmpfs", "/tmp:rw,mode=1777", "--cap-drop", "all", "--network", "host"]
LIMITS += ["--security-opt", "no-new-privileges", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]

CREDENTIALS = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
CREDENTIALS |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class Container:
    """One container of the image. arguments: what stands behind its name. entry: replaces the entry point, its
    arguments among it. memory_mb: beyond it the kernel kills."""

    def __init__(
        self,
        arguments: list[str],
        environment: dict[str, str] | None = None,
        *,
        entry: bool = False,
        memory_mb: int = 2048,
        cpus: float = 1.0,
        mounts: tuple[str, ...] = (),
    ):
        self.arguments, self.entry = arguments, entry
        self.memory_mb, self.cpus, self.mounts = memory_mb, cpus, mounts
        self.environment = {**CREDENTIALS, **(environment or {})}

    def __enter__(self):
        options = [f"--env={name}={value}" for name, value in self.environment.items()]
        options += [f"--volume={mount}" for mount in self.mounts]
        options += [f"--memory={self.memory_mb}m", f"--memory-swap={self.memory_mb}m", f"--cpus={self.cpus}"]
        program, arguments = (
            (["--entrypoint", self.arguments[0]], self.arguments[1:]) if self.entry else ([], self.arguments)
        )
        self._folder = tempfile.TemporaryDirectory()  # the monitor leaves a file there when the kernel has killed
        command = [*PODMAN, "run", "--detach", *LIMITS, *options, *program, IMAGE, *arguments]
        self.id = run(*command, cwd=self._folder.name)
        return self

    def __exit__(self, *_) -> None:
        run(*PODMAN, "rm", "--force", "--volumes", "--time", "0", self.id)
        self._folder.cleanup()

    def wait(self, timeout_s: int = 300) -> int:
        """The exit status, once the container has ended."""
        return int(run(*PODMAN, "wait", self.id, timeout=timeout_s))

    def stop(self) -> int:
        """The exit status after SIGTERM."""
        run(*PODMAN, "stop", "--time", "60", self.id)
        return int(run(*PODMAN, "inspect", self.id, "--format", "{{.State.ExitCode}}"))

    def execute(self, *command: str) -> subprocess.CompletedProcess:
        """Run another command in the container, as its user."""
        return subprocess.run([*PODMAN, "exec", self.id, *command], capture_output=True, text=True, timeout=300)

    def log(self) -> str:
        done = subprocess.run([*PODMAN, "logs", self.id], capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def catches(self, signal: int) -> bool:
        """Whether the first process has a handler for a signal, without which none ends it."""
        status = self.execute("cat", "/proc/1/status").stdout
        return bool(int(re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[1], 16) >> (signal - 1) & 1)

    def is_healthy(self) -> bool:
        """What the image's own health check says."""
        return subprocess.run([*PODMAN, "healthcheck", "run", self.id], capture_output=True, timeout=60).returncode == 0

    def peak_memory_mb(self) -> float:
        """The control group's peak, in MB (10**6 bytes), page cache included."""
        v1, v2 = self._control("memory", "memory.max_usage_in_bytes"), self._control("", "memory.peak")
        return int((v1 if v1.exists() else v2).read_text()) / 1e6

    def cpu_s(self) -> float:
        """CPU seconds used so far: unlike wall time, hardly touched by what else the machine is doing."""
        v1, v2 = self._control("cpuacct", "cpuacct.usage"), self._control("", "cpu.stat")
        return int(v1.read_text()) / 1e9 if v1.exists() else int(v2.read_text().split()[1]) / 1e6

    def _control(self, controller: str, name: str) -> Path:
        group = run(*PODMAN, "inspect", self.id, "--format", "{{.State.CgroupPath}}")
        return Path("/sys/fs/cgroup") / controller / group.lstrip("/") / name


def run_once(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """`docker run --rm -i IMAGE arguments…` with the limits of all containers here."""
    return subprocess.run([*PODMAN, "run", "--rm", "-i", *LIMITS, IMAGE, *arguments], input=stdin, capture_output=True)


class Function(Container):
    """A Lambda function: the image's own entry point under the RIE, with the share of a CPU that the memory buys."""

    def __init__(
        self, handler: str, environment: dict[str, str] | None = None, *, memory_mb: int, timeout_s: int = 120
    ):
        port, api_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        rie = ["/aws-lambda-rie", f"--runtime-interface-emulator-address=127.0.0.1:{port}"]
        rie += [f"--runtime-api-address=127.0.0.1:{api_port}"]
        config = json.loads(run("podman", "inspect", "--type", "image", IMAGE))[0]["Config"]
        super().__init__(
            [*rie, *config["Entrypoint"], handler],
            {
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
                "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_s),
                **(environment or {}),
            },
            entry=True,
            memory_mb=memory_mb,
            cpus=round(min(memory_mb / MB_PER_VCPU, os.cpu_count() or 1), 2),
            mounts=(f"{rie_binary()}:/aws-lambda-rie:ro",),
        )

    def __enter__(self) -> "Function":
        super().__enter__()
        wait_until_answers(self.url, self)
        return self

    def invoke(self, event: object) -> Invocation:
        """One invocation. A runtime that was killed is a 502."""
        path = "/2015-03-31/functions/function/invocations"
        try:
            answer = httpx.post(self.url + path, content=json.dumps(event), timeout=600)
        except httpx.TransportError as error:
            return Invocation(502, f"{type(error).__name__}: {error}")
        return Invocation(answer.status_code, answer.text)

    def init_s(self) -> float:
        """Seconds of wall time that the first INIT took, from process start to the handler's import."""
        return float(re.search(r"INIT REPORT\(durationMs: ([\d.]+)", self.log())[1]) / 1000


def wait_until_answers(url: str, container: Container) -> None:
    """Return once anything answers at `url`. Raises RuntimeError with the container's log if nothing does."""
    deadline = time.monotonic() + STARTED_S
    while time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {url}:\n{container.log()[-2000:]}")
