"""KHQ4 version 2 in plain Python, written from SPEC.md (its clauses are cited) and PROTOCOL.md.

Behaviours: signed-scale, zero-first, padding-zero, zero-bias-positive. Maps: see KHQ4-A4."""
import array
import json
import math
import mmap
import os
import struct
import tempfile

HELLO = {"protocol": 1, "name": "q4_codec", "version": "1.0.0", "language": "Python",
         "capabilities": ["decode", "encode", "load", "save", "expected-shape", "width-32"],
         "entries": {"load": ["copy", "map"]}}


class RefusedError(Exception):
    """An input that must not be taken; the arguments are a class of ERR-1 and a message."""


def refuse_if(fault, kind, message):
    if fault:
        raise RefusedError(kind, message)


def f32(number):
    """Round binary64 to f32. As 53 >= 2 * 24 + 2, one +, -, * or / of f32 numbers in binary64,
    rounded here at once, has the bits of the f32 operation, though it is rounded twice."""
    return array.array("f", [number])[0]  # gives infinities, where struct.pack would raise


def check_shape(shape, count, maximum=2 ** 64 - 1):
    product = 0 if 0 in shape else 1  # zero-first (KHQ4-H6)
    for dimension in shape:
        product *= dimension  # exact, and checked at each step so that it stays short
        refuse_if(product > maximum, "overflow", "the product of the shape is too large")
    refuse_if(product != count, "shape_mismatch", f"the shape has {product} values, not {count}")


def read_blocks(data, count, start=0):
    """Check the blocks from start to the end of data and give their values."""
    have, need = len(data) - start, (count + 31) // 32 * 20  # Python does not wrap (KHQ4-H8)
    refuse_if(have < need, "truncated_payload", f"{have} bytes of payload, not {need}")
    refuse_if(have > need, "trailing_bytes", f"{have} bytes of payload, not {need}")
    values = bytearray()
    for at in range(start, len(data), 20):
        scale, bias = struct.unpack_from("<ee", data, at)
        refuse_if(scale == 0 or not math.isfinite(scale), "scale", f"{scale} at byte {at}")
        refuse_if(not math.isfinite(bias), "bias", f"{bias} at byte {at + 2}")
        # Product and sum are exact in binary64, so that pack rounds once; 0 * -scale is -0 (DEC-2).
        levels = [struct.pack("<f", nibble * scale + bias) for nibble in range(16)]
        for pair in data[at + 4:at + 20]:
            values += levels[pair & 15] + levels[pair >> 4]
    del values[4 * count:]  # the padding
    return values


