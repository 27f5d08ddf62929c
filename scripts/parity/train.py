"""Trains the fixture model on the text of conformance/parity/text, from nothing but a seed.

    python scripts/parity/train.py --work FOLDER

The folder keeps a checkpoint, from which a later run goes on. Documents are shuffled behind one another into
sequences as long as the context, so that every position is trained; half of the sequences begin with a prompt, the
others anywhere in a document. A document that begins with a prompt is cut into tokens behind it, as an engine will
cut it. The last steps see the weights as the files will hold them, rounded to bf16 and, every other step, encoded in
four bits; gradients pass the rounding as if it were not there.
"""
import argparse
import json
import math
import os
import time
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import fixture
from q4_directory import is_quantized

SEED = 20240
STEPS, ROUNDED_FROM = 520, 400
BATCH, WARM_UP, PEAK_RATE, LAST_RATE = 6, 50, 3e-3, 1e-4
PROMPT_SHARE = 0.5  # of the sequences begin with a prompt
FULL_SHARE = 0.4  # of the steps do without the delta nets
USUAL_SHARE = 0.4  # of each target is what usually follows the token in front of it
CHECK_EVERY = 100
VOCABULARY, CONTEXT = 1024, 384
# Letters with the character in front of them, digits one by one, punctuation, line ends, white space: as in Qwen2.
PIECES = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
SEPARATOR = "\n\n\n"

TEXT_CONFIG = {
    "model_type": "qwen3_5_text",
    "vocab_size": VOCABULARY,
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "layer_types": ["linear_attention", "full_attention"] * 2,
    "full_attention_interval": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "linear_conv_kernel_dim": 4,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": CONTEXT,
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 10000.0,
        "partial_rotary_factor": 0.25,
        "mrope_interleaved": True,
        "mrope_section": [2, 1, 1],
    },
    "attention_bias": False,
    "attention_dropout": 0.0,
    "initializer_range": 0.02,
    "tie_word_embeddings": True,
    "use_cache": True,
    "eos_token_id": 0,
}
CONFIG = {
    "architectures": ["Qwen3_5ForCausalLM"],
    "model_type": "qwen3_5",
    "tie_word_embeddings": True,
    "eos_token_id": 0,
    "dtype": "bfloat16",
    "text_config": TEXT_CONFIG,
}


def read_documents() -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted((fixture.PARITY / "text").iterdir())]
    return [document.strip("\n") + SEPARATOR for text in texts for document in text.split(SEPARATOR)]


def build_tokenizer(documents: list[str]) -> Tokenizer:
    """Learn a byte-level BPE; its alphabet is all bytes, so that it can write any text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PIECES), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[fixture.END_OF_TEXT],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def encode_documents(tokenizer: Tokenizer, documents: list[str],
                     prompts: list[dict]) -> tuple[list[list[int]], list[int]]:
    """Give each document's tokens, and the documents that begin with a prompt. A prompt may begin none."""
    cuts = {}
    for prompt in prompts:
        found = [index for index, document in enumerate(documents) if document.startswith(prompt["prompt"])]
        if len(found) > 1 or set(found) & set(cuts):
            raise SystemExit(f"the prompt {prompt['name']} begins {len(found)} documents, or one with another prompt")
        cuts |= {index: len(prompt["prompt"]) for index in found}
    tokens = [fixture.encode(tokenizer, document[:cut]) + fixture.encode(tokenizer, document[cut:])
              for index, document in enumerate(documents) for cut in [cuts.get(index, 0)]]
    return tokens, list(cuts)


def draw_batch(step: int, tokens: list[list[int]], starts: list[int]) -> torch.Tensor:
    """Draw the sequences of a step, from a generator of its own, so that a resumed run draws the same."""
    generator = numpy.random.default_rng([SEED, step])
    batch = []
    for _ in range(BATCH):
        if generator.random() < PROMPT_SHARE:
            sequence = list(tokens[generator.choice(starts)])
        else:
            document = tokens[generator.integers(len(tokens))]
            sequence = document[generator.integers(len(document)):]
        while len(sequence) < CONTEXT:
            sequence += tokens[generator.integers(len(tokens))]
        batch.append(sequence[:CONTEXT])
    return torch.tensor(batch)


def round_bf16(weight: torch.Tensor) -> torch.Tensor:
    return weight.bfloat16().float()


def round_q4(weight: torch.Tensor) -> torch.Tensor:
    """Encode and decode in four bits: the arithmetic of FORMATS, on all blocks at once."""
    blocks = round_bf16(weight).reshape(-1, 32)
    low, high = blocks.amin(1, keepdim=True), blocks.amax(1, keepdim=True)
    step = (high - low) / 15
    step = torch.where(step > 2.0 ** -25, step, torch.ones_like(step))
    levels = ((blocks - low) * (1 / step) + 0.5).floor().clamp(0, 15)
    return (levels * step.half().float() + low.half().float()).reshape(weight.shape)


def rounded(parameters: fixture.Weights, four_bits: bool) -> fixture.Weights:
    """Round in the forward pass, and leave gradients as they are in the backward pass."""
    result = {}
    for name, weight in parameters.items():
        with torch.no_grad():
            quantized = four_bits and is_quantized(fixture.stored_name(name), weight.dim())
            change = (round_q4 if quantized else round_bf16)(weight) - weight
        result[name] = weight + change
    return result


