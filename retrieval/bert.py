"""BERT read from its folder and passed as one call of the engine, so that Python does something else meanwhile.

Eager, a pass is some hundred calls, and between each two of them it waits for Python's interpreter lock: beside one
busy thread a question of 5 ms took more than a second. As one traced graph it takes the lock once, and half the time
when nothing else runs, for transformers spends more on calling than on computing short texts
(``bench/encode_speed.py``). It is taken only for models of exactly this form (Devlin et al. 2018, with mean pooling as
in Reimers and Gurevych 2019), and only after it gave the library's vectors for a few texts; others use the library.

The bundled model needs not even be loaded by the library, which takes four of the five seconds in which a process
learns to embed: its weights are known, and that they give the library's vectors is what ``tests/retrieval`` holds.
"""

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

Pass = Callable[[Any, Any], tuple[Any, Any]]
"""Token ids and attention mask, both (n, tokens) -> token embeddings (n, tokens, dim) and unit vectors (n, dim)."""

# Other numbers of texts and of tokens than it was traced with, for a trace can take a size for a constant.
_PROBES = (["How many days of leave do I get?", "Leave. " * 40, "1"], ["When?"], ["One, two, three. " * 20] * 2)
_SAME = 0.999  # cosine; bf16 differs by some 1e-4 between two orders of the same sums
_FORM = ["Transformer", "Pooling", "Normalize"]


@dataclass(frozen=True, slots=True)
class Bert:
    """A model of this form.

    Attributes:
        tokenizer: A ``tokenizers.Tokenizer`` that cuts at ``max_tokens`` and pads.
        forward: The pass.
        device: Where it computes.
        max_tokens: What it reads of a text, with two special tokens.
        dim: Of its vectors.
    """

    tokenizer: Any
    forward: Pass
    device: Any
    max_tokens: int
    dim: int

    def __call__(self, texts: list[str]) -> tuple[Any, Any, Any]:
        """Encode texts.

        Returns:
            Embeddings of tokens (n, tokens, dim), their offsets in characters (n, tokens, 2; special tokens and padding
            have empty ones) and unit vectors (n, dim).
        """
        encodings = self.tokenizer.encode_batch(texts)
        tokens, vectors = self.forward(*_inputs(encodings, self.device))
        return tokens, np.array([one.offsets for one in encodings]), vectors


def _inputs(encodings: Any, device: Any) -> tuple[Any, Any]:
    import torch

    ids = torch.tensor([one.ids for one in encodings], device=device)
    return ids, torch.tensor([one.attention_mask for one in encodings], device=device)


@cache  # one for all of a process: torch keeps what a trace holds for as long as the process lives
def read_bert(folder: Path, *, device: str, dtype: Any) -> Bert | None:
    """Read a model from its folder, without the libraries that load any model.

    Args:
        folder: In the layout of sentence-transformers, weights as safetensors.
        device: Where it is to compute.
        dtype: Of its weights.

    Returns:
        The model; None when it is of another form.
    """
    import torch
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    form = _form(folder)
    if form is None:
        return None
    config, max_tokens = form
    weights = {name: one.to(device, dtype) for name, one in load_file(folder / "model.safetensors").items()}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.enable_padding(pad_id=config["pad_token_id"], pad_token="[PAD]")  # noqa: S106 - of a text
    inputs = _inputs(tokenizer.encode_batch(_PROBES[0]), device)
    with torch.no_grad():
        forward = _traced(_module(weights, config, torch), inputs, torch)
    return Bert(tokenizer, forward, torch.device(device), max_tokens, config["hidden_size"])


def fast_pass(model: Any) -> Pass | None:
    """Make the pass of a sentence-transformers model.

    Args:
        model: As loaded, on its device.

    Returns:
        The pass; None for a model of another form, or when its vectors were not the model's own.
    """
    import torch

    if [type(module).__name__ for module in model] != _FORM:
        return None
    bert: Any = getattr(model[0], "auto_model", None)
    if type(bert).__name__ != "BertModel" or not _is_plain(bert.config.to_dict()) or not _is_mean(model[1]):
        return None
    probes = [
        model.tokenizer(texts, padding=True, truncation=True, return_tensors="pt").to(bert.device) for texts in _PROBES
    ]
    with torch.no_grad():
        inputs = (probes[0]["input_ids"], probes[0]["attention_mask"])
        made = _traced(_module(bert.state_dict(), bert.config.to_dict(), torch), inputs, torch)
        for features in probes:
            own = model(dict(features))["sentence_embedding"].float()
            ours = made(features["input_ids"], features["attention_mask"])[1].float()
            # In bf16 the library's unit vectors are up to .003 longer or shorter than 1.
            if float(torch.nn.functional.cosine_similarity(own, ours).min()) < _SAME:
                return None
    return made


