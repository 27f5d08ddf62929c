"""Print the logits of a model as Hugging Face's transformers computes them, all in f64.

    python3 scripts/logits.py DIR TOKEN...

DIR holds config.json and model.safetensors of a text model of Qwen3.5. Needs torch, transformers and
safetensors; the goldens of tests/cli/model/logits.rs were made with torch 2.15.0 and transformers 5.24.0."""
import json
import sys

import torch
from safetensors.torch import load_file

folder, tokens = sys.argv[1], [int(token) for token in sys.argv[2:]]
weights = {name.replace("model.language_model.", "model."): tensor.double()
           for name, tensor in load_file(f"{folder}/model.safetensors").items()}

# transformers casts to f32 in a few places: from here on f32 is f64.
torch.float32 = torch.float = torch.float64
torch.Tensor.float = torch.Tensor.double
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

from transformers import Qwen3_5ForCausalLM, Qwen3_5TextConfig  # noqa: E402

with open(f"{folder}/config.json", encoding="utf-8") as file:
    config = Qwen3_5TextConfig(**json.load(file)["text_config"])
model = Qwen3_5ForCausalLM._from_config(config, attn_implementation="eager", dtype=torch.float64).eval()
if config.tie_word_embeddings:
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
model.load_state_dict(weights)  # refuses names and shapes that are not the model's
with torch.no_grad():
    logits = model(torch.tensor([tokens])).logits[0]
assert logits.dtype == torch.float64
print(json.dumps(logits.tolist()))
