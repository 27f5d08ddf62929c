"""Lets q4proof ask `gguf`, llama.cpp's own Python package, its codecs of the blocks of section 14 of
SPEC.md: it decodes all of them, and is asked to encode where SPEC.md says how.

All that this file knows of these formats is that the package takes and gives them as numpy arrays of
bytes. Everything else is the package's answer, handed on as it was given:

* Nothing is checked on the package's behalf. A request goes to it whenever the function that the
  entry names can express it, however wrong the request is. Where the function has no argument for
  a part of the request the answer is `unsupported`: a guess at what that part means would be this
  file's doing.
* An exception is a refusal, in the package's own words and without a class: sorting its prose into
  classes would test the sorting. Many of these words are numpy's, since the package leaves it to
  numpy to object. An assertion that fails, or memory that runs out, is no refusal; both end this
  process, as they would end a real program, and the harness counts a crash.

The entries are the package's public ways to do one thing, here for Q4_1. `Q4_1.quantize` and
`Q4_1.dequantize` are not among them, because `array` and `lazy` call nothing else.

  array   gguf.quantize and gguf.dequantize, given a numpy array
  lazy    the same, given a tensor that is evaluated later, as llama.cpp's converters do
  shaped  gguf.dequantize, given the array that a number of values takes, as GGUFReader does
  rows    Q4_1.quantize_rows and Q4_1.dequantize_rows, which `array` calls for 16 rows at a time
  blocks  Q4_1.quantize_blocks and Q4_1.dequantize_blocks, which `rows` calls for an array of blocks
"""

import json
import sys
from importlib.metadata import version

import numpy as np
from gguf import LazyNumpyTensor, dequantize, quant_shape_to_byte_shape, quantize
from gguf.quants import IQ4_NL, IQ4_XS, MXFP4, NVFP4, Q4_0, Q4_1, Q4_K, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0

ENCODED = {"q4_0": Q4_0, "q4_1": Q4_1, "q8_0": Q8_0, "mxfp4": MXFP4}
DECODED = {**ENCODED, "q5_0": Q5_0, "q5_1": Q5_1, "q4_k": Q4_K, "q5_k": Q5_K, "q6_k": Q6_K,
           "iq4_nl": IQ4_NL, "iq4_xs": IQ4_XS, "nvfp4": NVFP4}


class Inexpressible(Exception):
    """The function has no way to be given this request."""


class Refused(Exception):
    """The package raised an exception, of this type and with this message."""


def shaped(array, shape):
    # An array holds just what its shape says. If numpy cannot make it, the package never sees it.
    try:
        return array.reshape(shape)
    except (ValueError, OverflowError) as error:
        raise Inexpressible from error


def cut(array, width):
    # These functions take an array of blocks. Values in a row are cut; of any other shape it would
    # be this file's choice where the blocks begin.
    if array.ndim == 1:
        array = shaped(array, (array.size // width, width))
    if array.ndim != 2 or array.shape[1] != width:
        raise Inexpressible
    return array


def later(function, array, codec):
    return LazyNumpyTensor.to_eager(function(LazyNumpyTensor.from_eager(array), codec.qtype))


# Each takes the codec, an array of bytes and the number of values. Only one has an argument for that number.
DECODE = {
    "array": lambda codec, data, _: dequantize(data, codec.qtype),
    "lazy": lambda codec, data, _: later(dequantize, data, codec),
    "shaped": lambda codec, data, count: dequantize(
        shaped(data, quant_shape_to_byte_shape([count], codec.qtype)), codec.qtype),
    "rows": lambda codec, data, _: codec.dequantize_rows(data),
    "blocks": lambda codec, data, _: codec.dequantize_blocks(cut(data, codec.type_size)),
}

# Each takes the codec and an array of values that has the request's shape.
ENCODE = {
    "array": lambda codec, values: quantize(values, codec.qtype),
    "lazy": lambda codec, values: later(quantize, values, codec),
    "rows": lambda codec, values: codec.quantize_rows(values),
    "blocks": lambda codec, values: codec.quantize_blocks(cut(values, codec.block_size)),
}


def named(table, name):
    if name not in table:
        raise Inexpressible
    return table[name]


def ask(function, *arguments):
    """Give what the package returns. Only what is raised within the call is its refusal."""
    try:
        return function(*arguments)
    except (Inexpressible, AssertionError, MemoryError):
        raise
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}") from error


def decode(codec, request):
    function, count = named(DECODE, request.get("entry", "array")), request["original_len"]
    values = ask(function, codec, np.frombuffer(bytes.fromhex(request["blocks"]), np.uint8), count)
    # Whole blocks came out, as many as went in. That another number was wanted was never said.
    if values.size != count:
        raise Inexpressible
    data = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    return {"values": {f"f{8 * values.itemsize}": data.hex()}}


def encode(codec, request):
    function, digits = named(ENCODE, request.get("entry", "array")), named(request["values"], "f32")
    values = shaped(np.frombuffer(bytes.fromhex(digits), "<f4"), request["shape"])
    return {"encoded": {"blocks": ask(function, codec, values).tobytes().hex()}}


OPERATIONS = {"decode": (decode, DECODED), "encode": (encode, ENCODED)}
ENTRIES = {**{f"decode:{form}": list(DECODE) for form in DECODED},
           **{f"encode:{form}": list(ENCODE) for form in ENCODED}}
HELLO = {
    "protocol": 1,
    "name": "gguf",
    "version": version("gguf"),
    "language": f"Python, numpy {version('numpy')}",
    "capabilities": list(ENTRIES),
    "entries": ENTRIES,
}


def answer(request):
    try:
        operation, formats = named(OPERATIONS, request["op"])
        return {"result": operation(named(formats, request.get("format")), request)}
    except Inexpressible:
        return {"unsupported": True}
    except Refused as refusal:
        return {"refused": {"message": str(refusal)}}


# What the package or numpy may print is no answer: it goes to standard error, as warnings do anyway.
answers, sys.stdout = sys.stdout, sys.stderr
for line in open(0, encoding="utf-8"):
    request = json.loads(line)
    reply = HELLO if request["op"] == "hello" else {"seq": request["seq"], **answer(request)}
    print(json.dumps(reply), file=answers, flush=True)  # q4proof waits for it