def _form(folder: Path) -> tuple[dict[str, Any], int] | None:
    """Return the model's configuration and how many tokens it reads, if it is of this form and all is there."""
    try:
        config, reading, pooling, modules = (
            json.loads((folder / name).read_text(encoding="utf-8"))
            for name in ("config.json", "sentence_bert_config.json", "1_Pooling/config.json", "modules.json")
        )
        means = [name for name, chosen in pooling.items() if name.startswith("pooling_mode") and chosen is True]
        is_ours = (
            [str(module["type"]).rpartition(".")[2] for module in modules] == _FORM
            and config["model_type"] == "bert"
            and _is_plain(config)
            and means == ["pooling_mode_mean_tokens"]
            and (folder / "tokenizer.json").is_file()
        )
        return (config, int(reading["max_seq_length"])) if is_ours else None
    except (OSError, ValueError, KeyError):
        return None


def _traced(module: Any, inputs: Any, torch: Any) -> Pass:
    with warnings.catch_warnings():
        # Its successors need a C++ compiler on every machine that serves.
        warnings.simplefilter("ignore", DeprecationWarning)
        made: Pass = torch.jit.freeze(torch.jit.trace(module, inputs, check_trace=False))
    return made


def _is_plain(config: Mapping[str, Any]) -> bool:
    absolute = config.get("position_embedding_type", "absolute") in {None, "absolute"}
    return absolute and config["hidden_act"] == "gelu" and not config.get("is_decoder", False)


def _is_mean(pooling: Any) -> bool:
    return str(getattr(pooling, "pooling_mode", None)) in {"mean", "('mean',)"}


def _module(weights: Mapping[str, Any], config: Mapping[str, Any], torch: Any) -> Any:
    functional = torch.nn.functional
    heads, size, small = config["num_attention_heads"], (config["hidden_size"],), config["layer_norm_eps"]

    def of(name: str) -> tuple[Any, Any]:
        return weights[f"{name}.weight"].detach(), weights[f"{name}.bias"].detach()

    def part(number: int) -> "_Layer":
        return _Layer(lambda name: of(f"encoder.layer.{number}.{name}"), torch)

    words = weights["embeddings.word_embeddings.weight"].detach()
    # Type 0 stands at every position; query, key and value are one product.
    positions = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    positions, norm = positions.detach(), of("embeddings.LayerNorm")
    layers = [part(number) for number in range(config["num_hidden_layers"])]

    class Module(torch.nn.Module):  # type: ignore[misc]  # torch is imported late
        def forward(self, ids: Any, mask: Any) -> tuple[Any, Any]:
            texts, tokens = ids.shape
            seen = mask[:, None, None, :].bool()
            x = functional.layer_norm(functional.embedding(ids, words) + positions[:tokens], size, *norm, small)
            for layer in layers:
                parts = functional.linear(x, *layer.asked).view(texts, tokens, 3, heads, -1)
                apart = parts.permute(2, 0, 3, 1, 4)
                mixed = functional.scaled_dot_product_attention(apart[0], apart[1], apart[2], attn_mask=seen)
                out = functional.linear(mixed.transpose(1, 2).reshape(texts, tokens, -1), *layer.out)
                x = functional.layer_norm(x + out, size, *layer.out_norm, small)
                down = functional.linear(functional.gelu(functional.linear(x, *layer.up)), *layer.down)
                x = functional.layer_norm(x + down, size, *layer.down_norm, small)
            weights = mask.unsqueeze(-1)
            sums = (x.float() * weights).sum(dim=1)
            return x, functional.normalize(sums / weights.sum(dim=1).clamp(min=1), dim=-1)

    return Module().eval()


class _Layer:
    """Weight and bias of each part, by the names of transformers."""

    def __init__(self, of: Callable[[str], tuple[Any, Any]], torch: Any) -> None:
        asked = [of(f"attention.self.{name}") for name in ("query", "key", "value")]
        self.asked = tuple(torch.cat(one) for one in zip(*asked, strict=True))
        self.out, self.out_norm = of("attention.output.dense"), of("attention.output.LayerNorm")
        self.up = of("intermediate.dense")
        self.down, self.down_norm = of("output.dense"), of("output.LayerNorm")
