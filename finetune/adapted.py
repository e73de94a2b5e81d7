"""An adapted embedder: the server's own with what a LoRA adapter adds to its weights."""

from functools import partial
from pathlib import Path
from typing import Any

from finetune.lora import merge
from retrieval.embed import SentenceTransformerEmbedder
from retrieval.errors import ModelError


def adapted(
    model: str | Path, adapter: Path, *, device: str | None = None, threads: int | None = None, at_once: int = 1
) -> SentenceTransformerEmbedder:
    """Load an embedder with an adapter.

    Questions and documents are encoded by the same weights, and its fingerprint is that of the base and the adapter:
    vectors of the two never meet in one index. Without the adapter the base is untouched.

    Args:
        model: Folder or hub id of the base.
        adapter: Folder of the adapter.
        device: See ``SentenceTransformerEmbedder``.
        threads: Likewise.
        at_once: Likewise.

    Returns:
        The embedder; as fast as its base.

    Raises:
        ModelError: The adapter cannot be read, or was made for another embedder.
    """
    adapt = partial(_adapt, adapter)
    return SentenceTransformerEmbedder(model, device=device, threads=threads, at_once=at_once, adapt=adapt)


def _adapt(adapter: Path, model: Any, base: str) -> str:
    transformer = getattr(model[0], "auto_model", None)
    if transformer is None:
        raise ModelError("an adapter acts on transformers only, and the embedding model is none")
    return merge(transformer, adapter, base=base)
