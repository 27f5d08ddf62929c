"""A quantized model directory by the independent codec of conformance/subjects/python and this script
alone: reference.py CODEC SRC DST [SEED], with a seed rotated. SRC holds one safetensors file."""
import json
import os
import re
import shutil
import struct
import sys

sys.path.insert(0, sys.argv[1])
import q4_codec as codec  # noqa: E402

source, target = sys.argv[2:4]
seed = int(sys.argv[4]) if len(sys.argv) > 4 else None
LAYER = r"model\.language_model\.layers\.\d+\."
READS = LAYER + r"(linear_attn\.in_proj_(qkv|z|a|b)|self_attn\.[qkv]_proj|mlp\.(gate|up)_proj)\.weight"
WRITES = LAYER + r"(linear_attn\.out_proj|self_attn\.o_proj|mlp\.down_proj)\.weight"
NORMS = LAYER + r"(input|post_attention)_layernorm\.weight|model\.language_model\.norm\.weight"
EMBEDDINGS, HEAD = "model.language_model.embed_tokens.weight", "lm_head.weight"


def read_tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + struct.unpack_from("<Q", data)[0]
    found = {}
    for name, entry in json.loads(data[8:start]).items():
        begin, end = entry["data_offsets"]
        values = data[start + begin:start + end]
        if entry["dtype"] == "BF16":  # upper halves of f32 numbers
            values = b"".join(b"\0\0" + values[at:at + 2] for at in range(0, len(values), 2))
        found[name] = entry["shape"], [value for value, in struct.iter_unpack("<f", values)], begin
    return found


def doubles(values):
    return {"f64": struct.pack(f"<{len(values)}d", *values).hex()}


def norm_of(name):
    if name == HEAD:
        return "model.language_model.norm.weight"
    which = "post_attention" if ".mlp." in name else "input"
    return re.match(LAYER, name)[0] + which + "_layernorm.weight"


def rotated(name, tensors):
    """The values of a rotated tensor, and whether it is quantized."""
    shape, values, _ = tensors[name]
    if re.fullmatch(NORMS, name):
        return [0.0] * len(values), False
    reads = name in (EMBEDDINGS, HEAD) or re.fullmatch(READS, name)
    if not reads and not re.fullmatch(WRITES, name):
        return values, False
    request = {"rows": shape[0], "columns": shape[1], "seed": seed, "inverse": False,
               "side": "input" if reads else "output", "values": doubles(values)}
    if reads and name != EMBEDDINGS:
        request["gamma"] = doubles(tensors[norm_of(name)][1])
    result = bytes.fromhex(codec.rotate(request)["values"]["f64"])
    return [value for value, in struct.iter_unpack("<d", result)], True


os.mkdir(target)
tensors = read_tensors(os.path.join(source, "model.safetensors"))
if seed is not None and HEAD not in tensors:
    tensors[HEAD] = tensors[EMBEDDINGS]
index = []
for name, (shape, values, _) in tensors.items():
    stem = codec.name_tensors({"tensors": [{"name": name, "rank": len(shape)}]})["files"][0].rpartition(".")[0]
    quantized = codec.is_quantized(name, len(shape))
    if seed is not None:
        values, quantized = rotated(name, tensors)
    path = os.path.join(target, stem + (".q4" if quantized else ".f16"))
    if quantized:
        encoded = codec.encode_khq4({"mode": "asymmetric" if seed is None else "symmetric", "shape": shape,
                                     "values": doubles(values)})["encoded"]
        codec.save_khq4({"path": path, "tensors": [{"shape": shape, "original_len": len(values), **encoded}]})
    else:
        halves = {"f16": b"".join(map(codec.pack_f16, values)).hex()}
        codec.save_khf1({"path": path, "tensors": [{"shape": shape, "values": halves}]})
    index.append({"name": name, "file": os.path.basename(path), "quantized": quantized, "shape": shape,
                  "numel": len(values)})
index.sort(key=lambda entry: entry["name"])
shutil.copy(os.path.join(source, "tokenizer.json"), target)
with open(os.path.join(source, "config.json"), encoding="utf-8") as file:
    config = json.load(file)
if seed is not None:
    index = {"quarot_seed": seed, "tensors": index}
    config["quarot_seed"] = seed
    config["tie_word_embeddings"] = config["text_config"]["tie_word_embeddings"] = False
for name, contents in (("config.json", config), ("quantize_index.json", index)):
    with open(os.path.join(target, name), "w", encoding="utf-8") as file:
        json.dump(contents, file)
