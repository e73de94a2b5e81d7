"""The files of an embedding model -> the model."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from retrieval.errors import ModelError

_PIECE_BYTES = 2**20


def load_model(model: str | Path, *, device: str | None = None, dtype: Any = None, attention: str | None = None) -> Any:
    """Load a sentence-transformers model.

    Args:
        model: A folder or a hub id.
        device: cuda where there is one when None.
        dtype: Of its weights; what is fastest here when None.
        attention: How transformers computes it; None leaves it the choice.

    Returns:
        The model.

    Raises:
        ModelError: It cannot be loaded.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    silence_progress_bars()
    dtype = dtype or (torch.bfloat16 if fast_bfloat16(torch, device) else torch.float32)
    options = {"dtype": dtype, "use_safetensors": True} | ({"attn_implementation": attention} if attention else {})
    try:
        return SentenceTransformer(str(model), device=device, model_kwargs=options)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load the embedding model {model}: {error}") from error


def silence_progress_bars() -> None:
    """Keep transformers from drawing its own: they are for notebooks, and ours show documents."""
    from transformers.utils import logging

    silence: Callable[[], None] = logging.disable_progress_bar
    silence()


def fast_bfloat16(torch: Any, device: str | None) -> bool:
    """Say whether the device computes faster in bfloat16."""
    # bf16 is 3-5 times faster than fp32 on CPUs with AMX and 7 times slower on those without any bf16 unit.
    if device and device != "cpu":
        return True
    if device is None and torch.cuda.is_available():
        return True
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def weights_digest(model: str | Path) -> str:
    """Return what tells the weights of a model from others: 12 characters."""
    folder = Path(model)
    digest = hashlib.sha256()
    if folder.is_dir():
        for file in sorted(folder.rglob("*.safetensors")):
            with file.open("rb") as stream:  # piece by piece: a model may be as large as memory
                while piece := stream.read(_PIECE_BYTES):
                    digest.update(piece)
    else:
        digest.update(str(model).encode())
    return digest.hexdigest()[:12]
