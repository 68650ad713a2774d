#!/usr/bin/env bash
# A .zst of several frames (what parallel compressors and `cat a.zst b.zst` make) is read whole or cut, by the way it is
# read.
#
# Guess: one library reads such a file in one way: stream_reader stops after the first frame, and so do the others
# Seen: stream_reader, open and copy_stream read every frame; decompress, decompressobj and read_to_iter give the first frame
#   and not a word about the rest
# With: zstandard 0.25.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check zstandard==0.25.0
venv/bin/python - <<'PY'
import io

import zstandard as zstd

print("zstandard", zstd.__version__)
data = zstd.compress(b'{"id":"a"}\n') + zstd.compress(b'{"id":"b"}\n')
copied = io.BytesIO()
zstd.ZstdDecompressor().copy_stream(io.BytesIO(data), copied)
ways = {
    "ZstdDecompressor().stream_reader": zstd.ZstdDecompressor().stream_reader(io.BytesIO(data)).read(),
    "open": zstd.open(io.BytesIO(data)).read(),
    "decompress": zstd.decompress(data),
    "ZstdDecompressor().decompress": zstd.ZstdDecompressor().decompress(data),
    "ZstdDecompressor().decompressobj": zstd.ZstdDecompressor().decompressobj().decompress(data),
    "ZstdDecompressor().read_to_iter": b"".join(zstd.ZstdDecompressor().read_to_iter(io.BytesIO(data))),
    "ZstdDecompressor().copy_stream": copied.getvalue(),
}
for way, out in ways.items():
    lines = out.count(b"\n")
    print(f"{way:34}", lines, "of 2 lines")
    whole = way.endswith(("stream_reader", "open", "copy_stream"))
    assert lines == (2 if whole else 1), f"{way} reads {lines} of 2 frames now"
PY
