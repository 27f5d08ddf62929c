"""KHQ4 version 2 and KHF1 version 1 in plain Python, with the products, the rotation, the blocks of ggml, the groups
of MLX and the directories, written from SPEC.md (its clauses are cited) and PROTOCOL.md.

Behaviours: separate, zero-scale-negative, signed-scale, zero-first, padding-zero, zero-bias-positive, rounded-once,
flat-rows, follow-links, zero-positive, exponent-field, code-first.
Maps: see KHQ4-A4."""
import array
import bisect
import contextlib
import itertools
import json
import math
import mmap
import operator
import os
import struct
import tempfile

FEATURES = ["expected-shape:khq4", "expected-shape:khf1", "width-32:khq4", "width-32:khf1", "source-f16:khq4",
            "source-bf16:khq4", "source-f64:khq4", "to-f16:khq4", "directory:khq4", "tensor-scale:nvfp4"]
ENTRIES = {"load:khq4": ["copy", "map"], "load:khf1": ["copy", "map"]}
VERSIONS = {b"KHQ4": 2, b"KHF1": 1}
FORMS = {"f16": "<e", "f32": "<f", "f64": "<d"}  # those of struct
GAMMA = 0x9E3779B97F4A7C15  # of section 13
JSON_BYTES = 2 ** 24  # IDX-2
IQ4 = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)  # NL-1
E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0)  # MX-1, zero-positive
E2M1_MIDDLES = (0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0)  # between neighbours of the first half


class RefusedError(Exception):
    """An input that must not be taken; the arguments are a class of ERR-1 and a message."""


class UnsupportedError(Exception):
    """A word or a type of floats that this codec does not know."""


def refuse_if(fault, kind, message):
    if fault:
        raise RefusedError(kind, message)


def f32(number):
    """Round binary64 to f32. As 53 >= 2 * 24 + 2, one +, -, *, / or square root of f32 numbers in
    binary64, rounded here at once, has the bits of the f32 operation, though it is rounded twice."""
    return array.array("f", [number])[0]  # gives infinities, where struct.pack would raise


def pack_f32(number):
    return struct.pack("<f", number)


def pack_f16(number):
    """Round binary64 to f16, once; struct.pack alone would raise where the result is an infinity."""
    return struct.pack("<e", number if abs(number) < 65520 else math.copysign(math.inf, number))


def check_f16(values):
    """Refuse infinities and NaNs (KHF1-P2, F16-2). The high byte of an f16 holds its whole exponent."""
    refuse_if(any(high & 0x7C == 0x7C for high in values[1::2]), "value", "a value is not a finite f16")


def choose(word, words):
    if word not in words:
        raise UnsupportedError
    return word


def read_floats(floats, types):
    """Give the type of some floats, and their bytes."""
    (kind, digits), = floats.items()
    return choose(kind, types), bytes.fromhex(digits)


def give_values(kind, data):
    return {"values": {kind: data.hex()}}


def give_blocks(data):
    return {"encoded": {"blocks": data.hex()}}


def check_extent(have, need):
    refuse_if(have < need, "truncated_payload", f"{have} bytes of payload, not {need}")
    refuse_if(have > need, "trailing_bytes", f"{have} bytes of payload, not {need}")


def read_numbers(floats, kind, count):
    """Read a known number of values of one type into an array."""
    form, (_, data) = FORMS[kind], read_floats(floats, [kind])
    need = count * struct.calcsize(form)
    refuse_if(len(data) != need, "shape_mismatch", f"{len(data)} bytes of values, not {need}")
    return array.array(form[1], (number for number, in struct.iter_unpack(form, data)))


def check_shape(shape, count, maximum=2 ** 64 - 1):
    product = 0 if 0 in shape else 1  # zero-first (KHQ4-H6)
    for dimension in shape:
        product *= dimension  # exact, and checked at each step so that it stays short
        refuse_if(product > maximum, "overflow", "the product of the shape is too large")
    refuse_if(product != count, "shape_mismatch", f"the shape has {product} values, not {count}")


def check_stored(scale, bias, at, zero_scale):
    lawful = math.isfinite(scale) and (scale != 0 or zero_scale)
    refuse_if(not lawful, "scale", f"{scale} at byte {at}")
    refuse_if(not math.isfinite(bias), "bias", f"{bias} at byte {at + 2}")


def split_halves(levels, pairs):
    """Take for each code its level: first of all low nibbles, then of all high ones (Q40-1)."""
    return [levels[pair & 15] for pair in pairs] + [levels[pair >> 4] for pair in pairs]


