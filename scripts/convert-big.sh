#!/usr/bin/env bash
# Converts a safetensors file of 2 GB and back, and says how much memory and time that takes: no
# conversion may hold a tensor in memory. Usage: scripts/convert-big.sh [path of q4proof]
#
# Needs Python 3 and, for the time being, 6 GB in target/. Exit status: 0 within 64 MiB, 1 not so, or
# what came back has another shape, 2 the set-up.
set -euo pipefail
cd "$(dirname "$0")/.."
q4proof=$(realpath "${1:-target/release/q4proof}")
[ -x "$q4proof" ] || { echo "convert-big.sh: no command at $q4proof" >&2; exit 2; }
command -v python3 > /dev/null || { echo 'convert-big.sh: python3 is needed' >&2; exit 2; }
mkdir -p target
folder=$(mktemp -d "$PWD/target/convert-big-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 - << 'PYTHON'
import json, random, struct

# Three tensors: one of 1.5 GiB in f32, a matrix of bf16, and a vector in f16. Their values are a MiB of
# random numbers over and over.
tensors = {
    "model.embed_tokens.weight": ("F32", [98304, 4096]),
    "model.layers.0.mlp.up_proj.weight": ("BF16", [32768, 8192]),
    "model.norm.weight": ("F16", [4096]),
}
width = {"F32": 4, "BF16": 2, "F16": 2}
source = random.Random(1)
header, at = {}, 0
for name, (dtype, shape) in tensors.items():
    size = width[dtype]
    for dimension in shape:
        size *= dimension
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
    at += size
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("model.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    for name, (dtype, shape) in tensors.items():
        begin, end = header[name]["data_offsets"]
        if dtype == "F32":
            values = [source.gauss(0, 0.02) for _ in range(1 << 18)]
            piece = struct.pack(f"<{len(values)}f", *values)
        elif dtype == "BF16":
            piece = b"".join(struct.pack("<f", source.gauss(0, 0.02))[2:] for _ in range(1 << 19))
        else:
            piece = struct.pack("<4096e", *(source.gauss(1, 0.1) for _ in range(4096)))
        for offset in range(begin, end, len(piece)):
            file.write(piece[: end - offset])
PYTHON

# In a process of its own, since a child's peak is at least what its parent had when it was started.
python3 - "$q4proof" << 'PYTHON'
import json, os, struct, subprocess, sys, time

LIMIT = 64 << 20
q4proof = sys.argv[1]


def shapes(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return {name: tensor["shape"] for name, tensor in header.items()}


def run(*arguments):
    """Runs the command to its end; its seconds, and the most memory that it had, in bytes."""
    started = time.monotonic()
    process = subprocess.Popen([q4proof, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"convert-big.sh: q4proof {arguments[0]} failed")
    # Of macOS the resident set is counted in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return time.monotonic() - started, usage.ru_maxrss * unit


failed = False
for arguments, made in [
    (["encode", "model.safetensors", "model"], "model"),
    (["decode", "model", "back.safetensors", "--dtype", "bf16"], "back.safetensors"),
]:
    seconds, peak = run(*arguments)
    length = os.path.getsize("model.safetensors") if made == "model" else os.path.getsize(made)
    print(f"{arguments[0]}: {length / 2**30:.2f} GiB of values in {seconds:.1f} s, "
          f"{length / 2**20 / seconds:.0f} MiB/s; peak memory {peak / 2**20:.1f} MiB")
    failed |= peak > LIMIT

if shapes("back.safetensors") != shapes("model.safetensors"):
    print("what came back has other names or shapes", file=sys.stderr)
    failed = True
if failed:
    print(f"more than {LIMIT >> 20} MiB, or not what went in", file=sys.stderr)
sys.exit(failed)
PYTHON
