"""Which instruction sets this CPU has, of those that decide the speed of int8 inference."""

from functools import lru_cache
from pathlib import Path

# x86: integer dot products from slowest to fastest; arm64: dot product (Graviton2) and int8 matrix (Graviton3).
INT8_FLAGS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm")


@lru_cache(maxsize=1)
def int8_flags() -> list[str]:
    """Names as in /proc/cpuinfo; empty where there is no such file."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
    present = next((set(line.split()) for line in lines if line.lower().startswith(("flags", "features"))), set())
    return [flag for flag in INT8_FLAGS if flag in present]


# The bill's two kinds of x86 hosts, and arm64's: the first whose instructions are there.
KINDS = (
    ("vnni", ("avx512_vnni", "avx_vnni", "amx_int8")),
    ("avx512", ("avx512f",)),
    ("avx2", ("avx2",)),
    ("i8mm", ("i8mm",)),
    ("dotprod", ("asimddp",)),
)


def int8_kind() -> str:
    """One word for a log's line, by which `crypto-sentiment cost --cpu-log` tells the mix of hosts; else "other"."""
    present = set(int8_flags())
    return next((kind for kind, flags in KINDS if present & set(flags)), "other")
