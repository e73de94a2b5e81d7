"""The forward pass of BERT as one call of the engine, so that a question is encoded while Python does something else.

Eager, a pass is some hundred calls, and between each two of them it waits for Python's interpreter lock: beside one
busy thread a question of 5 ms took more than a second. As one traced graph it takes the lock once, and half the time
when nothing else runs, for transformers spends more on calling than on computing short texts
(``bench/encode_speed.py``). It is taken only for models of exactly this form (Devlin et al. 2018, with mean pooling as
in Reimers and Gurevych 2019), and only after it gave the library's vectors for a few texts; others use the library.
"""

import warnings
from collections.abc import Callable
from typing import Any

Pass = Callable[[Any, Any], tuple[Any, Any]]
"""Token ids and attention mask, both (n, tokens) -> token embeddings (n, tokens, dim) and unit vectors (n, dim)."""

# Other numbers of texts and of tokens than it was traced with, for a trace can take a size for a constant.
_PROBES = (["How many days of leave do I get?", "Leave. " * 40, "1"], ["When?"], ["One, two, three. " * 20] * 2)
_SAME = 0.999  # cosine; bf16 differs by some 1e-5 between two orders of the same sums


def fast_pass(model: Any) -> Pass | None:
    """Make the pass of a sentence-transformers model.

    Args:
        model: As loaded, on its device.

    Returns:
        The pass; None for a model of another form, or when its vectors were not the model's own.
    """
    import torch

    if [type(module).__name__ for module in model] != ["Transformer", "Pooling", "Normalize"]:
        return None
    bert: Any = getattr(model[0], "auto_model", None)
    if type(bert).__name__ != "BertModel" or not _is_plain(bert.config) or not _is_mean(model[1]):
        return None
    probes = [
        model.tokenizer(texts, padding=True, truncation=True, return_tensors="pt").to(bert.device) for texts in _PROBES
    ]
    with torch.no_grad():
        made = _traced(_module(bert, torch), probes[0], torch)
        for features in probes:
            own = model(dict(features))["sentence_embedding"].float()
            ours = made(features["input_ids"], features["attention_mask"])[1].float()
            if float((own * ours).sum(dim=-1).min()) < _SAME:
                return None
    return made


def _traced(module: Any, features: Any, torch: Any) -> Pass:
    with warnings.catch_warnings():
        # Its successors need a C++ compiler on every machine that serves.
        warnings.simplefilter("ignore", DeprecationWarning)
        inputs = (features["input_ids"], features["attention_mask"])
        made: Pass = torch.jit.freeze(torch.jit.trace(module, inputs, check_trace=False))
    return made


def _is_plain(config: Any) -> bool:
    absolute = getattr(config, "position_embedding_type", "absolute") in {None, "absolute"}
    return absolute and config.hidden_act == "gelu" and not getattr(config, "is_decoder", False)


def _is_mean(pooling: Any) -> bool:
    return str(getattr(pooling, "pooling_mode", None)) in {"mean", "('mean',)"}


def _module(bert: Any, torch: Any) -> Any:
    functional = torch.nn.functional
    embeddings, heads = bert.embeddings, bert.config.num_attention_heads
    # Type 0 stands at every position; query, key and value are one product.
    positions = (embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]).detach()
    layers = [_Layer(layer, torch) for layer in bert.encoder.layer]

    class Module(torch.nn.Module):  # type: ignore[misc]  # torch is imported late
        def forward(self, ids: Any, mask: Any) -> tuple[Any, Any]:
            texts, tokens = ids.shape
            seen = mask[:, None, None, :].bool()
            x = embeddings.LayerNorm(embeddings.word_embeddings(ids) + positions[:tokens])
            for layer in layers:
                parts = functional.linear(x, layer.weight, layer.bias).view(texts, tokens, 3, heads, -1)
                apart = parts.permute(2, 0, 3, 1, 4)
                mixed = functional.scaled_dot_product_attention(apart[0], apart[1], apart[2], attn_mask=seen)
                x = layer.out_norm(x + layer.out(mixed.transpose(1, 2).reshape(texts, tokens, -1)))
                x = layer.down_norm(x + layer.down(functional.gelu(layer.up(x))))
            weights = mask.unsqueeze(-1)
            sums = (x.float() * weights).sum(dim=1)
            return x, functional.normalize(sums / weights.sum(dim=1).clamp(min=1), dim=-1)

    for parameter in bert.parameters():
        parameter.requires_grad_(False)
    return Module().eval()


class _Layer:
    def __init__(self, layer: Any, torch: Any) -> None:
        own, output = layer.attention.self, layer.attention.output
        parts = (own.query, own.key, own.value)
        self.weight = torch.cat([part.weight for part in parts]).detach()
        self.bias = torch.cat([part.bias for part in parts]).detach()
        self.out, self.out_norm = output.dense, output.LayerNorm
        self.up, self.down, self.down_norm = layer.intermediate.dense, layer.output.dense, layer.output.LayerNorm
