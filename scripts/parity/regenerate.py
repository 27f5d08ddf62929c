"""Makes conformance/parity/reference.json: what transformers generates from the fixture model, greedily.

    python scripts/parity/regenerate.py                  write it, where the model is the one it was made from
    python scripts/parity/regenerate.py --accept-model   write it, whatever the model
    python scripts/parity/regenerate.py --check          write nothing, and compare with what is committed

The model runs three times: on its bf16 weights, on the weights decoded from a Q4 directory, and on those decoded from
a rotated one. The logits are those of one
pass in f32 over the prompt and all that was generated. It refuses to write what no engine could be held to: see
`check_golden` and `check_runs`.
"""
import argparse
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from tokenizers import Tokenizer
from transformers import Qwen3_5ForCausalLM

import fixture
from double import DoubleModel
import q4_directory
import quarot

REFERENCE = fixture.PARITY / "reference.json"
ABOUT = ("Greedy generation of the model in conformance/parity/model by Hugging Face transformers in f32, from its "
         "bf16 weights (float), from the weights decoded from its Q4 directory (q4), and from those decoded from its "
         "rotated Q4 directory (quarot). Made by scripts/parity/regenerate.py.")
THREADS = [1, 4]
PROMPTS, WINDOW, MARGIN, TOP = 8, 15, 0.1, 8  # the first three are minima
TOLERANCE = 8  # of --check, in units of the measured error
DRIFT = 4  # how many times larger or smaller the error may be on another machine
PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")


class RefusedError(Exception):
    """A reference that must not be written, or does not agree with the committed one."""


def refuse_if(fault: bool, message: str) -> None:
    if fault:
        raise RefusedError(message)


@dataclass
class Run:
    """One prompt's golden, all logits of its window, and how far they are from those in binary64."""
    golden: dict
    logits: numpy.ndarray  # [window, vocabulary], f32
    error: float


def shortest(number: numpy.float32) -> float:
    """Give the number that JSON writes with the fewest digits from which the f32 can be read back."""
    return float(str(numpy.float32(number)))


def generate(model: Qwen3_5ForCausalLM, prompt: list[int], window: int) -> list[int]:
    """Generate with the caches, token by token, as an engine does."""
    batch = torch.tensor([prompt])
    answer = model.generate(batch, attention_mask=torch.ones_like(batch), do_sample=False, max_new_tokens=window,
                            pad_token_id=model.config.eos_token_id)
    return answer[0, len(prompt):].tolist()


