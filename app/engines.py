"""Engines as the server holds them: where their indexes lie, and which are wanted when it starts."""

import shutil
from pathlib import Path

from app.parts import open_index
from app.settings import Settings
from finetune.adapted import adapted
from finetune.artifact import EMBEDDER, Artifacts
from finetune.engines import Engines, Making
from finetune.registry import MAX_LISTED, Registry
from finetune.twin_index import TwinIndex
from ingestion.audit import Audit
from retrieval.catalog import Catalog
from retrieval.embed import Embedder, bundled_model_path
from retrieval.errors import ModelError, NotFoundError
from retrieval.index import VectorIndex, short_name


def adaptable_model(settings: Settings) -> str | Path | None:
    """Return the embedder that an adapter can be trained for; None where it is behind an endpoint."""
    model = settings.embedding_model or bundled_model_path()
    return None if str(model).startswith(("http://", "https://")) else model


def load_adapted(settings: Settings, adapter: Path, *, threads: int = 1) -> Embedder:
    """Load the server's embedder with an adapter.

    Returns:
        It, with a fingerprint of its own.

    Raises:
        ModelError: The adapter does not fit, or the embedder is behind an endpoint.
    """
    model = adaptable_model(settings)
    if model is None:
        raise ModelError("an embedder behind an endpoint takes no adapter")
    return adapted(model, adapter, device=settings.embedding_device, threads=threads)


def open_engines(settings: Settings, catalog: Catalog, twin: TwinIndex, *, base: Embedder) -> Engines:
    """Open the indexes of candidates that serve or may come back; before the first write.

    Args:
        settings: Name embedder, index and data directory.
        catalog: Knows the candidates.
        twin: The server's index.
        base: The server's embedder.

    Returns:
        The engines, until they are closed.
    """
    data_dir = settings.data_dir.resolve()

    def index(embedder: Embedder) -> VectorIndex:
        return open_index(settings, data_dir, embedder, catalog)

    def remove(fingerprint: str) -> None:
        _remove(settings, data_dir, catalog, (fingerprint, base.dim))

    making = Making(
        base.fingerprint, lambda adapter: load_adapted(settings, adapter), index, remove, settings.hnsw_min_chunks
    )
    engines = Engines(twin, catalog, making)
    engines.reopen(_adapters(Artifacts(data_dir / "learning" / "candidates"), Registry(catalog.engine)))
    return engines


def _adapters(artifacts: Artifacts, registry: Registry) -> list[Path]:
    """Return the adapters of candidates that may serve: what is live, and then what was live last."""
    wanted = [one for one in registry.newest(limit=MAX_LISTED) if one.may_serve and one.manifest.get("embedder")]
    wanted.sort(key=lambda one: (one.state == "live", one.live_at or one.created_at), reverse=True)
    found = []
    for candidate in wanted:
        try:
            found.append(artifacts.path(candidate.id) / EMBEDDER)
        except NotFoundError:
            continue
    return found


def _remove(settings: Settings, data_dir: Path, catalog: Catalog, embedder: tuple[str, int]) -> None:
    fingerprint, dim = embedder
    if settings.qdrant_url:
        from retrieval.index_server import ServerIndex

        secret = settings.qdrant_api_key
        key = secret.get_secret_value() if secret else None
        ServerIndex.connect(settings.qdrant_url, api_key=key, dim=dim, fingerprint=fingerprint).discard()
        return
    name = short_name(fingerprint)
    shutil.rmtree(data_dir / "index" / name, ignore_errors=True)
    # Last: a pointer to what is gone is found by the doctor, files without a pointer would be taken for foreign.
    Audit(catalog.engine).forget_pointers([f"vectors:{name}"])
