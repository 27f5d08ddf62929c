"""The fixture model in binary64: the whole forward pass in numpy, written from transformers' modelling code.

It shares no operation with transformers, so that it checks the model too, and it goes token by token where
transformers goes by chunks. What transformers computes in f32 whatever the weights' type (norms, softmax, rotary
angles, the delta rule) is binary64 here. One sequence at a time: arrays are [token, ...] or [token, head, ...].
"""
import numpy

Array = numpy.ndarray


def sigmoid(x: Array) -> Array:
    return 1 / (1 + numpy.exp(-x))


def silu(x: Array) -> Array:
    return x * sigmoid(x)


def normalize(x: Array, epsilon: float) -> Array:
    return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + epsilon)


def unit(x: Array) -> Array:
    return x / numpy.sqrt((x * x).sum(-1, keepdims=True) + 1e-6)


class DoubleModel:
    """Holds the weights in binary64, under the names of the safetensors file."""

    def __init__(self, weights: dict[str, Array], text_config: dict):
        self.weights = {name: weight.astype(numpy.float64) for name, weight in weights.items()}
        self.config = text_config
        self.epsilon = text_config["rms_norm_eps"]

    def weight(self, *path) -> Array:
        return self.weights[".".join(["model.language_model", *map(str, path)])]

    def norm(self, x: Array, *path) -> Array:
        """RMSNorm, whose weight is stored less one."""
        return normalize(x, self.epsilon) * (1 + self.weight(*path, "weight"))

    def project(self, x: Array, *path) -> Array:
        return x @ self.weight(*path, "weight").T

    def rotate(self, x: Array) -> Array:
        """Rotate the first dimensions of each head by the token's position; all three axes of a text are equal."""
        rope = self.config["rope_parameters"]
        size = int(self.config["head_dim"] * rope["partial_rotary_factor"])
        half = size // 2
        rates = rope["rope_theta"] ** (-numpy.arange(half) / half)
        angles = numpy.arange(len(x))[:, None, None] * rates
        cosine, sine = numpy.cos(angles), numpy.sin(angles)
        first, second = x[..., :half], x[..., half:size]
        return numpy.concatenate([first * cosine - second * sine, second * cosine + first * sine, x[..., size:]], -1)

    def full_attention(self, x: Array, *path) -> Array:
        """Grouped-query attention; its queries come with a gate, head by head."""
        heads, kept, size = (self.config[key] for key in ("num_attention_heads", "num_key_value_heads", "head_dim"))
        count = len(x)
        query, gate = numpy.split(self.project(x, *path, "q_proj").reshape(count, heads, 2 * size), 2, axis=-1)
        key = self.project(x, *path, "k_proj").reshape(count, kept, size)
        value = self.project(x, *path, "v_proj").reshape(count, kept, size)
        query = self.rotate(self.norm(query, *path, "q_norm"))
        key = self.rotate(self.norm(key, *path, "k_norm"))
        key, value = (numpy.repeat(one, heads // kept, axis=1) for one in (key, value))
        scores = numpy.einsum("ihd,jhd->hij", query, key) / numpy.sqrt(size)
        scores = numpy.where(numpy.tri(count, dtype=bool), scores, -numpy.inf)
        shares = numpy.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = numpy.einsum("hij,jhd->ihd", shares, value) * sigmoid(gate)
        return self.project(mixed.reshape(count, heads * size), *path, "o_proj")

    def convolve(self, x: Array, *path) -> Array:
        """Mix each channel with its own past: the last of the kernel's weights is that of the present."""
        kernel = self.weight(*path, "weight")[:, 0, :]
        length = kernel.shape[1]
        padded = numpy.concatenate([numpy.zeros((length - 1, x.shape[1])), x])
        return silu(sum(padded[back:back + len(x)] * kernel[:, back] for back in range(length)))

    def linear_attention(self, x: Array, *path) -> Array:
        """The gated delta rule: a state forgets, and then learns from each token what it did not yet know."""
        keys, values, key_size, value_size = (self.config[f"linear_{key}"] for key in (
            "num_key_heads", "num_value_heads", "key_head_dim", "value_head_dim"))
        count = len(x)
        mixed = self.convolve(self.project(x, *path, "in_proj_qkv"), *path, "conv1d")
        query, key, value = numpy.split(mixed, [keys * key_size, 2 * keys * key_size], axis=-1)
        query = unit(query.reshape(count, keys, key_size)) / numpy.sqrt(key_size)
        key = unit(key.reshape(count, keys, key_size))
        query, key = (numpy.repeat(one, values // keys, axis=1) for one in (query, key))
        value = value.reshape(count, values, value_size)
        share = sigmoid(self.project(x, *path, "in_proj_b"))
        pace = numpy.logaddexp(0, self.project(x, *path, "in_proj_a") + self.weight(*path, "dt_bias"))
        decay = numpy.exp(-numpy.exp(self.weight(*path, "A_log")) * pace)
        state, outputs = numpy.zeros((values, key_size, value_size)), []
        for token in range(count):
            state = state * decay[token][:, None, None]
            known = numpy.einsum("hkv,hk->hv", state, key[token])
            news = (value[token] - known) * share[token][:, None]
            state = state + key[token][:, :, None] * news[:, None, :]
            outputs.append(numpy.einsum("hkv,hk->hv", state, query[token]))
        gate = self.project(x, *path, "in_proj_z").reshape(count, values, value_size)
        output = normalize(numpy.stack(outputs), self.epsilon) * self.weight(*path, "norm", "weight") * silu(gate)
        return self.project(output.reshape(count, values * value_size), *path, "out_proj")

    def feed_forward(self, x: Array, *path) -> Array:
        wide = silu(self.project(x, *path, "gate_proj")) * self.project(x, *path, "up_proj")
        return self.project(wide, *path, "down_proj")

    def logits(self, ids: list[int]) -> Array:
        """Give the logits after each token, [token, entry]; the head is the embedding where it is no matrix of its own."""
        embedding = self.weight("embed_tokens", "weight")
        x = embedding[ids]
        for layer, kind in enumerate(self.config["layer_types"]):
            path = ("layers", layer)
            inner = self.norm(x, *path, "input_layernorm")
            if kind == "full_attention":
                x = x + self.full_attention(inner, *path, "self_attn")
            else:
                x = x + self.linear_attention(inner, *path, "linear_attn")
            x = x + self.feed_forward(self.norm(x, *path, "post_attention_layernorm"), *path, "mlp")
        return self.norm(x, "norm") @ self.weights.get("lm_head.weight", embedding).T
