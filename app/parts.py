"""Settings -> each part: picks every implementation; the only place with ``if settings.x``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.settings import Settings
from app.voices import checked_voice, voice_folder
from eval.judge import Judge
from ingestion.blobs import Blobs
from ingestion.sandbox import Sandbox
from ingestion.sources.source import SourceLimits
from ingestion.sources.upload import PartialUploads
from retrieval.answer import Answerer
from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.catalog import Catalog
from retrieval.embed import Embedder, FloatArray
from retrieval.errors import InvalidInputError
from retrieval.generators.extractive import ExtractiveGenerator
from retrieval.generators.generator import Completer, Generator
from retrieval.index import VectorIndex
from retrieval.judged_support import Check, JudgedSupport
from retrieval.pack import unpack_each
from retrieval.prompt import read_template
from retrieval.rerank import SentenceReranker, open_reranker
from retrieval.retrieve import Retriever
from retrieval.rewrite import HeuristicRewriter, ModelRewriter
from retrieval.support import check_sentences
from retrieval.suspicion import Suspects, nobody
from retrieval.types import Sampling

_SENTENCES_KEPT_CHUNKS = 4_000  # some 40 MB
EMBEDDER = "embedder"
"""The index pointer that names the server's embedder; a worker with another one would fill a foreign index."""


def build_embedder(settings: Settings, *, threads: int | None = None, at_once: int = 1) -> Embedder:
    """Load the embedder that the settings name.

    Args:
        settings: Name it.
        threads: Of one pass of a model on this machine; all processors when None.
        at_once: Passes at the same time.

    Returns:
        It, with concurrent questions encoded together.

    Raises:
        ModelError: It cannot be loaded or reached.
        InvalidInputError: An endpoint is given without its model's name.
    """
    from retrieval.batch import QueryBatcher
    from retrieval.embed import EndpointEmbedder, SentenceTransformerEmbedder, bundled_model_path

    model = settings.embedding_model
    embedder: Embedder
    if model is None:
        embedder = SentenceTransformerEmbedder(
            bundled_model_path(), device=settings.embedding_device, threads=threads, at_once=at_once
        )
    elif model.startswith(("http://", "https://")):
        url, _, name = model.partition("#")
        if not name:
            raise InvalidInputError("an embedding endpoint is given as URL#model, for instance http://host/v1#e5")
        key = settings.embedding_api_key
        embedder = EndpointEmbedder(url, name, api_key=key.get_secret_value() if key else None)
    else:
        embedder = SentenceTransformerEmbedder(
            model, device=settings.embedding_device, threads=threads, at_once=at_once
        )
    return QueryBatcher(embedder)


def chunk_tokens(settings: Settings, embedder: Embedder) -> int:
    """Return the token budget of a chunk: what is set, within what the model reads (two are special tokens)."""
    limit = embedder.max_tokens - 2
    return min(settings.chunk_tokens or limit, limit)


def open_sandbox(settings: Settings) -> Sandbox:
    """Make the sandbox in which documents are parsed."""
    return Sandbox(workers=settings.parse_workers)


def build_retriever(
    settings: Settings, catalog: Catalog, index: VectorIndex, embedder: Embedder, suspects: Suspects = nobody
) -> Retriever:
    """Put the search together.

    Returns:
        It, over what is in catalog and index at the time of each question.

    Raises:
        ModelError: The cross-encoder that the settings name cannot be loaded, or the rerank endpoint has no model.
    """
    key = settings.rerank_api_key
    reranker = open_reranker(
        settings.rerank,
        _SentenceVectors(catalog, embedder.dim),
        device=settings.embedding_device,
        api_key=key.get_secret_value() if key else None,
    )
    return Retriever(
        catalog,
        index,
        embedder,
        pool=settings.retrieval_pool,
        dense_weight=settings.dense_weight,
        fusion=settings.fusion,
        reranker=reranker,
        rerank_depth=settings.rerank_depth,
        half_life_days=settings.recency_half_life_days,
        suspects=suspects,
    )


def build_answerer(settings: Settings, retriever: Retriever) -> Answerer:
    """Put the question path together behind a retriever."""
    catalog, embedder = retriever.catalog, retriever.embedder
    # Those that the reranker keeps, where it has any: the passages of an answer were just reranked.
    reranker = retriever.reranker
    kept = reranker.sentence_vectors if isinstance(reranker, SentenceReranker) else None
    sentence_vectors = kept or _SentenceVectors(catalog, embedder.dim)
    extractive = ExtractiveGenerator(embedder, Bm25Encoder(Bm25Settings()).terms, sentence_vectors)
    generator = build_generator(settings, extractive)
    return Answerer(
        retriever,
        generator,
        extractive,
        passages_shown=settings.passages_shown,
        abstain_below=settings.abstain_below,
        context_tokens=0 if generator is extractive else _context_tokens(settings),
        unsupported=settings.unsupported_sentences,
        template=read_template(settings.answer_prompt).name,
        confidence=extractive.evidence.confidence,
        check=_build_check(settings),
        rewriter=ModelRewriter(generator) if isinstance(generator, Completer) else HeuristicRewriter(),
        versions={
            "embedder": embedder.fingerprint,
            "dense_weight": settings.dense_weight,
            "fusion": retriever.fusion,
            "rerank": retriever.reranker.name,
            "generator": generator.name,
        },
    )


