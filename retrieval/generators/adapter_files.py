"""The files of a LoRA adapter -> how it acts; what does not fit the model or acts in unknown ways is refused."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from retrieval.errors import ModelError

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
FINGERPRINT = "weights-sha256:"

_CONFIG_BYTES = 2**20
_TENSOR = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])\.weight")

_ACTING = ("alpha_pattern", "fan_in_fan_out", "lora_alpha", "use_rslora")
# These do not act once the weights are trained, or follow from the weights themselves.
_IDLE = frozenset({
    *("auto_mapping", "base_model_name_or_path", "exclude_modules", "inference_mode", "layers_pattern"),
    *("layers_to_transform", "lora_dropout", "megatron_core", "peft_type", "peft_version", "qalora_group_size"),
    *("r", "rank_pattern", "revision", "target_modules", "task_type"),
})  # fmt: skip


class Shape(NamedTuple):
    """How many features go into a linear layer and out of it."""

    features_in: int
    features_out: int


def base_of(folder: Path) -> str:
    """Return the fingerprint of a language model's weights: an adapter that was trained here is of them alone.

    Raises:
        ModelError: They cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for path in sorted(folder.glob("*.safetensors")):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError as error:
        raise ModelError(f"the language model in {folder} cannot be read: {error}") from error
    return f"{FINGERPRINT}{digest.hexdigest()}"


def made_for(folder: Path) -> str | None:
    """Return the fingerprint of the base of an adapter; None where its maker recorded another name, or none.

    Raises:
        ModelError: It cannot be read.
    """
    try:
        named = _read_json(folder / CONFIG).get("base_model_name_or_path")
    except ValueError as error:
        raise ModelError(f"the adapter {folder.name} does not fit: {error}"[:500]) from error
    return named if isinstance(named, str) and named.startswith(FINGERPRINT) else None


def read_config(folder: Path, shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """Read how an adapter acts, and check that it is one of this model, without loading it.

    Args:
        folder: Of the adapter.
        shapes: Of the model's linear layers, by name.

    Returns:
        Arguments for ``peft.LoraConfig``. Layers and ranks are those of the weights, whatever the configuration says.

    Raises:
        ModelError: It cannot be read, holds numbers that are none, or does not fit.
    """
    try:
        acting = _acting(_read_json(folder / CONFIG))
        ranks = _ranks(folder / WEIGHTS, shapes)
    except ValueError as error:
        raise ModelError(f"the adapter {folder.name} does not fit: {error}"[:500]) from error
    return acting | {
        "r": max(ranks.values()),
        "rank_pattern": {re.escape(module): rank for module, rank in ranks.items()},
        "target_modules": sorted(ranks),
    }


def _read_json(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            config = json.loads(file.read(_CONFIG_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{CONFIG} cannot be read: {error}") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise ValueError("it is no LoRA adapter")
    return config


def _acting(config: Mapping[str, Any]) -> dict[str, Any]:
    set_otherwise = {name for name, value in config.items() if value and name not in _IDLE and name not in _ACTING}
    if config.get("bias", "none") == "none":
        set_otherwise.discard("bias")
    # Some ways to begin change the base model (PiSSA, OLoRA); these do not.
    if config.get("init_lora_weights", True) in {True, "gaussian"}:
        set_otherwise.discard("init_lora_weights")
    if set_otherwise:
        raise ValueError(f"{', '.join(sorted(set_otherwise))} cannot be used here")
    return {name: config[name] for name in _ACTING if config.get(name)}


def _ranks(path: Path, shapes: Mapping[str, Shape]) -> dict[str, int]:
    """Read the rank of each layer's pair of matrices: A is (rank, in) and B is (out, rank)."""
    import torch
    from safetensors import SafetensorError, safe_open

    found: dict[str, dict[str, list[int]]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 - no mapping
                tensor = file.get_tensor(key)
                if not math.isfinite(tensor.to(torch.float32).abs().sum().item()):
                    raise ValueError(f"{key} holds what is no number")
                part = _TENSOR.fullmatch(key)
                if part is None or part["module"] not in shapes:
                    raise ValueError(f"the model has no {key}")
                found.setdefault(part["module"], {})[part["side"]] = list(tensor.shape)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{WEIGHTS} cannot be read: {error}") from error
    if not found:
        raise ValueError(f"{WEIGHTS} holds nothing")
    for module, sides in found.items():
        rank, shape = sides.get("A", [0])[0], shapes[module]
        if not rank or sides != {"A": [rank, shape.features_in], "B": [shape.features_out, rank]}:
            raise ValueError(f"{module} of the model is {tuple(shape)}, the adapter's matrices are {sides}")
    return {module: sides["A"][0] for module, sides in found.items()}
