"""Shows which faults of an engine the goldens would show: each is put into the binary64 model, as a change of one
expression, and the float goldens are followed again.

    python scripts/parity/faults.py

It prints a line of Markdown for each fault: how many goldens have a token that is another one now, given all tokens
in front of it, and how far a logit of the reference is off at most.
"""
import inspect
import textwrap

import double
import fixture

# What is wrong, the method, its expression, and the faulty one.
FAULTS = [
    ("rotary of the other sign", "rotate", "numpy.sin(angles)", "-numpy.sin(angles)"),
    ("no rotary", "rotate", "len(x))[:, None, None]", "len(x))[:, None, None] * 0"),
    ("rotary of 10,000,000, not of 10,000", "rotate", 'rope["rope_theta"]', "1e7"),
    ("rotary over the whole head", "rotate", 'rope["partial_rotary_factor"]', "1"),
    ("a norm's weight without its 1", "norm", "(1 + ", "(0 + "),
    ("an epsilon of 0.001 in the norms", "norm", "self.epsilon", "1e-3"),
    ("key heads in the wrong order for the query heads", "full_attention",
     "numpy.repeat(one, heads // kept, axis=1)", "numpy.tile(one, (1, heads // kept, 1))"),
    ("attention without its gate", "full_attention", " * sigmoid(gate)", ""),
    ("the gate taken for the query", "full_attention", "query, gate =", "gate, query ="),
    ("no norm of the queries", "full_attention", 'self.norm(query, *path, "q_norm")', "query"),
    ("attention to the next token", "full_attention", "numpy.tri(count, dtype", "numpy.tri(count, k=1, dtype"),
    ("attention that ends after 256 tokens", "full_attention", "numpy.tri(count, dtype=bool)",
     "numpy.tri(count, dtype=bool) & ~numpy.tri(count, k=-256, dtype=bool)"),
    ("the kernel of the convolution reversed", "convolve", "kernel[:, back]", "kernel[:, length - 1 - back]"),
    ("the convolution without its SiLU", "convolve", "silu(sum(", "(sum("),
    ("a delta net that does not forget", "linear_attention", " * decay[token][:, None, None]", ""),
    ("a delta net that learns all of a token", "linear_attention", " * share[token][:, None]", ""),
    ("no dt_bias", "linear_attention", ' + self.weight(*path, "dt_bias")', ""),
    ("key heads in the wrong order for the value heads", "linear_attention",
     "numpy.repeat(one, values // keys, axis=1)", "numpy.tile(one, (1, values // keys, 1))"),
    ("keys of any length", "linear_attention", "key = unit(key.reshape(count, keys, key_size))",
     "key = key.reshape(count, keys, key_size)"),
    ("a sum in place of the delta rule", "linear_attention", "(value[token] - known)", "value[token]"),
    ("the gate in front of the delta net's norm", "linear_attention",
     'normalize(numpy.stack(outputs), self.epsilon) * self.weight(*path, "norm", "weight") * silu(gate)',
     'normalize(numpy.stack(outputs) * silu(gate), self.epsilon) * self.weight(*path, "norm", "weight")'),
    ("GELU's sigmoid form in place of SiLU", "feed_forward", 'silu(self.project(x, *path, "gate_proj"))',
     '(lambda gate: gate * sigmoid(1.702 * gate))(self.project(x, *path, "gate_proj"))'),
]


def faulty(method: str, right: str, wrong: str) -> type[double.DoubleModel]:
    source = textwrap.dedent(inspect.getsource(getattr(double.DoubleModel, method)))
    if source.count(right) != 1:
        raise SystemExit(f"{method} has {right!r} {source.count(right)} times")
    methods = {}
    exec(source.replace(right, wrong), vars(double), methods)
    return type("FaultyModel", (double.DoubleModel,), methods)


def follow(model: double.DoubleModel, golden: dict) -> tuple[bool, float]:
    """Tell whether a token is another one, and how far a logit is off at most."""
    length = len(golden["prompt_ids"])
    logits = model.logits(golden["prompt_ids"] + golden["ids"])[length - 1:-1]
    far = max(abs(row[entry] - logit) for row, top in zip(logits, golden["top"]) for entry, logit in top)
    return logits.argmax(-1).tolist() != golden["ids"], far


def main() -> None:
    weights = {name: weight.float().numpy() for name, weight in fixture.read_stored_weights().items()}
    goldens = fixture.read_json(fixture.PARITY / "reference.json")["goldens"]["float"]
    print("| fault | goldens | logit |\n|---|---|---|")
    for fault, *change in FAULTS:
        model = faulty(*change)(weights, fixture.read_text_config())
        turned, far = zip(*(follow(model, golden) for golden in goldens))
        print(f"| {fault} | {sum(turned)} | {max(far):.2g} |", flush=True)


if __name__ == "__main__":
    main()
