"""Other CPUs by qemu: what `parity` needs to run `parity_worker` on a Haswell or a Neoverse N1.

An x86 CPU runs this Python. An arm64 CPU runs a Debian of its own, made once in build/arm64 by debootstrap, with the
wheels of lambda_fn/requirements.txt for aarch64: that needs root. Debian's packages for all of it: qemu-user-static (or
qemu-user) and debootstrap.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# ---- settings ---------------------------------------------------------------------------------------------------
MIRROR, SUITE, PYTHON = "http://deb.debian.org/debian", "bookworm", "3.11"  # the suite's own Python
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")  # what its glibc can load
# -----------------------------------------------------------------------------------------------------------------

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "lambda_fn" / "requirements.txt"
ROOT = REPOSITORY / "build" / "arm64"
MACHINES = ("x86_64", "aarch64")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ORT_THREADS": "1"}


class EmulationError(RuntimeError):
    """This CPU cannot be emulated here; the message says what is missing."""


def qemu(machine: str) -> str | None:
    """The user-mode qemu for `machine`, by either of its names, or None."""
    return shutil.which(f"qemu-{machine}-static") or shutil.which(f"qemu-{machine}")


def machine_of(cpu: str) -> str:
    """Which of MACHINES the CPU model `cpu` belongs to, by what qemu lists. Raises EmulationError."""
    if not any(map(qemu, MACHINES)):
        raise EmulationError("no qemu-x86_64 or qemu-aarch64 on PATH (Debian: apt-get install qemu-user-static)")
    for machine in MACHINES:
        if path := qemu(machine):
            listed = subprocess.run([path, "-cpu", "help"], capture_output=True, text=True).stdout  # exits with 1
            if cpu.partition(",")[0] in listed.split():
                return machine
    raise EmulationError(f"no qemu here has a CPU model {cpu!r} (qemu-x86_64 -cpu help, qemu-aarch64 -cpu help)")


def what_is_missing(cpu: str) -> str | None:
    """Why the CPU model `cpu` cannot be emulated here, or None."""
    try:
        machine = machine_of(cpu)
    except EmulationError as error:
        return str(error)
    if machine == "x86_64":
        return None if platform.machine() == "x86_64" else f"{cpu} runs this Python, which has to be one for x86_64"
    if os.geteuid() != 0:
        return f"{cpu} needs root, for debootstrap and chroot"
    missing = [tool for tool in ("debootstrap", "dpkg-deb", "chroot") if not shutil.which(tool)]
    return f"not on PATH: {' '.join(missing)} (Debian: apt-get install debootstrap)" if missing else None


def scores(artifact: Path, texts: list[str], cpu: str) -> list[float]:
    """training.evaluate.parity_worker's scores of `texts` on the CPU model `cpu`. Raises EmulationError."""
    if reason := what_is_missing(cpu):
        raise EmulationError(reason)
    machine = machine_of(cpu)
    root = arm64_root() if machine == "aarch64" else Path("/")
    with tempfile.TemporaryDirectory(dir=root / "tmp") as scratch:
        folder = Path(scratch)
        shutil.copytree(artifact, folder / "artifact")
        shutil.copytree(REPOSITORY / "lambda_fn", folder / "lambda_fn")
        room = Path("training") / "evaluate"
        (folder / room).mkdir(parents=True)
        shutil.copy(REPOSITORY / room / "parity_worker.py", folder / room)
        (folder / "texts.json").write_text(json.dumps(texts))
        inside = Path("/") / folder.relative_to(root)
        files = [str(inside / name) for name in ("artifact", "texts.json", "scores.json")]
        path = {"PYTHONPATH": f"{inside}:/packages"}
        if machine == "aarch64":
            # Neither /proc nor /sys is there: ONNX Runtime's cpuinfo would crash on an x86 description of the CPU. It
            # warns, and asks the auxiliary vector, which is qemu's, for the instructions (its udot kernels do run).
            command = ["chroot", str(root), install_qemu(root), "-cpu", cpu, "/usr/bin/python3"]
        else:
            command = [qemu(machine), "-cpu", cpu, sys.executable]
        _run(*command, "-m", "training.evaluate.parity_worker", *files, cwd=scratch, env=ENVIRONMENT | path)
        return json.loads((folder / "scores.json").read_text())


def arm64_root() -> Path:
    """ROOT, a Debian for arm64 with the runtime's packages in /packages; made if absent or of other requirements."""
    made_of = ROOT / "requirements.txt"
    if made_of.is_file() and made_of.read_text() == REQUIREMENTS.read_text():
        return ROOT
    partial = ROOT.with_name("arm64.partial")
    for folder in (ROOT, partial):
        shutil.rmtree(folder, ignore_errors=True)
    partial.mkdir(parents=True)
    packages = "--include=python3-minimal,libpython3-stdlib"
    _run("debootstrap", "--foreign", "--arch=arm64", "--variant=minbase", packages, SUITE, str(partial), MIRROR)
    if (proc := partial / "proc").is_symlink():  # inside Docker debootstrap links it to the host's
        proc.unlink()
        proc.mkdir()
    # Unpacked is enough: nothing is configured, so nothing has to run yet. /lib and /bin stay the links they are.
    unpack = 'dpkg-deb --fsys-tarfile "$deb" | tar --extract --keep-directory-symlink'
    _run("sh", "-ec", f"for deb in var/cache/apt/archives/*.deb; do {unpack}; done", cwd=partial)
    wheels = ["--only-binary=:all:", f"--python-version={PYTHON}", *(f"--platform={p}" for p in PLATFORMS)]
    options = ["--require-hashes", "--no-deps", "--disable-pip-version-check", f"--target={partial / 'packages'}"]
    _run(sys.executable, "-m", "pip", "install", *options, *wheels, "-r", str(REQUIREMENTS))
    shutil.copy(REQUIREMENTS, partial)
    return partial.rename(ROOT)


def install_qemu(root: Path) -> str:
    """Copy qemu-aarch64 into `root`, with the libraries of one that is not static (Debian 12's qemu-user); its path."""
    program = qemu("aarch64")
    linked = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    for file in (program, *re.findall(r"(/\S+) \(0x", linked)):
        target = root / file.lstrip("/")
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return program


def _run(*command: str, **options) -> str:
    """Standard output of `command`. Raises EmulationError with the end of what it printed if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        said = (done.stdout + done.stderr)[-2000:]
        raise EmulationError(f"{' '.join(command[:8])} failed with {done.returncode}:\n{said}")
    return done.stdout
