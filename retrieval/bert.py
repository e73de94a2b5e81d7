"""The forward pass of BERT in as few calls as it takes: the library's own spends more on calling than on computing.

For one short question transformers' pass takes twice as long as this one; long texts gain nothing
(``bench/encode_speed.py``). It is taken only for models of exactly this form (Devlin et al. 2018, with mean pooling as
in Reimers and Gurevych 2019), and only after it gave the library's vectors for a few texts; others use the library.
"""

from collections.abc import Callable
from typing import Any

Pass = Callable[[Any, Any], tuple[Any, Any]]
"""Token ids and attention mask, both (n, tokens) -> token embeddings (n, tokens, dim) and unit vectors (n, dim)."""

_PROBES = ("How many days of leave do I get?", "Leave. " * 40, "1")
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
    made = _made(bert, torch)
    features = model.tokenizer(list(_PROBES), padding=True, truncation=True, return_tensors="pt").to(bert.device)
    with torch.inference_mode():
        own = model(dict(features))["sentence_embedding"].float()
        ours = made(features["input_ids"], features["attention_mask"])[1].float()
    return made if float((own * ours).sum(dim=-1).min()) > _SAME else None


def _is_plain(config: Any) -> bool:
    absolute = getattr(config, "position_embedding_type", "absolute") in {None, "absolute"}
    return absolute and config.hidden_act == "gelu" and not getattr(config, "is_decoder", False)


def _is_mean(pooling: Any) -> bool:
    return str(getattr(pooling, "pooling_mode", None)) in {"mean", "('mean',)"}


def _made(bert: Any, torch: Any) -> Pass:
    functional = torch.nn.functional
    embeddings, heads = bert.embeddings, bert.config.num_attention_heads
    # Type 0 stands at every position; query, key and value are one product.
    positions = (embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]).detach()
    layers = [_Layer(layer, torch) for layer in bert.encoder.layer]

    def normed(x: Any, norm: Any) -> Any:
        return functional.layer_norm(x, norm.normalized_shape, norm.weight, norm.bias, norm.eps)

    def forward(ids: Any, mask: Any) -> tuple[Any, Any]:
        texts, tokens = ids.shape
        seen = None if bool(mask.all()) else mask[:, None, None, :].bool()
        x = normed(embeddings.word_embeddings(ids) + positions[:tokens], embeddings.LayerNorm)
        for layer in layers:
            parts = functional.linear(x, layer.weight, layer.bias).view(texts, tokens, 3, heads, -1)
            query, key, value = parts.permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
            x = normed(x + layer.out(mixed.transpose(1, 2).reshape(texts, tokens, -1)), layer.out_norm)
            x = normed(x + layer.down(functional.gelu(layer.up(x))), layer.down_norm)
        weights = mask.unsqueeze(-1)
        sums = (x.float() * weights).sum(dim=1)
        return x, functional.normalize(sums / weights.sum(dim=1).clamp(min=1), dim=-1)

    return forward


class _Layer:
    def __init__(self, layer: Any, torch: Any) -> None:
        own, output = layer.attention.self, layer.attention.output
        parts = (own.query, own.key, own.value)
        self.weight = torch.cat([part.weight for part in parts]).detach()
        self.bias = torch.cat([part.bias for part in parts]).detach()
        self.out, self.out_norm = output.dense, output.LayerNorm
        self.up, self.down, self.down_norm = layer.intermediate.dense, layer.output.dense, layer.output.LayerNorm
