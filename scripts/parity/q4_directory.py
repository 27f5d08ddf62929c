"""A Q4 directory of the fixture model, written and read back by the independent codec in conformance/subjects/python.

Choices, so that another program can make the same files, byte for byte:
- A tensor is named as in model.safetensors, prefix included; its file is that name with every character that is
  neither alphanumeric nor `-` replaced by `_`, plus `.q4` or `.f16`.
- Which tensors are quantized: the rule of SPEC IDX-11 on name and rank. The tied head is in no file; whoever loads
  the directory takes the decoded embedding for it.
- `.q4`: KHQ4 version 2, the canonical asymmetric encoding of the bf16 values widened to f32. Every quantized tensor
  here is whole blocks of 32 (checked below), so that no padding is left to a choice.
- `.f16`: KHF1 version 1, each bf16 value rounded to f16, nearest even, subnormals kept.
- A bias of zero is +0, where the block's minimum is a zero (SPEC ENC-Z1).
"""
import importlib.util
import struct
from pathlib import Path
from types import ModuleType

import torch

import fixture


def load_codec() -> ModuleType:
    path = fixture.ROOT / "conformance" / "subjects" / "python" / "q4_codec.py"
    specification = importlib.util.spec_from_file_location("q4_codec", path)
    codec = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(codec)
    return codec


CODEC = load_codec()


def is_quantized(name: str, rank: int) -> bool:
    return CODEC.is_quantized(name, rank)


def upper_halves(weight: torch.Tensor) -> dict[str, str]:
    return {"bf16": weight.contiguous().view(torch.int16).numpy().astype("<i2").tobytes().hex()}


def name_files(weights: fixture.Weights) -> dict[str, str]:
    tensors = [{"name": name, "rank": weight.dim()} for name, weight in weights.items()]
    return dict(zip(weights, CODEC.name_tensors({"tensors": tensors})["files"]))


def write_tensor(path: Path, weight: torch.Tensor) -> None:
    shape = list(weight.shape)
    if path.suffix == ".q4":
        if weight.numel() % 32:
            raise SystemExit(f"{path.name} has {weight.numel()} values, which are not whole blocks")
        save_encoded(path, {"mode": "asymmetric", "shape": shape, "values": upper_halves(weight)}, weight.numel())
    else:
        values = b"".join(CODEC.pack_f16(value) for value in weight.double().flatten().tolist())
        CODEC.save_khf1({"path": str(path), "tensors": [{"shape": shape, "values": {"f16": values.hex()}}]})


def save_encoded(path: Path, question: dict, count: int) -> None:
    encoded = CODEC.encode_khq4(question)["encoded"]
    tensor = {"shape": question["shape"], "original_len": count, **encoded}
    CODEC.save_khq4({"path": str(path), "tensors": [tensor]})


def read_tensor(path: Path) -> torch.Tensor:
    """Read a file into f32: decoded where it is quantized, else the value of each f16."""
    quantized = path.suffix == ".q4"
    tensor, = CODEC.load({"path": str(path)}, b"KHQ4" if quantized else b"KHF1")["tensors"]
    data = bytes.fromhex(tensor["values"]["f32" if quantized else "f16"])
    values = [value for value, in struct.iter_unpack("<f" if quantized else "<e", data)]
    return torch.tensor(values, dtype=torch.float32).reshape(tensor["shape"])


def quantize(weights: fixture.Weights, folder: Path) -> tuple[fixture.Weights, dict[str, str]]:
    """Write the directory's tensors; give the weights read back from it, and the hash of each file."""
    files = name_files(weights)
    for name, weight in weights.items():
        write_tensor(folder / files[name], weight)
    decoded = {name: read_tensor(folder / file) for name, file in files.items()}
    return decoded, {file: fixture.sha256(folder / file) for file in sorted(files.values())}