def window_logits(model: Qwen3_5ForCausalLM, prompt: list[int], ids: list[int]) -> numpy.ndarray:
    """Give the logits from which each of the ids was taken, in one pass without caches."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([prompt + ids]), use_cache=False).logits
    return logits[0, len(prompt) - 1:-1].numpy()


def describe(prompt: dict, prompt_ids: list[int], ids: list[int], logits: numpy.ndarray,
             tokenizer: Tokenizer) -> dict:
    order = numpy.argsort(-logits, axis=-1, kind="stable")[:, :TOP]
    best = numpy.take_along_axis(logits, order, axis=-1)
    return {
        "name": prompt["name"],
        "prompt": prompt["prompt"],
        "prompt_ids": prompt_ids,
        "window": prompt["window"],
        "ids": ids,
        "text": tokenizer.decode(ids, skip_special_tokens=False),
        "margins": [shortest(one) for one in best[:, 0] - best[:, 1]],
        "top": [[[int(entry), shortest(logit)] for entry, logit in zip(*pair)] for pair in zip(order, best)],
    }


def check_golden(golden: dict, kind: str, end: int) -> None:
    """Refuse what an engine could miss without a fault of its own."""
    what = f"the {kind} golden of the prompt {golden['name']!r}"
    ids, window = golden["ids"], golden["window"]
    refuse_if(window < WINDOW, f"{what} has a window of {window} tokens, fewer than {WINDOW}")
    refuse_if(end in ids or len(ids) < window, f"{what} stops early, after {len(ids)} of {window} tokens")
    refuse_if([row[0][0] for row in golden["top"]] != ids,
              f"{what} differs between generation with caches and one pass without")
    smallest = min(golden["margins"])
    refuse_if(smallest < MARGIN, f"{what} has a margin of {smallest}, less than {MARGIN}")
    refuse_if("\ufffd" in golden["text"], f"{what} ends inside a character")


def run_prompt(model: Qwen3_5ForCausalLM, double: DoubleModel, prompt: dict, kind: str,
               tokenizer: Tokenizer) -> Run:
    prompt_ids = fixture.encode(tokenizer, prompt["prompt"])
    context = model.config.max_position_embeddings
    refuse_if(len(prompt_ids) + prompt["window"] > context,
              f"the prompt {prompt['name']!r} and its window go beyond the context of {context} tokens")
    answers = []
    for threads in reversed(THREADS):
        torch.set_num_threads(threads)
        answers.append(generate(model, prompt_ids, prompt["window"]))
    ids = answers[-1]
    logits = window_logits(model, prompt_ids, ids)  # of one thread, the last
    golden = describe(prompt, prompt_ids, ids, logits, tokenizer)
    refuse_if(any(answer != ids for answer in answers),
              f"the {kind} golden of the prompt {prompt['name']!r} differs between {THREADS} threads")
    check_golden(golden, kind, model.config.eos_token_id)
    exact = double.logits(prompt_ids + ids)[len(prompt_ids) - 1:-1]
    refuse_if(exact.argmax(-1).tolist() != ids,
              f"the {kind} golden of the prompt {prompt['name']!r} is another one in binary64")
    return Run(golden, logits, float(numpy.abs(logits - exact).max()))


def run_weights(weights: fixture.Weights, kind: str) -> list[Run]:
    model, tokenizer = fixture.load_model(weights), fixture.read_tokenizer()
    arrays = {name: weight.float().numpy() for name, weight in weights.items()}
    double = DoubleModel(arrays, fixture.read_text_config())
    runs = []
    for prompt in fixture.read_prompts():
        runs.append(run_prompt(model, double, prompt, kind, tokenizer))
        print(f"{kind} {prompt['name']}: smallest margin {min(runs[-1].golden['margins'])}, "
              f"error {runs[-1].error:.2e}, {runs[-1].golden['text']!r}", flush=True)
    return runs


def check_runs(runs: dict[str, list[Run]]) -> None:
    prompts = runs["float"]
    refuse_if(len(prompts) < PROMPTS, f"there are {len(prompts)} prompts, fewer than {PROMPTS}")
    refuse_if(len({run.golden["name"] for run in prompts}) < len(prompts), "two prompts have the same name")


def hash_model() -> dict[str, str]:
    return {name: fixture.sha256(fixture.MODEL / name) for name in fixture.FILES}


def run_all() -> tuple[dict, dict[str, list[Run]]]:
    """Give the reference, and the runs that it was made of."""
    weights = fixture.read_stored_weights()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "q4").mkdir()
        (Path(folder) / "quarot").mkdir()
        decoded, q4_files = q4_directory.quantize(weights, Path(folder) / "q4")
        rotated, quarot_files = quarot.quantize(weights, Path(folder) / "quarot")
    runs = {"float": run_weights(weights, "float"), "q4": run_weights(decoded, "q4"),
            "quarot": run_weights(rotated, "quarot")}
    check_runs(runs)
    versions = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}
    reference = {"about": ABOUT, "made_with": versions, "model": hash_model(), "quarot_seed": quarot.SEED,
                 "files": {"q4": q4_files, "quarot": quarot_files}, "threads": THREADS,
                 "error": {kind: max(run.error for run in some) for kind, some in runs.items()},
                 "goldens": {kind: [run.golden for run in some] for kind, some in runs.items()}}
    return reference, runs


def check_committed(committed: dict, reference: dict, runs: dict[str, list[Run]]) -> None:
    """Refuse where what was computed now is not what is committed; logits may differ by a few times the error."""
    refuse_if(committed["model"] != reference["model"], "the model is not the one that the reference was made from")
    refuse_if(committed["files"] != reference["files"], "the files of the Q4 directories are not those of the reference")
    refuse_if(committed["quarot_seed"] != reference["quarot_seed"], "the seed of the rotation is not that of the reference")
    for kind, some in runs.items():
        # By what is measured now: the committed one is what engines are held to.
        error, known = reference["error"][kind], committed["error"][kind]
        refuse_if(not error / DRIFT <= known <= error * DRIFT, f"the error of {kind} is {error} now, not {known}")
        bound = TOLERANCE * error
        goldens = committed["goldens"][kind]
        refuse_if(len(goldens) != len(some), f"the reference has {len(goldens)} {kind} goldens")
        for golden, run in zip(goldens, some):
            what = f"the {kind} golden of the prompt {golden['name']!r}"
            for key in ("name", "prompt", "prompt_ids", "window", "ids", "text"):
                refuse_if(golden[key] != run.golden[key], f"{what} has another {key} now")
            for row, logits, margin, now in zip(golden["top"], run.logits, golden["margins"], run.golden["margins"]):
                refuse_if(len(row) != TOP, f"{what} has {len(row)} logits at a position, expected {TOP}")
                far = max(abs(logits[entry] - logit) for entry, logit in row)
                refuse_if(far > bound, f"{what} has a logit that is {far} away now, more than {bound}")
                refuse_if(abs(margin - now) > 2 * bound, f"{what} has the margin {now} now, not {margin}")


def write(reference: dict) -> None:
    """Write one golden a line, aside first, so that a reference is never half of one."""
    lines = []
    for key, value in reference.items():
        if key == "goldens":
            kinds = [json.dumps(kind) + ": [\n" + ",\n".join(json.dumps(golden, ensure_ascii=False) for golden in some)
                     + "\n]" for kind, some in value.items()]
            text = "{\n" + ",\n".join(kinds) + "\n}"
        else:
            text = json.dumps(value, indent=1)
        lines.append(f"{json.dumps(key)}: {text}")
    aside = REFERENCE.with_name(REFERENCE.name + ".aside")
    aside.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    os.replace(aside, REFERENCE)


def regenerate(check: bool, accept_model: bool) -> None:
    committed = fixture.read_json(REFERENCE) if REFERENCE.exists() else None
    refuse_if(check and committed is None, "there is no reference to compare with")
    other = committed is not None and committed["model"] != hash_model()
    refuse_if(other and not accept_model, "the model is not the one that the reference was made from: --accept-model")
    reference, runs = run_all()
    if check:
        check_committed(committed, reference, runs)
    else:
        write(reference)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the reference of the end-to-end parity report, or check it.")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="compare with the committed reference; write nothing")
    choice.add_argument("--accept-model", action="store_true", help="let the model be another than before")
    choices = parser.parse_args()
    try:
        regenerate(choices.check, choices.accept_model)
    except RefusedError as error:
        sys.exit(f"refused: {error}")


if __name__ == "__main__":
    main()