def weigh_nibbles(data, at, pack, zero_scale=False):
    """Check the scale and the bias at the head of a block. Give the packed values of its low nibbles and
    those of its high ones."""
    scale, bias = struct.unpack_from("<ee", data, at)
    check_stored(scale, bias, at, zero_scale)
    # Product and sum are exact in binary64, so that pack rounds once; 0 * -scale is -0 (DEC-2).
    levels = [pack(nibble * scale + bias) for nibble in range(16)]
    pairs = data[at + 4:at + 20]
    return [levels[pair & 15] for pair in pairs], [levels[pair >> 4] for pair in pairs]


def weigh_khq4(data, at, pack):
    """KHQ4-P3, and pairs in sequence (BLK-2)."""
    return itertools.chain(*zip(*weigh_nibbles(data, at, pack)))


def weigh_q4_1(data, at, pack):
    """GGML-2, and split halves (GGML-1)."""
    low, high = weigh_nibbles(data, at, pack, zero_scale=True)
    return low + high


def weigh_q4_0(data, at, pack):
    """Q40-2, and split halves (Q40-1). Each product is exact in f32; 0 * -scale is -0."""
    scale, *pairs = struct.unpack_from("<e16B", data, at)
    check_stored(scale, 0.0, at, True)
    return split_halves([pack((nibble - 8) * scale) for nibble in range(16)], pairs)


def weigh_q8_0(data, at, pack):
    """Q8-2: a scale and 32 signed bytes. Each product is exact in f32; 0 * -scale is -0."""
    scale, *codes = struct.unpack_from("<e32b", data, at)
    check_stored(scale, 0.0, at, True)
    return [pack(code * scale) for code in codes]


def add_fifth_bits(pairs, bits):
    """Make 32 codes: nibbles in split halves, and bit j of an integer above nibble j (Q50-1)."""
    nibbles = split_halves(range(16), pairs)
    return [nibble | (bits >> index & 1) << 4 for index, nibble in enumerate(nibbles)]


def weigh_q5_0(data, at, pack):
    """Q50-2. Each product is exact in f32; 0 * -scale is -0."""
    scale, bits, *pairs = struct.unpack_from("<eI16B", data, at)
    check_stored(scale, 0.0, at, True)
    levels = [pack((code - 16) * scale) for code in range(32)]
    return [levels[code] for code in add_fifth_bits(pairs, bits)]


def weigh_q5_1(data, at, pack):
    """Q51-2. Product and sum are exact in binary64, so that pack rounds once."""
    scale, bias, bits, *pairs = struct.unpack_from("<eeI16B", data, at)
    check_stored(scale, bias, at, True)
    levels = [pack(code * scale + bias) for code in range(32)]
    return [levels[code] for code in add_fifth_bits(pairs, bits)]


def weigh_k(data, at, pack, sub_blocks, bits):
    """Q4K-2, of eight sub-blocks of codes. Products and difference are exact in binary64, so that pack rounds once."""
    scale, least, *packed = struct.unpack_from("<ee12B", data, at)
    check_stored(scale, 0.0, at, True)
    check_stored(least, 0.0, at + 2, True)
    first, second, third = packed[:4], packed[4:8], packed[8:]
    scales = [one & 63 for one in first] + [low & 15 | high >> 6 << 4 for low, high in zip(third, first)]
    minima = [one & 63 for one in second] + [low >> 4 | high >> 6 << 4 for low, high in zip(third, second)]
    values = []
    for codes, factor, minimum in zip(sub_blocks, scales, minima):
        factor, minimum = scale * factor, least * minimum
        levels = [pack(factor * code - minimum) for code in range(2 ** bits)]
        values += [levels[code] for code in codes]
    return values


def nibbles_of_runs(data, start):
    """Give the nibbles of eight sub-blocks, in four runs of 32 bytes (Q4K-1)."""
    for at in range(start, start + 128, 32):
        pairs = data[at:at + 32]
        yield [pair & 15 for pair in pairs]
        yield [pair >> 4 for pair in pairs]


def weigh_q4_k(data, at, pack):
    return weigh_k(data, at, pack, nibbles_of_runs(data, at + 16), 4)


def weigh_q5_k(data, at, pack):
    """Q5K-1: bit j of byte i is the fifth bit of weight i of sub-block j."""
    above = data[at + 16:at + 48]
    sub_blocks = ([nibble | (one >> index & 1) << 4 for nibble, one in zip(nibbles, above)]
                  for index, nibbles in enumerate(nibbles_of_runs(data, at + 48)))
    return weigh_k(data, at, pack, sub_blocks, 5)


