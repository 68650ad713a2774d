"""Runs a command with instruction sets hidden from ONNX Runtime: how fast is the model where there is AVX2 only?

    python -m scripts.benchmark.masked 3 python -m crypto_sentiment.cost.measure --host avx2

ONNX Runtime asks the CPU (CPUID) and takes no word from outside. So a copy of it, in which CPUID is UD2 (an instruction
of the same length that faults), is put first on the module path, and cpumask.c answers the faults without what is to
be hidden; its first argument is cpumask.c's CPU_MASK. Needs Linux on x86, cc and objdump.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build"
SOURCE = Path(__file__).with_name("cpumask.c")
CPUID, UD2 = b"\x0f\xa2", b"\x0f\x0b"
ADDRESS = re.compile(r"^\s*([0-9a-f]+):\s+cpuid\b", re.MULTILINE)
SECTION = re.compile(r"^\s*\d+\s+\.text\s+\S+\s+([0-9a-f]+)\s+\S+\s+([0-9a-f]+)", re.MULTILINE)


def masked_copy(folder: Path) -> int:
    """Put a copy of the installed onnxruntime into `folder`; returns how many CPUID instructions were replaced."""
    import onnxruntime

    package = Path(onnxruntime.__file__).parent
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(package, folder / package.name)
    replaced = 0
    for library in (folder / package.name / "capi").glob("*.so*"):
        code = bytearray(library.read_bytes())
        listing = subprocess.run(
            ["objdump", "-d", "--no-show-raw-insn", str(library)], capture_output=True, text=True, check=True
        ).stdout
        headers = subprocess.run(["objdump", "-h", str(library)], capture_output=True, text=True, check=True).stdout
        section = SECTION.search(headers)
        for match in ADDRESS.finditer(listing) if section else ():
            at = int(match[1], 16) - int(section[1], 16) + int(section[2], 16)
            if code[at : at + 2] == CPUID:
                code[at : at + 2] = UD2
                replaced += 1
        library.write_bytes(code)
    return replaced


def environment(mask: str) -> dict[str, str]:
    """The variables with which a Python process sees the CPU through the mask. Builds what is needed the first time."""
    folder, shim = BUILD / "masked", BUILD / "cpumask.so"
    BUILD.mkdir(exist_ok=True)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(shim), str(SOURCE)], check=True)
    if not (folder / ".ready").exists():
        if not masked_copy(folder):
            raise RuntimeError("no CPUID instruction was found in ONNX Runtime's library")
        (folder / ".ready").touch()
    return {**os.environ, "CPU_MASK": mask, "LD_PRELOAD": str(shim), "PYTHONPATH": str(folder)}


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("1", "2", "3"):
        sys.exit(__doc__)
    sys.exit(subprocess.run(sys.argv[2:], env=environment(sys.argv[1])).returncode)