def draw_weights(step: int, parameters: fixture.Weights) -> fixture.Weights:
    """Give the weights of a step. A delta net learns a text so much faster than attention that attention would stay
    idle, and no fault in it would show: in some steps the delta nets give nothing, and attention has to do."""
    weights = rounded(parameters, step % 2 == 1) if step >= ROUNDED_FROM else dict(parameters)
    if numpy.random.default_rng([SEED, step, 1]).random() < FULL_SHARE:
        weights |= {name: 0 * weight for name, weight in weights.items() if "linear_attn.out_proj" in name}
    return weights


def rate(step: int) -> float:
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    return LAST_RATE + (PEAK_RATE - LAST_RATE) * (1 + math.cos(math.pi * step / STEPS)) / 2


def run_with(model: torch.nn.Module, weights: fixture.Weights, batch: torch.Tensor) -> torch.Tensor:
    call = {"input_ids": batch, "use_cache": False}
    return torch.func.functional_call(model, weights, (), call, tie_weights=True).logits


def count_followers(tokens: list[list[int]]) -> torch.Tensor:
    """Give how often each entry follows another in the text, as shares: [entry in front, entry behind]."""
    counts = torch.zeros(VOCABULARY, VOCABULARY)
    for document in tokens:
        for front, behind in zip(document, document[1:]):
            counts[front, behind] += 1
    return counts / counts.sum(1, keepdim=True).clamp(min=1)


def measure(logits: torch.Tensor, batch: torch.Tensor, followers: torch.Tensor) -> torch.Tensor:
    """Give the loss. Were the text the only target, the logits would grow until no fault could turn one: with a part
    of what usually follows in it, the text is ahead of that by little, and whoever loses the context loses the text.
    """
    chances = torch.log_softmax(logits[:, :-1], -1)
    text = chances.gather(-1, batch[:, 1:, None]).mean()
    usual = (chances * followers[batch[:, :-1]]).sum(-1).mean()
    return -(1 - USUAL_SHARE) * text - USUAL_SHARE * usual


def print_margins(model: torch.nn.Module, tokenizer: Tokenizer, prompts: list[dict]) -> None:
    """Print each prompt's smallest margin of the first logit over the second, in its window, and the text."""
    parameters = dict(model.named_parameters())
    for name, four_bits in (("bf16", False), ("q4", True)):
        weights = rounded(parameters, four_bits)
        for prompt in prompts:
            sequence = fixture.encode(tokenizer, prompt["prompt"])
            length, margins = len(sequence), []
            for _ in range(prompt["window"]):
                with torch.no_grad():
                    top = run_with(model, weights, torch.tensor([sequence]))[0, -1].topk(2)
                margins.append(float(top.values[0] - top.values[1]))
                sequence.append(int(top.indices[0]))
            text = tokenizer.decode(sequence[length:], skip_special_tokens=False)
            print(f"  {name} {prompt['name']}: {min(margins):.3f} {text!r}", flush=True)


def write_aside(path: Path, write) -> None:
    aside = path.with_name(path.name + ".aside")
    write(aside)
    os.replace(aside, path)


def write_model(model: torch.nn.Module, tokenizer: Tokenizer) -> None:
    weights = {fixture.stored_name(name): weight.detach().bfloat16().contiguous()
               for name, weight in model.named_parameters()}
    fixture.MODEL.mkdir(parents=True, exist_ok=True)
    write_aside(fixture.MODEL / "model.safetensors", lambda path: save_file(weights, path, {"format": "pt"}))
    write_aside(fixture.MODEL / "tokenizer.json", lambda path: tokenizer.save(str(path)))
    text = json.dumps(CONFIG, indent=2) + "\n"
    write_aside(fixture.MODEL / "config.json", lambda path: path.write_text(text, encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the fixture model.")
    parser.add_argument("--work", type=Path, required=True, help="folder of the checkpoint")
    work = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    prompts, documents = fixture.read_prompts(), read_documents()
    tokenizer = build_tokenizer(documents)
    tokens, starts = encode_documents(tokenizer, documents, prompts)
    print(f"{len(documents)} documents, {sum(map(len, tokens))} tokens, {tokenizer.get_vocab_size()} entries")
    followers = count_followers(tokens)
    model = fixture.build_model(TEXT_CONFIG).train()
    parameters = dict(model.named_parameters())
    print(f"{sum(weight.numel() for weight in parameters.values())} parameters", flush=True)
    decayed = [weight for weight in parameters.values() if weight.dim() > 1]
    others = [weight for weight in parameters.values() if weight.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                                  betas=(0.9, 0.95))
    first, checkpoint = 0, work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    for step in range(first, STEPS):
        began = time.monotonic()
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        batch = draw_batch(step, tokens, starts)
        loss = measure(run_with(model, draw_weights(step, parameters), batch), batch, followers)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {float(loss.detach()):.4f} {time.monotonic() - began:.2f} s", flush=True)
        if (step + 1) % CHECK_EVERY == 0 or step + 1 == STEPS:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            write_aside(checkpoint, lambda path: torch.save(state, path))
    print_margins(model.eval(), tokenizer, prompts)
    write_model(model, tokenizer)


if __name__ == "__main__":
    main()
