"""Lets q4proof ask `mlx`, Apple's array library, its groups of 32 weights with 4 bits, on a CPU.

MLX keeps the scales, the biases and the nibbles in arrays of their own. This file takes blocks apart
into these arrays, and makes blocks of them again. Everything else is MLX's answer, handed on as it was
given:

* Nothing is checked on MLX's behalf. How many values, rows and columns a request has goes into the
  shapes of its arrays. Whether the bytes fill these shapes is for MLX to say.
* An exception is a refusal, in MLX's own words and without a class: sorting its prose into classes
  would test the sorting. That holds for the making of arrays too, which are MLX's as well. An
  assertion that fails, or memory that runs out, is no refusal. Both end this process, as they would
  end a real program, and the harness counts a crash.
* MLX computes in the type of the scales. Blocks have f16 and the answers are f32, so MLX is asked to
  widen scales and biases first. The argument `dtype` of mlx.core.dequantize would widen f16 results.
* MLX's matrices are rows of whole groups. A row that is not is given the groups that it would take.
  Flat values, which MLX would not take, are given as a matrix with one row.

The entries are the public ways to one product. The layers of mlx.nn are not among them, because they
call nothing else. The other operations have one way in, mlx.core.dequantize and mlx.core.quantize.

  matrix  mlx.core.quantized_matmul, given all vectors as one matrix
  batch   the same, given each vector as a matrix with one row, as language models do
  gather  mlx.core.gather_qmm, given each vector so, and the matrix as the only one of a collection
"""

import json
import os
from importlib.metadata import version

import mlx.core as mx

GROUPS = {"group_size": 32, "bits": 4}


class Refused(Exception):
    """MLX raised an exception, of this type and with this message."""


def whole_groups(count):
    return -(-count // 32)


def take_apart(blocks, rows, groups):
    """Give nibbles, scales and biases of a matrix, in the order in which MLX's functions take them."""
    blocks = mx.array(blocks).reshape(rows, groups, 20)
    scales = blocks[:, :, 0:2].view(mx.float16).reshape(rows, groups)
    biases = blocks[:, :, 2:4].view(mx.float16).reshape(rows, groups)
    words = blocks[:, :, 4:20].view(mx.uint32).reshape(rows, 4 * groups)
    return words, scales.astype(mx.float32), biases.astype(mx.float32)


def data(array):
    # This is where MLX computes: until then an array is only a plan.
    return bytes(memoryview(array))


def pieces(whole, length):
    return (whole[at : at + length] for at in range(0, len(whole), length))


def dequantize(blocks, count):
    # The padding of the last block comes out as well. It is cut off.
    return data(mx.dequantize(*take_apart(blocks, 1, whole_groups(count)), **GROUPS))[: 4 * count]


def quantize(values, shape):
    matrix = mx.atleast_2d(mx.array(values).view(mx.float16).reshape(shape))
    words, scales, biases = map(data, mx.quantize(matrix, **GROUPS))
    groups = zip(pieces(scales, 2), pieces(biases, 2), pieces(words, 16))
    return b"".join(map(b"".join, groups))


def gather(x, matrix):
    collection = (array[None] for array in matrix)
    return mx.gather_qmm(x[:, None], *collection, rhs_indices=mx.zeros(len(x), mx.uint32), **GROUPS)


PRODUCTS = {
    "matrix": lambda x, matrix: mx.quantized_matmul(x, *matrix, **GROUPS),
    "batch": lambda x, matrix: mx.quantized_matmul(x[:, None], *matrix, **GROUPS),
    "gather": gather,
}


def multiply(product, blocks, rows, columns, x, vectors):
    x = mx.array(x).view(mx.float32).reshape(vectors, columns)
    return data(product(x, take_apart(blocks, rows, whole_groups(columns))))


def ask(function, *arguments):
    """Give what MLX returns. Only what is raised within the call is its refusal."""
    try:
        return function(*arguments).hex()
    except (AssertionError, MemoryError):
        raise
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}") from error


class Unknown(Exception):
    """A word that this file does not know."""


def named(table, name):
    if name not in table:
        raise Unknown
    return table[name]


def decode(request):
    values = ask(dequantize, bytes.fromhex(request["blocks"]), request["original_len"])
    return {"values": {"f32": values}}


def encode(request):
    values = bytes.fromhex(named(request["values"], "f16"))
    return {"encoded": {"blocks": ask(quantize, values, request["shape"])}}


def matmul(request):
    product = named(PRODUCTS, request.get("entry", "matrix"))
    blocks, rows, columns = bytes.fromhex(request["blocks"]), request["rows"], request["columns"]
    x, vectors = bytes.fromhex(named(request["x"], "f32")), request["vectors"]
    return {"values": {"f32": ask(multiply, product, blocks, rows, columns, x, vectors)}}


OPERATIONS = {"decode:khq4": decode, "matmul:khq4": matmul, "encode:mlx": encode}
HELLO = {
    "protocol": 1,
    "name": "mlx",
    "version": version("mlx"),
    "language": f"Python, mlx-cpu {version('mlx-cpu')}",
    "capabilities": list(OPERATIONS),
    "entries": {"matmul:khq4": list(PRODUCTS)},
}


def answer(request):
    try:
        operation = named(OPERATIONS, f"{request['op']}:{request.get('format')}")
        return {"result": operation(request)}
    except Unknown:
        return {"unsupported": True}
    except Refused as refusal:
        return {"refused": {"message": str(refusal)}}


# What MLX may print, from Python or from below it, is no answer: it goes to standard error.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
for line in open(0, encoding="utf-8"):
    request = json.loads(line)
    reply = HELLO if request["op"] == "hello" else {"seq": request["seq"], **answer(request)}
    print(json.dumps(reply), file=answers, flush=True)  # q4proof waits for it
