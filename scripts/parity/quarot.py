"""The rotated Q4 directory of the fixture model, made by the independent codec in conformance/subjects/python.

What reads the residual stream is rotated on its input side, behind the folding of the norm before it; what writes to
it, on its output side (SPEC ROT-6, ROT-7). The embedding writes to it by its rows, without a norm. The head becomes a
matrix of its own, the folded norms become zero, and all else stays. Values are rotated in binary64 and encoded
symmetrically, rounded once to f32 (SPEC ENC-S5).
"""
import struct
from pathlib import Path

import torch

import fixture
from q4_directory import CODEC, name_files, read_tensor, save_encoded, write_tensor

# The first from 0xCAFEBABEDEADBEEF on with which every margin is above 0.25.
SEED = 0xCAFEBABEDEADBEF2
PREFIX = "model.language_model."
HEAD = "lm_head.weight"
# What reads the stream behind each norm, and what writes to it, by the ends of their names.
READERS = {
    "input_layernorm": ("q_proj", "k_proj", "v_proj", "in_proj_qkv", "in_proj_z", "in_proj_a", "in_proj_b"),
    "post_attention_layernorm": ("gate_proj", "up_proj"),
}
WRITERS = ("o_proj", "out_proj", "down_proj")


def doubles(weight: torch.Tensor) -> dict[str, str]:
    values = weight.double().flatten().tolist()
    return {"f64": struct.pack(f"<{len(values)}d", *values).hex()}


def rotate(weight: torch.Tensor, side: str, norm: torch.Tensor | None = None) -> dict[str, str]:
    """Give the rotated values, as floats of f64."""
    rows, columns = weight.shape
    question = {"seed": SEED, "side": side, "inverse": False, "rows": rows, "columns": columns,
                "values": doubles(weight)}
    if norm is not None:
        question["gamma"] = doubles(norm)
    return CODEC.rotate(question)["values"]


def plan(name: str, weights: fixture.Weights) -> tuple[str, torch.Tensor | None] | None:
    """Give the side on which a tensor is rotated and the norm that is folded; nothing where it is not rotated."""
    if name == PREFIX + "embed_tokens.weight":
        return "input", None
    if name == HEAD:
        return "input", weights[PREFIX + "norm.weight"]
    layer, _, part = name.removesuffix(".weight").rpartition(".")
    if part in WRITERS:
        return "output", None
    layer = layer.rpartition(".")[0]
    for norm, readers in READERS.items():
        if part in readers:
            return "input", weights[f"{layer}.{norm}.weight"]
    return None


def quantize(weights: fixture.Weights, folder: Path) -> tuple[fixture.Weights, dict[str, str]]:
    """Write the directory's tensors; give the weights read back from it, and the hash of each file."""
    untied = weights | {HEAD: weights[PREFIX + "embed_tokens.weight"]}
    files = name_files(untied)
    folded = ("input_layernorm.weight", "post_attention_layernorm.weight", PREFIX + "norm.weight")
    for name, weight in untied.items():
        path, planned = folder / files[name], plan(name, untied)
        if planned is None:
            write_tensor(path, torch.zeros_like(weight) if name.endswith(folded) else weight)
            continue
        if path.suffix != ".q4":
            raise SystemExit(f"{name} is rotated, and its file is {path.name}")
        question = {"mode": "symmetric", "shape": list(weight.shape), "values": rotate(weight, *planned)}
        save_encoded(path, question, weight.numel())
    decoded = {name: read_tensor(folder / file) for name, file in files.items()}
    return decoded, {file: fixture.sha256(folder / file) for file in sorted(files.values())}
