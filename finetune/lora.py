"""LoRA: beside each linear layer of a transformer a narrow pair of matrices that is trained (Hu et al. 2021).

The files are those of peft, so that other tools read them; only two matrices a layer are trained and kept, and to
serve they are added to the weights, so that an adapted model costs what its base costs.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from retrieval.errors import ModelError
from retrieval.generators.adapter_files import CONFIG, WEIGHTS, Shape, read_config

RANK, ALPHA = 16, 32.0
_PREFIX = "base_model.model."


class Lora:
    """LoRA layers in a transformer, in the place of its linear ones; at first they change nothing.

    Args:
        transformer: Its own weights are kept as they are.
        rank: Of the trained matrices.
        alpha: What they bring counts ``alpha / rank`` times.
    """

    def __init__(self, transformer: Any, *, rank: int = RANK, alpha: float = ALPHA) -> None:
        transformer.requires_grad_(requires_grad=False)
        self._rank, self._alpha = rank, alpha
        layer = _layer_type()
        self._layers: dict[str, Any] = {}
        for name, linear in list(_linears(transformer)):
            self._layers[name] = layer(linear, rank, alpha / rank)
            transformer.set_submodule(name, self._layers[name])

    @property
    def parameters(self) -> list[Any]:
        """What is trained."""
        return [matrix for layer in self._layers.values() for matrix in (layer.down, layer.up)]

    def save(self, folder: Path, *, base: str, share: float = 1.0) -> None:
        """Write the adapter in the place of what the folder held.

        Args:
            folder: Made if missing.
            base: Fingerprint of the model that it was trained on.
            share: How much of what was learned acts, in [0, 1]: halfway is the average of base and adapted weights.
        """
        from safetensors.torch import save

        tensors = {}
        for name, layer in self._layers.items():
            for side, matrix in (("A", layer.down), ("B", layer.up)):
                tensors[f"{_PREFIX}{name}.lora_{side}.weight"] = matrix.detach().contiguous()
        config = {
            "peft_type": "LORA",
            "task_type": "FEATURE_EXTRACTION",
            "base_model_name_or_path": base,
            "bias": "none",
            "inference_mode": True,
            "lora_alpha": self._alpha * share,
            "r": self._rank,
            "target_modules": sorted(self._layers),
        }
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(folder / WEIGHTS, save(tensors))
        _replace(folder / CONFIG, json.dumps(config, sort_keys=True, indent=1).encode())


def merge(transformer: Any, folder: Path, *, base: str) -> str:
    """Add an adapter to the weights of a transformer.

    Args:
        transformer: In float32: added to shorter numbers, small changes would be lost.
        folder: Of the adapter.
        base: Fingerprint of the model that the transformer is of.

    Returns:
        The fingerprint of the adapted model.

    Raises:
        ModelError: The files cannot be read, do not fit, or were made for another model.
    """
    from safetensors.torch import load

    linears = dict(_linears(transformer))
    options = read_config(folder, {name: Shape(one.in_features, one.out_features) for name, one in linears.items()})
    _check_base(json.loads((folder / CONFIG).read_bytes()), base)
    if others := set(options) - {"lora_alpha", "r", "rank_pattern", "target_modules"}:
        raise ModelError(f"the adapter {folder.name} sets {', '.join(sorted(others))}, which is not read here")
    written = (folder / WEIGHTS).read_bytes()
    _add(linears, load(written), options)
    return _fingerprint(base, written, options["lora_alpha"])


def fingerprint_of(folder: Path, *, base: str) -> str:
    """Return the fingerprint that a model has with an adapter, without loading either; see ``merge``.

    Raises:
        ModelError: The files cannot be read, or were made for another model.
    """
    try:
        config = json.loads((folder / CONFIG).read_bytes())
        alpha, weights = config["lora_alpha"], (folder / WEIGHTS).read_bytes()
        _check_base(config, base)
        return _fingerprint(base, weights, alpha)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the adapter {folder.name} cannot be read: {error}") from error


def _check_base(config: Mapping[str, Any], base: str) -> None:
    if (made_for := config.get("base_model_name_or_path")) != base:
        raise ModelError(f"the adapter was made for the model {made_for}, and this one is {base}")


def _fingerprint(base: str, weights: bytes, alpha: float) -> str:
    digest = hashlib.sha256(weights + str(alpha).encode()).hexdigest()
    return f"{base}+lora-{digest[:12]}"


def _add(linears: Mapping[str, Any], tensors: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    for name in options["target_modules"]:
        down, up = (tensors[f"{_PREFIX}{name}.lora_{side}.weight"] for side in ("A", "B"))
        weight = linears[name].weight
        weight.data += (options["lora_alpha"] / down.shape[0]) * (up.float() @ down.float()).to(weight.device)


def _linears(transformer: Any) -> Iterator[tuple[str, Any]]:
    """Yield linear layers by name, but for the pooler: nothing of it comes into a mean of tokens.

    A cross-encoder reads its pooler; that stays as it is, as the embeddings do.
    """
    for name, module in transformer.named_modules():
        if type(module).__name__ == "Linear" and "pooler" not in name.split("."):
            yield name, module


def _layer_type() -> Any:
    import torch

    linear = torch.nn.functional.linear

    class Layer(torch.nn.Module):
        def __init__(self, frozen: Any, rank: int, scale: float) -> None:
            super().__init__()
            self.frozen, self.scale = frozen, scale
            # Adam needs float32: steps are smaller than what the numbers of the base can tell apart. They are drawn on
            # the processor, whatever the device: the same seed draws the same.
            down = torch.nn.init.kaiming_uniform_(torch.empty(rank, frozen.in_features), a=5**0.5)
            self.down = torch.nn.Parameter(down.to(frozen.weight.device))
            self.up = torch.nn.Parameter(torch.zeros(frozen.out_features, rank, device=frozen.weight.device))

        def forward(self, x: Any) -> Any:
            narrow = linear(x, self.down.to(x.dtype))
            return self.frozen(x) + self.scale * linear(narrow, self.up.to(x.dtype))

    return Layer


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.part")
    fresh.write_bytes(content)
    fresh.replace(path)
