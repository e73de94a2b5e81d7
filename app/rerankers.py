"""Cross-encoders as the server holds them: which can be adapted, and what the server lacks to adapt its models."""

from pathlib import Path

from app.engines import adaptable_model
from app.settings import Settings
from finetune.cross import adapted_reranker
from finetune.rerankers import Rerankers
from finetune.types import RungName
from retrieval.errors import ModelError
from retrieval.rerank import CrossEncoderReranker, KeepOrder, Reranker, SentenceReranker

_NO_CROSS_ENCODER = "a cross-encoder on this machine: set ATTUNE_RERANK to its folder or hub id"


def adaptable_cross_encoder(settings: Settings) -> str | None:
    """Return the cross-encoder that an adapter can be trained for; None where another kind of reranker is set."""
    named = settings.rerank
    other = named in {KeepOrder.name, SentenceReranker.name} or named.startswith(("http://", "https://"))
    return None if other else named


def load_adapted_reranker(settings: Settings, adapter: Path) -> Reranker:
    """Load the server's cross-encoder with an adapter.

    Returns:
        It, with a fingerprint of its own.

    Raises:
        ModelError: The adapter does not fit, or no cross-encoder is set.
    """
    model = adaptable_cross_encoder(settings)
    if model is None:
        raise ModelError(f"an adapter of a reranker needs {_NO_CROSS_ENCODER}")
    return adapted_reranker(model, adapter, device=settings.embedding_device)


def open_rerankers(settings: Settings, base: Reranker) -> Rerankers:
    """Return the adapted cross-encoders of a server, none of them loaded.

    Args:
        settings: Name the cross-encoder.
        base: The server's reranker.
    """
    fingerprint = base.fingerprint if isinstance(base, CrossEncoderReranker) else None
    return Rerankers(fingerprint, lambda adapter: load_adapted_reranker(settings, adapter))


def lacks(settings: Settings) -> dict[RungName, str]:
    """Return what this server has not got, in words, by the rung that needs it."""
    lacking: dict[RungName, str] = {}
    if adaptable_model(settings) is None:
        lacking["embedder"] = "the embedder is behind an endpoint, and takes no adapter"
    if adaptable_cross_encoder(settings) is None:
        lacking["reranker"] = _NO_CROSS_ENCODER
    return lacking