def _build_check(settings: Settings) -> Check:
    """Pick what judges the sentences of language models: words alone, or the judge model too where one is set."""
    if settings.judge_url is None or not settings.judge_answers:
        return check_sentences
    from retrieval.generators.openai_compatible import OpenAICompatibleGenerator

    key = settings.judge_api_key
    judge = OpenAICompatibleGenerator(
        settings.judge_url, settings.judge_model, api_key=key.get_secret_value() if key else None
    )
    return JudgedSupport(judge)


def _context_tokens(settings: Settings) -> int:
    """Return the room for passages: most of the window, the rest is for rules, conversation, question and answer."""
    return max(0, settings.llm_context_tokens - settings.llm_max_tokens) * 3 // 5


def build_generator(settings: Settings, extractive: Generator) -> Generator:
    """Pick what words the answers.

    Returns:
        The language model that the settings name, or the extractive generator.

    Raises:
        ModelError: The model's folder cannot be loaded.
        InvalidInputError: Two models are named.
    """
    if settings.llm_url and settings.local_model:
        raise InvalidInputError("one language model words the answers: set ATTUNE_LLM_URL or ATTUNE_LOCAL_MODEL")
    defaults = Sampling(temperature=settings.llm_temperature, max_tokens=settings.llm_max_tokens)
    if settings.llm_url:
        from retrieval.generators.openai_compatible import OpenAICompatibleGenerator, Timeouts

        key = settings.llm_api_key
        return OpenAICompatibleGenerator(
            settings.llm_url,
            settings.llm_model,
            api_key=key.get_secret_value() if key else None,
            context_tokens=settings.llm_context_tokens,
            defaults=defaults,
            timeouts=Timeouts(
                total_s=settings.llm_timeout_s,
                first_token_s=settings.llm_first_token_timeout_s,
                gap_s=settings.llm_gap_timeout_s,
            ),
        )
    if settings.local_model:
        from retrieval.generators.adapters import Home
        from retrieval.generators.local import LocalGenerator

        return LocalGenerator(
            settings.local_model,
            adapters=settings.local_adapters,
            learned=Home(partial(voice_folder, settings.data_dir), checked_voice),
            device=settings.local_device,
            context_tokens=settings.llm_context_tokens,
            defaults=defaults,
        )
    return extractive


def build_judge(settings: Settings) -> Judge | None:
    """Make the judge that the settings name, if any."""
    if settings.judge_url is None:
        return None
    key = settings.judge_api_key
    return Judge(settings.judge_url, settings.judge_model, api_key=key.get_secret_value() if key else None)


def open_blobs(settings: Settings) -> Blobs:
    """Open the folder of originals."""
    folder = settings.blobs_dir or settings.data_dir / "blobs"
    return Blobs(folder.resolve(), reserve_bytes=settings.disk_reserve_bytes)


def source_limits(settings: Settings) -> SourceLimits:
    """Return what sources may do at most."""
    return SourceLimits(
        document_max_bytes=settings.document_max_bytes,
        web=settings.web_sources,
        web_hosts=settings.web_hosts,
        web_private_hosts=settings.web_private_hosts,
        secrets=settings.source_secrets,
        reader_prefixes=settings.source_readers,
    )


def open_uploads(settings: Settings, blobs: Blobs) -> PartialUploads:
    """Open the folder of uploads that are under way."""
    folder = settings.data_dir.resolve() / "uploads"
    return PartialUploads(folder, max_bytes=settings.document_max_bytes, check_room=blobs.check_room)


def open_index(settings: Settings, data_dir: Path, embedder: Embedder, catalog: Catalog) -> VectorIndex:
    """Open the vector index that the settings name.

    Returns:
        It, empty where nothing was made with this embedder.

    Raises:
        VectorIndexError: It cannot be opened or reached.
    """
    if settings.qdrant_url:
        from retrieval.index_server import ServerIndex

        key = settings.qdrant_api_key
        return ServerIndex.connect(
            settings.qdrant_url,
            api_key=key.get_secret_value() if key else None,
            dim=embedder.dim,
            fingerprint=embedder.fingerprint,
        )
    from retrieval.index_edge import EdgeIndex

    return EdgeIndex(data_dir / "index", dim=embedder.dim, fingerprint=embedder.fingerprint, pointer=_Pointer(catalog))


@dataclass(slots=True)
class _SentenceVectors:
    """Sentence vectors of chunks, the last some thousands kept: popular passages are found again and again."""

    catalog: Catalog
    dim: int
    kept: dict[str, FloatArray] = field(default_factory=dict)

    def __call__(self, chunk_ids: Sequence[str]) -> dict[str, FloatArray]:
        kept = self.kept  # this call's own, should another thread begin anew meanwhile
        new = [key for key in chunk_ids if key not in kept]
        if new:
            if len(kept) + len(new) > _SENTENCES_KEPT_CHUNKS:
                kept = self.kept = {}
                new = list(chunk_ids)
            kept |= unpack_each(self.catalog.sentences(new), self.dim)
        return {key: kept[key] for key in chunk_ids if key in kept}


@dataclass(frozen=True, slots=True)
class _Pointer:
    catalog: Catalog

    def get(self, name: str) -> str | None:
        return self.catalog.index_pointer(name)

    def set(self, name: str, target: str) -> None:
        self.catalog.set_index_pointer(name, target)
