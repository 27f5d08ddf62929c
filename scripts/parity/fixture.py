"""The fixture model: where its files lie, and how its weights enter Qwen3_5ForCausalLM of transformers.

The safetensors file names its tensors as the published checkpoints of Qwen3.5 do, `model.language_model.` in front;
the class for text alone says `model.`. Weights are bf16 in the file and widened to f32, which is exact.
"""
import hashlib
import json
from pathlib import Path

import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import Qwen3_5ForCausalLM, Qwen3_5TextConfig

ROOT = Path(__file__).resolve().parents[2]
PARITY = ROOT / "conformance" / "parity"
MODEL = PARITY / "model"
FILES = ("config.json", "model.safetensors", "tokenizer.json")
END_OF_TEXT = "<|endoftext|>"

Weights = dict[str, torch.Tensor]


def read_json(path: Path):
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_prompts() -> list[dict]:
    """Give the prompts: each has a name, its text, and the window of tokens over which an engine must agree."""
    return read_json(PARITY / "prompts.json")


def read_tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL / "tokenizer.json"))


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids


def read_stored_weights() -> Weights:
    """Give the tensors as they are stored, under the names of the file and in its order."""
    with safe_open(MODEL / "model.safetensors", framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def read_text_config() -> dict:
    return read_json(MODEL / "config.json")["text_config"]


def stored_name(name: str) -> str:
    """Give the name in the file of a parameter of Qwen3_5ForCausalLM."""
    return name.replace("model.", "model.language_model.", 1)


def build_model(text_config: dict) -> Qwen3_5ForCausalLM:
    """Build the model in f32 with eager attention, so that each step of it can be read in the modelling code."""
    config = Qwen3_5TextConfig(**text_config, attn_implementation="eager")
    return Qwen3_5ForCausalLM(config).float().eval()


def load_model(weights: Weights) -> Qwen3_5ForCausalLM:
    """Load weights under the file's names; the head is the embedding where it is not among them."""
    untied = "lm_head.weight" in weights
    model = build_model(read_text_config() | {"tie_word_embeddings": not untied})
    names = [name for name in model.state_dict() if untied or name != "lm_head.weight"]
    state = {name: weights[stored_name(name)].float() for name in names}
    if len(state) != len(weights):
        raise SystemExit(f"the file has {len(weights)} tensors, and the model {len(state)}")
    model.load_state_dict(state, strict=untied)
    if not untied:
        model.tie_weights()
    return model
