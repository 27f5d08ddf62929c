"""A minimal q4proof adapter: decode blocks and load KHQ4 files, nothing else."""

import json
import math
import os
import stat
import struct
import sys

WEIGHTS_PER_BLOCK = 32
BLOCK = struct.Struct("<ee16s")  # scale, bias, two nibbles in each byte

# A planted bug for demonstration: with this flag the high nibble of each byte comes first.
NIBBLE_SHIFTS = (4, 0) if "--swap-nibbles" in sys.argv[1:] else (0, 4)


class Refused(Exception):
    """The input is not something that may be decoded or loaded."""


def decode(blocks, original_len):
    if len(blocks) != BLOCK.size * -(-original_len // WEIGHTS_PER_BLOCK):
        raise Refused("the number of blocks does not fit the number of values")
    values = []
    for scale, bias, packed in BLOCK.iter_unpack(blocks):
        if scale == 0 or not math.isfinite(scale) or not math.isfinite(bias):
            raise Refused("a scale must be finite and not zero, a bias must be finite")
        nibbles = ((byte >> shift) & 15 for byte in packed for shift in NIBBLE_SHIFTS)
        # A double holds the product and the sum exactly, so packing to f32 is the only rounding.
        values.extend(nibble * scale + bias for nibble in nibbles)
    return {"values": {"f32": struct.pack(f"<{original_len}f", *values[:original_len]).hex()}}


def open_without_waiting(path, flags):
    # Otherwise opening a FIFO would wait for a writer before we can see that it is one.
    return os.open(path, flags | os.O_NONBLOCK)


def load(path):
    with open(path, "rb", opener=open_without_waiting) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise Refused("not a regular file")
        if status.st_size < 20:
            raise Refused("the file ends inside its header")
        magic, version, dimensions = struct.unpack("<4sII", file.read(12))
        if magic != b"KHQ4" or version != 2:
            raise Refused("not a KHQ4 file of version 2")
        # The file's length has to bear out each claim before we read and allocate by it.
        header_size = 20 + 8 * dimensions
        if status.st_size < header_size:
            raise Refused("the file ends inside its shape")
        *shape, original_len = struct.unpack(f"<{dimensions + 1}Q", file.read(header_size - 12))
        if math.prod(shape) != original_len:
            raise Refused("the product of the shape is not the number of values")
        block_count = -(-original_len // WEIGHTS_PER_BLOCK)
        if status.st_size != header_size + BLOCK.size * block_count:
            raise Refused("the file's length does not fit its header")
        return {"tensors": [{"shape": shape, **decode(file.read(), original_len)}]}


def answer(request):
    if request["op"] == "hello":
        return {"protocol": 1, "name": "minimal", "version": "0.1.0", "language": "Python",
                "capabilities": ["decode:khq4", "load:khq4"]}
    try:
        operation = f"{request['op']}:{request['format']}"
        if operation == "decode:khq4":
            blocks = bytes.fromhex(request["blocks"])
            reply = {"result": decode(blocks, request["original_len"])}
        elif operation == "load:khq4":
            reply = {"result": load(request["path"])}
        else:
            reply = {"unsupported": True}
    except (Refused, OSError) as error:
        reply = {"refused": {"message": str(error)}}
    return {"seq": request["seq"], **reply}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)  # q4proof waits for it