def weigh_q6_k(data, at, pack):
    """Q6K-2. A product has 11 + 7 + 5 bits at most, and so is exact; a zero has the sign of d * s."""
    *scales, scale = struct.unpack_from("<16be", data, at + 192)
    check_stored(scale, 0.0, at + 208, True)
    factors, values = [scale * factor for factor in scales], []
    for index in range(8):  # runs of 32 weights, of which each half has a scale
        half, run = divmod(index, 4)
        low_at, high_at, shift = at + 64 * half + 32 * (run % 2), at + 128 + 32 * half, 4 if run >= 2 else 0
        pairs = zip(data[low_at:low_at + 32], data[high_at:high_at + 32])
        codes = [(low >> shift & 15 | (high >> 2 * run & 3) << 4) - 32 for low, high in pairs]
        values += [pack(factors[2 * index] * code) for code in codes[:16]]
        values += [pack(factors[2 * index + 1] * code) for code in codes[16:]]
    return values


def weigh_iq4_nl(data, at, pack):
    """NL-2. Each product is exact in f32."""
    scale, *pairs = struct.unpack_from("<e16B", data, at)
    check_stored(scale, 0.0, at, True)
    return split_halves([pack(value * scale) for value in IQ4], pairs)


def weigh_iq4_xs(data, at, pack):
    """XS-2. Both products are exact in f32; the first may be a zero, with the sign of d."""
    scale, high, *low = struct.unpack_from("<eH4B", data, at)
    check_stored(scale, 0.0, at, True)
    values = []
    for index in range(8):
        factor = scale * ((low[index // 2] >> 4 * (index % 2) & 15 | (high >> 2 * index & 3) << 4) - 32)
        start = at + 8 + 16 * index
        values += split_halves([pack(factor * value) for value in IQ4], data[start:start + 16])
    return values


def weigh_mxfp4(data, at, pack):
    """MX-2. Powers of two are exact, and f32() makes an infinity of what is too large."""
    refuse_if(data[at] == 255, "scale", f"an exponent of 255 at byte {at}")
    levels = [pack(f32(math.ldexp(value, data[at] - 127))) for value in E2M1]
    return split_halves(levels, data[at + 1:at + 17])


def weigh_nvfp4(data, at, pack):
    """NV-2. Each product is exact in f32; a code below zero times a scale of zero is -0."""
    values = []
    for index, scale in enumerate(data[at:at + 4]):
        refuse_if(scale >= 0x7F, "scale", f"a scale of {scale:#x} at byte {at + index}")
        field, fraction = divmod(scale, 8)  # NV-1
        factor = math.ldexp(8 + fraction, field - 10) if field else math.ldexp(fraction, -9)
        start = at + 4 + 8 * index
        values += split_halves([pack(value * factor) for value in E2M1], data[start:start + 8])
    return values


def read_blocks(data, count, start=0, pack=pack_f32, weigh=weigh_khq4, size=20, weights=32):
    """Check the blocks from start to the end of data and give their values, packed."""
    check_extent(len(data) - start, (count + weights - 1) // weights * size)  # Python does not wrap (KHQ4-H8)
    values, known = bytearray(), {}
    for at in range(start, len(data), size):
        block = bytes(data[at:at + size])
        if block not in known:
            known[block] = b"".join(weigh(data, at, pack))
        values += known[block]
    del values[count * len(pack(0)):]  # the padding
    return values


def read_header(data, magic, maximum, expected_shape):
    """Read and check all that is in front of the payload."""
    version, ndim = (int.from_bytes(data[at:at + 4], "little") for at in (4, 8))
    start = 20 + 8 * ndim
    refuse_if(len(data) < 4, "truncated_header", "the file ends inside its magic")
    refuse_if(data[:4] != magic, "magic", f"the file does not begin with {magic.decode()}")
    refuse_if(len(data) < 8, "truncated_header", "the file ends inside its version")
    legacy = magic == b"KHQ4" and version == 1
    refuse_if(legacy, "legacy_version", "version 1: quantize the weights again")
    refuse_if(version != VERSIONS[magic], "version", f"unknown version {version}")
    refuse_if(len(data) < 12, "truncated_header", "the file ends inside ndim")
    refuse_if(ndim > (len(data) - 12) // 8, "dimensions", f"no room for {ndim} dimensions")
    refuse_if(len(data) < start, "truncated_header", "the file ends in front of its payload")
    # Arrays, as a list of integers could take more than 4 L (KHQ4-A3).
    shape = array.array("Q", (number for number, in struct.iter_unpack("<Q", data[12:start])))
    refuse_if(max(shape) > maximum, "overflow", "a number of the header is too large")
    count = shape.pop()
    check_shape(shape, count, maximum)
    expected = shape if expected_shape is None else array.array("Q", expected_shape)
    refuse_if(shape != expected, "expected_shape", f"the shape is not {expected_shape}")
    return shape, count, start


def read_image(data, magic, maximum=2 ** 64 - 1, expected_shape=None):
    """Read the bytes or the map of a file. A kept view of a map would keep it from closing."""
    shape, count, start = read_header(data, magic, maximum, expected_shape)
    if magic == b"KHQ4":
        values = read_blocks(data, count, start)
        return {"shape": shape.tolist(), **give_values("f32", values), "blocks": data[start:].hex()}
    check_extent(len(data) - start, 2 * count)  # Python does not wrap (KHF1-H3)
    values = data[start:]
    check_f16(values)
    return {"shape": shape.tolist(), **give_values("f16", values)}


def decode_khq4(request):
    """Decode by section 7, or with `to` by section 11. Padding that f16 could not hold is gone before the
    check (F16-2)."""
    data, count = bytes.fromhex(request["blocks"]), request["original_len"]
    if "to" not in request:
        return give_values("f32", read_blocks(data, count))
    choose(request["to"], ["f16"])
    values = read_blocks(data, count, pack=pack_f16)
    check_f16(values)
    return give_values("f16", values)


def decode_whole(request, weigh, size, weights=32, pack=pack_f32):
    """Decode a format of section 14, which has whole blocks only: so many bytes for so many weights."""
    data, count = bytes.fromhex(request["blocks"]), request["original_len"]
    refuse_if(count % weights, "shape", f"{count} values are not whole blocks")
    return give_values("f32", read_blocks(data, count, 0, pack, weigh, size, weights))


def decode_nvfp4(request):
    """Decode, with a scale of the tensor where there is one (NV-3). Its product with what the blocks give is exact in
    binary64, so that f32() rounds once."""
    if "tensor_scale" not in request:
        return decode_whole(request, weigh_nvfp4, 36, 64)
    scale, = read_numbers(request["tensor_scale"], "f32", 1)
    refuse_if(scale == 0 or not math.isfinite(scale), "scale", f"a tensor's scale of {scale}")
    return decode_whole(request, weigh_nvfp4, 36, 64, lambda number: pack_f32(f32(number * scale)))


def read_source(request, types):
    """Give the values of an encoder's request, all finite; f32() widens, or rounds an f64 once (ENC-S5)."""
    kind, data = read_floats(request["values"], types)
    if kind == "bf16":  # upper halves of f32 numbers
        data, kind = b"".join(b"\0\0" + data[at:at + 2] for at in range(0, len(data), 2)), "f32"
    order, form = FORMS[kind]
    count = len(data) // struct.calcsize(form)
    source = array.array("f", struct.unpack(f"{order}{count}{form}", data))  # rounds as f32() does
    check_shape(request["shape"], len(source))
    if not all(map(math.isfinite, source)):
        faults = [index for index, value in enumerate(source) if not math.isfinite(value)]
        refuse_if(faults, "non_finite", f"the values {faults}")
    return source


def encode_blocks(source, encode_block):
    """Encode block by block. Equal blocks are encoded once; by their bytes, as 0.0 == -0.0."""
    known, blocks = {}, bytearray()
    for start in range(0, len(source), 32):
        values = source[start:start + 32]
        key = values.tobytes()
        if key not in known:
            known[key] = encode_block(values, start)
        blocks += known[key]
    return give_blocks(blocks)


def pack_block(scale, bias, low, high):
    return struct.pack("<ee16B", scale, bias, *(one | other << 4 for one, other in zip(low, high)))


def round_away(number):
    """Half away from zero: the half may be added first in binary64, but not in f32 (ENC-Q2)."""
    return int(number + math.copysign(0.5, number))


def check_block(scale, bias, start):
    refuse_if(scale >= 65520, "scale", f"f16 cannot hold {scale}, from value {start} on")
    refuse_if(abs(bias) >= 65520, "bias", f"f16 cannot hold {bias}, from value {start} on")


def encode_khq4(request):
    """Encode by section 8; each f32() is one of its roundings."""
    asymmetric = choose(request["mode"], ["asymmetric", "symmetric"]) == "asymmetric"

    def encode_block(values, start):
        low, high = min(values), max(values)
        step = f32(f32(high - low) / 15) if asymmetric else f32(max(-low, high) / 7)
        scale = 1.0 if step <= 2.0 ** -25 else step  # ENC-D1
        # The + 0.0 makes a bias of +0 from a minimum of -0 and changes no other (ENC-Z1).
        origin, middle, bias = (low, 0, low + 0.0) if asymmetric else (0.0, 8, f32(-8 * scale))
        check_block(scale, bias, start)
        inverse = f32(1 / scale)
        steps = [f32(f32(value - origin) * inverse) for value in values]
        whole = [round_away(step) + middle for step in steps]
        nibbles = [min(max(number, 0), 15) for number in whole] + [0] * (32 - len(values))
        return pack_block(scale, bias, nibbles[::2], nibbles[1::2])

    return encode_blocks(read_source(request, ["f32", "f16", "bf16", "f64"]), encode_block)


def encode_whole(request, kind, encode_block):
    """Encode, from one type of floats, to a format that has whole blocks only (sections 14 and 15)."""
    source = read_source(request, [kind])
    refuse_if(len(source) % 32, "shape", f"{len(source)} values are not whole blocks")
    return encode_blocks(source, encode_block)


def reciprocal(scale, start):
    """1 / scale in f32, or 0 for a scale of 0. Where it overflows nothing is demanded: refuse."""
    inverse = 0.0 if scale == 0 else f32(1 / scale)
    refuse_if(math.isinf(inverse), "scale", f"f32 cannot hold 1 / {scale}, from value {start} on")
    return inverse


def encode_q4_1_block(values, start):
    """GGML-3; each f32() is one of its roundings."""
    low = min(values)
    scale = f32(f32(max(values) - low) / 15)
    check_block(scale, low, start)
    inverse = reciprocal(scale, start)
    steps = [f32(f32(f32(value - low) * inverse) + 0.5) for value in values]
    nibbles = [min(int(step), 15) for step in steps]
    return pack_block(scale, low + 0.0, nibbles[:16], nibbles[16:])  # + 0.0 as in encode_khq4


def encode_q4_0_block(values, start):
    """Q40-3; each f32() is one of its roundings. max() gives the first of equals, and a quotient of zero keeps its
    sign, which is that of +0 by -8 for a block of zeros."""
    largest = max(values, key=abs)
    scale = f32(largest / -8) if largest else -0.0
    check_block(abs(scale), 0.0, start)
    inverse = reciprocal(scale, start)
    nibbles = [min(int(f32(f32(value * inverse) + 8.5)), 15) for value in values]
    pairs = (low | high << 4 for low, high in zip(nibbles[:16], nibbles[16:]))
    return struct.pack("<e16B", scale, *pairs)


def encode_q8_0_block(values, start):
    """Q8-3; each f32() is one of its roundings. Even where the scale is subnormal no code is beyond 127."""
    scale = f32(max(map(abs, values)) / 127)
    check_block(scale, 0.0, start)
    inverse = reciprocal(scale, start)
    return struct.pack("<e32b", scale, *(round_away(f32(value * inverse)) for value in values))


def encode_mxfp4_block(values, start):
    """MX-3. All is exact in binary64. A value in the middle of two has the code before the second."""
    largest = max(map(abs, values))
    exponent = math.frexp(largest)[1] + 124 if largest else 0  # frexp() gives floor(log2) + 1
    refuse_if(exponent < 0, "scale", f"no exponent for {largest}, from value {start} on")
    codes = []
    for value in values:
        code = bisect.bisect_left(E2M1_MIDDLES, math.ldexp(abs(value), 127 - exponent))
        codes.append(code + 8 if value < 0 and code else code)
    return bytes([exponent, *(low | high << 4 for low, high in zip(codes[:16], codes[16:]))])


def encode_mlx_block(values, start):
    """MLX-2; each f32() is one of its roundings, and round() is its rint. No scale or bias is too large for
    f16: a scale is at most 65504 / 7."""
    low, high = min(values), max(values)
    scale, edge, bias = max(f32(f32(high - low) / 15), f32(1e-7)), low, 0.0
    if abs(low) <= abs(high):
        scale, edge = -scale, high
    steps = round(f32(edge / scale))
    if steps != 0:
        scale, bias = f32(edge / steps), edge
    whole = [round(f32(f32(value - bias) / scale)) for value in values]
    nibbles = [min(max(number, 0), 15) for number in whole]
    return pack_block(scale, bias, nibbles[::2], nibbles[1::2])


def matmul(request):
    """Multiply by f32 weights (DEC-1), each of which is off by at most 2^-24 |w|; their products with x are
    exact in binary64, their sum nearly so, and its rounding is off by 2^-24 |y|: within DOT-1."""
    rows, columns, vectors = request["rows"], request["columns"], request["vectors"]
    blocks = read_blocks(bytes.fromhex(request["blocks"]), rows * columns)  # flat, so that DOT-4 needs no more
    source = read_numbers(request["x"], "f32", vectors * columns)
    if columns == 0:  # empty sums, and no extent bounds their number
        refuse_if(rows * vectors > 2 ** 20, "shape", f"{rows} times {vectors} sums of nothing")
        return give_values("f32", bytes(4 * rows * vectors))
    weights = array.array("f", (weight for weight, in struct.iter_unpack("<f", blocks)))
    matrix = [weights[at:at + columns] for at in range(0, len(weights), columns)]
    values = bytearray()
    for at in range(0, len(source), columns):
        vector = source[at:at + columns]
        values += b"".join(pack_f32(f32(sum(map(operator.mul, row, vector)))) for row in matrix)
    return give_values("f32", values)


def mix(number):
    modulus = 2 ** 64
    number %= modulus
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 % modulus
    number = (number ^ number >> 27) * 0x94D049BB133111EB % modulus
    return number ^ number >> 31


def signs(seed, length):
    """ROT-1: the state has moved twice when the first sign is taken."""
    return [-1 if mix(seed + index * GAMMA) % 2 else 1 for index in range(2, length + 2)]


def multiply(values, factors):
    """Multiply row by row; an array of f32 rounds as f32() does, one of f64 changes nothing."""
    return array.array(values.typecode, map(operator.mul, values, itertools.cycle(factors)))


def transform(values, length):
    """Transform every run of a length (ROT-2), all runs at once: each begins at a multiple of the length."""
    half = 1
    while half < length:
        values = array.array(values.typecode, [
            values[index - half] - values[index] if index & half else values[index] + values[index + half]
            for index in range(len(values))])
        half *= 2
    root, = array.array(values.typecode, [math.sqrt(length)])
    return multiply(values, array.array(values.typecode, [1 / root]))


def transpose(values, columns):
    return array.array(values.typecode, itertools.chain(*(values[at::columns] for at in range(columns))))


def rotate(request):
    """Rotate by section 13, in its canonical order."""
    kind, = request["values"]
    choose(kind, ["f32", "f64"])
    rows, columns, output_side = request["rows"], request["columns"], request["side"] == "output"
    length = rows if output_side else columns
    run, seeds = request.get("block", length), [request["seed"]]
    refuse_if(run < 1 or run & run - 1, "shape", f"{run} is not a power of two")  # ROT-4
    if "block" in request:  # ROT-5
        fault = not 1 <= length <= 2 ** 24 or length % run or length // run > 4096
        refuse_if(fault, "shape", f"{length} values cannot be rotated in runs of {run}")
        seeds = [mix(request["seed"] + index * GAMMA) for index in range(length // run)]
    values = read_numbers(request["values"], kind, rows * columns)
    if "gamma" in request:  # ROT-7
        gamma = read_numbers(request["gamma"], kind, columns)
        values = multiply(values, array.array(values.typecode, [1 + number for number in gamma]))
    if not values:
        return give_values(kind, b"")  # here no extent bounds the length
    values = transpose(values, columns) if output_side else values
    changes = [sign for seed in seeds for sign in signs(seed, run)]
    values = transform(values, run) if request["inverse"] else multiply(values, changes)
    values = multiply(values, changes) if request["inverse"] else transform(values, run)
    values = transpose(values, rows) if output_side else values
    return give_values(kind, struct.pack(f"<{len(values)}{values.typecode}", *values))


@contextlib.contextmanager
def open_regular(path):
    """Open a regular file and give its size too (KHQ4-A1)."""
    # O_NONBLOCK, as the open of a FIFO would otherwise wait for a writer.
    with open(path, "rb", 0, opener=lambda name, flag: os.open(name, flag | os.O_NONBLOCK)) as file:
        refuse_if(not os.path.isfile(file.fileno()), "not_a_file", "not a regular file")
        yield file, os.fstat(file.fileno()).st_size


def load(request, magic):
    maximum = 2 ** request.get("address_width", 64) - 1
    with open_regular(request["path"]) as (file, size):
        refuse_if(size > maximum, "overflow", "the file is too long for an address")
        if request.get("entry") == "map" and size > 0:  # an empty file cannot be mapped
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
                tensor = read_image(data, magic, maximum, request.get("expected_shape"))
        else:
            tensor = read_image(file.read(), magic, maximum, request.get("expected_shape"))
        return {"tensors": [tensor]}


def save(path, magic, shape, count, payload):
    numbers = [*shape, count]
    image = struct.pack(f"<4sII{len(numbers)}Q", magic, VERSIONS[magic], len(numbers) - 1, *numbers) + payload
    read_image(image, magic)  # a writer refuses what a reader would refuse (KHQ4-W2)
    # A folder beside the target, so that whatever fails takes the half-written file with it.
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder:
        with open(os.path.join(folder, "aside"), "wb") as file:
            file.write(image)
        os.replace(file.name, path)
    return "saved"


def save_khq4(request):
    tensor, = request["tensors"]
    payload = bytes.fromhex(tensor["blocks"])
    return save(request["path"], b"KHQ4", tensor["shape"], tensor["original_len"], payload)


def save_khf1(request):
    tensor, = request["tensors"]
    _, payload = read_floats(tensor["values"], ["f16"])
    # Half a value is one byte too many.
    return save(request["path"], b"KHF1", tensor["shape"], len(payload) // 2, payload)


def read_json(path):
    """Read a JSON file (IDX-3), and refuse what the parser takes beyond RFC 8259, or cannot take."""
    with open_regular(path) as (file, size):
        refuse_if(size > JSON_BYTES, "index_size", f"{size} bytes of JSON")
        data = file.read(JSON_BYTES)
    try:
        # As a constant is a NaN or an infinity, int raises. 22 characters tell whether an integer is in u64,
        # and int has a limit to more.
        return json.loads(data.decode("utf-8"), parse_constant=int, parse_int=lambda digits: int(digits[:22]))
    except (ValueError, RecursionError) as error:
        raise RefusedError("index", f"not JSON in UTF-8: {error}") from None


def is_text(value):
    """Tell whether it is a string, and one of characters: JSON can escape half a surrogate pair."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def is_u64(value):
    return type(value) is int and 0 <= value < 2 ** 64  # a boolean is an int of another type


def is_shape(value):
    return isinstance(value, list) and all(map(is_u64, value))


TENSOR_KEYS = {"name": is_text, "file": is_text, "quantized": lambda value: isinstance(value, bool),
               "shape": is_shape, "numel": is_u64}  # IDX-4


def read_tensor(tensor):
    refuse_if(not isinstance(tensor, dict), "index", "a tensor is no object")
    refuse_if("name" not in tensor or "file" not in tensor, "index", "a tensor without name or file")
    tensor = {key: tensor[key] for key in TENSOR_KEYS if key in tensor}
    for key, value in tensor.items():
        refuse_if(not TENSOR_KEYS[key](value), "index", f"the {key} of a tensor is none")
    return tensor


def check_path(name):
    """IDX-6, for a name that may belong to no file."""
    outside = name.startswith("/") or ".." in name.split("/")
    refuse_if(outside or not name or "\0" in name, "path", f"the file {name!r}")


def check_distinct(texts, what):
    refuse_if(len(set(texts)) < len(texts), "duplicate", f"two tensors of the same {what}")


def has_entry(path):
    """Tell whether a folder has an entry, were it a link to nothing (IDX-1); other errors are raised."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def list_directory(folder):
    """Read an index by IDX-1 to IDX-7."""
    os.stat(folder)  # raises where there is no directory, which is not one without an index
    path = os.path.join(folder, "quantize_index.json")
    if not has_entry(path):
        return {"form": "absent", "tensors": []}
    document = read_json(path)
    index = {"form": "object" if isinstance(document, dict) else "array"}
    if index["form"] == "object" and "quarot_seed" in document:
        index["quarot_seed"] = document["quarot_seed"]
        refuse_if(not is_u64(index["quarot_seed"]), "index", "quarot_seed is no u64")  # IDX-5
    tensors = document.get("tensors") if index["form"] == "object" else document
    refuse_if(not isinstance(tensors, list), "index", "no array of tensors")
    index["tensors"] = [read_tensor(tensor) for tensor in tensors]
    for tensor in index["tensors"]:
        check_path(tensor["file"])
    check_distinct([tensor["name"] for tensor in index["tensors"]], "name")  # IDX-7
    check_distinct([tensor["file"] for tensor in index["tensors"]], "file")
    return index


def check_file(path, tensor):
    """Check the file of a tensor, all of its payload included, and what the index says of it (IDX-8)."""
    try:
        with open_regular(path) as (file, _):
            data = file.read()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RefusedError("missing", str(error)) from None
    magic = b"KHF1" if data[:4] == b"KHF1" else b"KHQ4"
    shape = read_image(data, magic)["shape"]
    quantized = magic == b"KHQ4"
    refuse_if(tensor.get("quantized", quantized) != quantized, "index", f"quantized, of {path}")
    refuse_if(tensor.get("shape", shape) != shape, "shape_mismatch", f"the shape of {path} is {shape}")
    if "numel" in tensor:
        check_shape(shape, tensor["numel"])


def open_directory(folder, index):
    """Check all that an index names (IDX-8). Links are followed wherever they lead (IDX-9)."""
    path = os.path.join(folder, "config.json")
    refuse_if(not has_entry(path), "missing", "no config.json")
    config = read_json(path)
    refuse_if(not isinstance(config, dict), "index", "config.json is no object")
    refuse_if(not is_u64(config.get("quarot_seed", 0)), "index", "the quarot_seed of config.json is no u64")
    for tensor in index["tensors"]:
        check_file(os.path.join(folder, tensor["file"]), tensor)
    seedless = index["form"] == "object" and "quarot_seed" not in index and "quarot_seed" not in config
    refuse_if(seedless, "missing", "rotated weights without their seed")


def read_index(request):
    index = list_directory(request["path"])
    if request.get("open"):
        open_directory(request["path"], index)
    return {"index": index}


def is_quantized(name, rank):
    """IDX-11, in its order."""
    if rank < 2:
        return False
    if name.endswith((".experts.gate_up_proj", ".experts.down_proj")):
        return True
    if not name.endswith(".weight"):
        return False
    if name[:-len(".weight")].endswith(("_proj", "_proj_a", "_proj_b", "_proj_qkv", "_proj_z", "lm_head",
                                        "embed_tokens")):
        return True
    return not ("norm.weight" in name or "norm_" in name or name.endswith("conv1d.weight"))


def name_tensors(request):
    """IDX-10. Python's isalnum() takes the characters of the general categories L* and N*."""
    names, files = [tensor["name"] for tensor in request["tensors"]], []
    for tensor in request["tensors"]:
        stem = "".join(one if one.isalnum() or one == "-" else "_" for one in tensor["name"])
        files.append(stem + (".q4" if is_quantized(tensor["name"], tensor["rank"]) else ".f16"))
    check_distinct(names, "name")
    check_distinct(files, "file")
    return {"files": files}


OPERATIONS = {
    "decode:khq4": decode_khq4,
    "decode:q4_0": lambda request: decode_whole(request, weigh_q4_0, 18),
    "decode:q4_1": lambda request: decode_whole(request, weigh_q4_1, 20),
    "decode:q8_0": lambda request: decode_whole(request, weigh_q8_0, 34),
    "decode:q5_0": lambda request: decode_whole(request, weigh_q5_0, 22),
    "decode:q5_1": lambda request: decode_whole(request, weigh_q5_1, 24),
    "decode:q4_k": lambda request: decode_whole(request, weigh_q4_k, 144, 256),
    "decode:q5_k": lambda request: decode_whole(request, weigh_q5_k, 176, 256),
    "decode:q6_k": lambda request: decode_whole(request, weigh_q6_k, 210, 256),
    "decode:iq4_nl": lambda request: decode_whole(request, weigh_iq4_nl, 18),
    "decode:iq4_xs": lambda request: decode_whole(request, weigh_iq4_xs, 136, 256),
    "decode:mxfp4": lambda request: decode_whole(request, weigh_mxfp4, 17),
    "decode:nvfp4": decode_nvfp4,
    "encode:khq4": encode_khq4,
    "encode:q4_0": lambda request: encode_whole(request, "f32", encode_q4_0_block),
    "encode:q4_1": lambda request: encode_whole(request, "f32", encode_q4_1_block),
    "encode:q8_0": lambda request: encode_whole(request, "f32", encode_q8_0_block),
    "encode:mxfp4": lambda request: encode_whole(request, "f32", encode_mxfp4_block),
    "encode:mlx": lambda request: encode_whole(request, "f16", encode_mlx_block),
    "load:khq4": lambda request: load(request, b"KHQ4"),
    "load:khf1": lambda request: load(request, b"KHF1"),
    "save:khq4": save_khq4,
    "save:khf1": save_khf1,
    "matmul:khq4": matmul,
    "rotate:quarot": rotate,
    "read_index:khq4": read_index,
    "name_tensors:khq4": name_tensors,
}
HELLO = {"protocol": 1, "name": "q4_codec", "version": "1.0.0", "language": "Python",
         "capabilities": [*OPERATIONS, *FEATURES], "entries": ENTRIES}


def answer(request):
    operation = f"{request['op']}:{request.get('format')}"
    try:
        choose(operation, OPERATIONS)
        if "entry" in request:
            choose(request["entry"], ENTRIES.get(operation, []))
        return {"result": OPERATIONS[operation](request)}
    except UnsupportedError:
        return {"unsupported": True}
    except RefusedError as refusal:
        return {"refused": dict(zip(("class", "message"), refusal.args))}
    except OSError as error:
        kind = "not_a_file" if isinstance(error, IsADirectoryError) else "io"
        return {"refused": {"class": kind, "message": str(error)}}


if __name__ == "__main__":
    for request in map(json.loads, open(0, encoding="utf-8")):
        reply = HELLO if request["op"] == "hello" else {"seq": request["seq"], **answer(request)}
        print(json.dumps(reply), flush=True)