def read_image(data, maximum=2 ** 64 - 1, expected_shape=None):
    """Read the bytes or the map of a file. A kept view of a map would keep it from closing."""
    version, ndim = (int.from_bytes(data[at:at + 4], "little") for at in (4, 8))
    start = 20 + 8 * ndim
    refuse_if(len(data) < 4, "truncated_header", "the file ends inside its magic")
    refuse_if(data[:4] != b"KHQ4", "magic", "the file does not begin with KHQ4")
    refuse_if(len(data) < 8, "truncated_header", "the file ends inside its version")
    refuse_if(version == 1, "legacy_version", "version 1: quantize the weights again")
    refuse_if(version != 2, "version", f"unknown version {version}")
    refuse_if(len(data) < 12, "truncated_header", "the file ends inside ndim")
    refuse_if(ndim > (len(data) - 12) // 8, "dimensions", f"no room for {ndim} dimensions")
    refuse_if(len(data) < start, "truncated_header", "the file ends inside original_len")
    # Arrays, as a list of integers could take more than 4 L (KHQ4-A3).
    shape = array.array("Q", (number for number, in struct.iter_unpack("<Q", data[12:start])))
    refuse_if(max(shape) > maximum, "overflow", "a number of the header is too large")
    count = shape.pop()
    check_shape(shape, count, maximum)
    values = read_blocks(data, count, start)
    expected = shape if expected_shape is None else array.array("Q", expected_shape)
    refuse_if(shape != expected, "expected_shape", f"the shape is not {expected_shape}")
    return {"shape": shape.tolist(), "values": values.hex(), "blocks": data[start:].hex()}


def decode(request):
    return {"values": read_blocks(bytes.fromhex(request["blocks"]), request["original_len"]).hex()}


def encode(request):
    """Encode by section 8; each f32() is one of its roundings."""
    source = [value for value, in struct.iter_unpack("<f", bytes.fromhex(request["values"]))]
    asymmetric, blocks = request["mode"] == "asymmetric", bytearray()
    check_shape(request["shape"], len(source))
    for start in range(0, len(source), 32):
        values = source[start:start + 32]
        faults = [start + index for index, x in enumerate(values) if not math.isfinite(x)]
        refuse_if(faults, "non_finite", f"the values {faults}")
        low, high = min(values), max(values)
        step = f32(f32(high - low) / 15) if asymmetric else f32(max(-low, high) / 7)
        scale = 1.0 if step <= 2.0 ** -25 else step  # ENC-D1
        # The + 0.0 makes a bias of +0 from a minimum of -0 and changes no other (ENC-Z1).
        origin, middle, bias = (low, 0, low + 0.0) if asymmetric else (0.0, 8, f32(-8 * scale))
        refuse_if(scale >= 65520, "scale", f"f16 cannot hold {scale}, from value {start} on")
        refuse_if(abs(bias) >= 65520, "bias", f"f16 cannot hold {bias}, from value {start} on")
        inverse = f32(1 / scale)
        steps = [f32(f32(value - origin) * inverse) for value in values]
        # Half away from zero: the half may be added first in binary64, but not in f32 (ENC-Q2).
        whole = [int(step + math.copysign(0.5, step)) + middle for step in steps]
        nibbles = [min(max(number, 0), 15) for number in whole] + [0] * (32 - len(values))
        pairs = [even | odd << 4 for even, odd in zip(nibbles[::2], nibbles[1::2])]
        blocks += struct.pack("<ee16B", scale, bias, *pairs)
    return {"blocks": blocks.hex()}


def load(request):
    path, maximum = request["path"], 2 ** request.get("address_width", 64) - 1
    # O_NONBLOCK, as the open of a FIFO would otherwise wait for a writer.
    with open(path, "rb", 0, opener=lambda name, flag: os.open(name, flag | os.O_NONBLOCK)) as file:
        refuse_if(not os.path.isfile(file.fileno()), "not_a_file", "not a regular file")
        size = os.fstat(file.fileno()).st_size
        refuse_if(size > maximum, "overflow", "the file is too long for an address")
        if request.get("entry") == "map" and size > 0:  # an empty file cannot be mapped
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
                return read_image(data, maximum, request.get("expected_shape"))
        return read_image(file.read(), maximum, request.get("expected_shape"))


def save(request):
    numbers = [*request["shape"], request["original_len"]]
    image = struct.pack(f"<4sII{len(numbers)}Q", b"KHQ4", 2, len(numbers) - 1, *numbers)
    image += bytes.fromhex(request["blocks"])
    read_image(image)  # a writer refuses what a reader would refuse (KHQ4-W2)
    # A folder beside the target, so that whatever fails takes the half-written file with it.
    with tempfile.TemporaryDirectory(dir=os.path.dirname(request["path"])) as folder:
        with open(os.path.join(folder, "aside"), "wb") as file:
            file.write(image)
        os.replace(file.name, request["path"])
    return {}


if __name__ == "__main__":
    operations = {"decode": decode, "encode": encode, "load_khq4": load, "save_khq4": save}
    for request in map(json.loads, open(0, encoding="utf-8")):
        operation = operations.get(request["op"])
        try:
            answer = {"result": operation(request)} if operation else {"unsupported": True}
        except RefusedError as refusal:
            answer = {"refused": dict(zip(("class", "message"), refusal.args))}
        except OSError as error:
            kind = "not_a_file" if isinstance(error, IsADirectoryError) else "io"
            answer = {"refused": {"class": kind, "message": str(error)}}
        answer = HELLO if request["op"] == "hello" else {"seq": request["seq"], **answer}
        print(json.dumps(answer), flush=True)
