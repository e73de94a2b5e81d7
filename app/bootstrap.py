"""Settings -> Services: picks every implementation; the only place with ``if settings.x``."""

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from app.auth import Authenticator
from app.data_directory import data_directory
from app.dispatch import Dispatcher, Keeping, Kept
from app.ingestion_told import Told
from app.jobs import Jobs, job_database
from app.migrations import upgrade
from app.observing import Observing, open_observing
from app.quality import Quality, open_quality
from app.settings import Settings
from app.streaming import Works
from app.watch import Watched
from app.workforce import Workforce
from eval.golden_store import GoldenSets
from eval.judge import Judge
from eval.monitoring import MonitoringLog
from eval.prices import Price, read_prices
from eval.runs import EvaluationRuns
from ingestion.blobs import Blobs
from ingestion.prepare import recipe_of
from ingestion.publish import Publisher
from ingestion.runs import IngestRuns
from ingestion.sandbox import Sandbox
from ingestion.sources.source import SourceLimits
from ingestion.sources.store import SourceStore
from ingestion.sources.upload import PartialUploads
from ingestion.workers import Workers
from retrieval.answer import Answerer
from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.catalog import Catalog
from retrieval.embed import Embedder, FloatArray
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.feedback import FeedbackLog
from retrieval.generators.extractive import ExtractiveGenerator
from retrieval.generators.generator import Generator
from retrieval.index import VectorIndex
from retrieval.interactions import InteractionLog
from retrieval.pack import unpack
from retrieval.rerank import open_reranker
from retrieval.retrieve import Retriever
from retrieval.tables import open_engine

DEFAULT_COLLECTION = "default"
EMBEDDER = "embedder"
"""The index pointer that names the server's embedder; a worker with another one would fill a foreign index."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the server is made of."""

    settings: Settings
    data_dir: Path
    catalog: Catalog
    interactions: InteractionLog
    feedback: FeedbackLog
    index: VectorIndex
    embedder: Embedder
    retriever: Retriever
    answerer: Answerer
    chunk_tokens: int
    blobs: Blobs
    publisher: Publisher
    dispatcher: Dispatcher
    runs_of_ingestion: IngestRuns
    sources: SourceStore
    uploads: PartialUploads
    authenticator: Authenticator
    loopback_token: str
    golden: GoldenSets
    runs: EvaluationRuns
    judge: Judge | None
    prices: Mapping[str, Price]
    observing: Observing
    quality: Quality
    works: Works
    evaluating: threading.Lock = field(default_factory=threading.Lock)

    def recipe(self, edition: str = "") -> str:
        """Return what revisions are made with now, where the collection's policy is of an edition."""
        return recipe_of(chunk_tokens=self.chunk_tokens, fingerprint=self.embedder.fingerprint, edition=edition)


@contextmanager
def open_services(settings: Settings) -> Iterator[Services]:
    """Open the data directory and everything on it; what a killed process left is finished or undone first.

    Raises:
        DataDirectoryError: The directory is foreign, corrupt, or another process owns it.
        ModelError: The embedding model cannot be loaded.
    """
    with ExitStack() as stack:
        data_dir = stack.enter_context(data_directory(settings.data_dir))
        stores = _open_stores(settings, stack)
        catalog = stores.catalog
        embedder = build_embedder(settings)
        index = _open_index(settings, data_dir, embedder, catalog)
        stack.callback(index.close)
        blobs = open_blobs(settings)
        publisher = Publisher(catalog, index, embedder, blobs)
        publisher.collect()
        if index.count() < catalog.counts()[1]:
            # Another embedder has another index, and a rebuild may have been cut short: the catalog is the truth.
            publisher.rebuild()
        catalog.set_index_pointer(EMBEDDER, embedder.fingerprint)
        works = stack.enter_context(closing(Works()))
        loopback_token = secrets.token_urlsafe(32)
        retriever = build_retriever(settings, catalog, index, embedder)
        observing = _observing(settings, stores, index, embedder, stack)
        dispatcher = _open_dispatcher(settings, stores, publisher, observing, stack)
        yield Services(
            settings=settings,
            data_dir=data_dir,
            catalog=catalog,
            interactions=stores.interactions,
            feedback=stores.feedback,
            observing=observing,
            quality=stores.quality,
            runs_of_ingestion=stores.ingest_runs,
            sources=stores.sources,
            uploads=open_uploads(settings, blobs),
            golden=stores.golden,
            runs=stores.runs,
            judge=build_judge(settings),
            prices=read_prices(settings.prices) if settings.prices else {},
            index=index,
            embedder=embedder,
            retriever=retriever,
            answerer=build_answerer(settings, retriever),
            chunk_tokens=chunk_tokens(settings, embedder),
            blobs=blobs,
            publisher=publisher,
            dispatcher=dispatcher,
            works=works,
            authenticator=Authenticator(catalog, loopback_token),
            loopback_token=loopback_token,
        )


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


def _open_dispatcher(
    settings: Settings, stores: "_Stores", publisher: Publisher, observing: Observing, stack: ExitStack
) -> Dispatcher:
    jobs = stack.enter_context(closing(Jobs(job_database(settings.catalog_url, settings.data_dir))))
    kept = Keeping(revisions=settings.keep_revisions_for, runs=timedelta(days=settings.keep_runs_days))
    told = Told(stores.ingest_runs, observing.telemetry, publisher.index, settings.hnsw_min_chunks)
    dispatcher = Dispatcher(
        Kept(publisher, stores.ingest_runs, stores.workers, publisher.blobs or open_blobs(settings), kept),
        jobs,
        Workforce(settings),
        ended=told.ended,
        changed=told.changed,
    )
    stack.callback(dispatcher.close)
    dispatcher.start()
    return dispatcher


def _observing(
    settings: Settings, stores: "_Stores", index: VectorIndex, embedder: Embedder, stack: ExitStack
) -> Observing:
    watched = Watched(stores.interactions, stores.feedback, index, embedder.embed_query)
    return stack.enter_context(open_observing(settings, watched, catalog=stores.catalog, monitoring=stores.monitoring))


def ensure_collection(catalog: Catalog, name: str) -> None:
    """Make a collection unless there is one of this name."""
    try:
        catalog.collection(name)
    except NotFoundError:
        catalog.create_collection(name)


def build_embedder(settings: Settings) -> Embedder:
    """Load the embedder that the settings name.

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
        embedder = SentenceTransformerEmbedder(bundled_model_path(), device=settings.embedding_device)
    elif model.startswith(("http://", "https://")):
        url, _, name = model.partition("#")
        if not name:
            raise InvalidInputError("an embedding endpoint is given as URL#model, for instance http://host/v1#e5")
        key = settings.embedding_api_key
        embedder = EndpointEmbedder(url, name, api_key=key.get_secret_value() if key else None)
    else:
        embedder = SentenceTransformerEmbedder(model, device=settings.embedding_device)
    return QueryBatcher(embedder)


def chunk_tokens(settings: Settings, embedder: Embedder) -> int:
    """Return the token budget of a chunk: what is set, within what the model reads (two are special tokens)."""
    limit = embedder.max_tokens - 2
    return min(settings.chunk_tokens or limit, limit)


def open_sandbox(settings: Settings) -> Sandbox:
    """Make the sandbox in which documents are parsed."""
    return Sandbox(workers=settings.parse_workers)


def build_retriever(settings: Settings, catalog: Catalog, index: VectorIndex, embedder: Embedder) -> Retriever:
    """Put the search together.

    Returns:
        It, over what is in catalog and index at the time of each question.

    Raises:
        ModelError: The cross-encoder that the settings name cannot be loaded.
    """
    reranker = open_reranker(settings.rerank, _SentenceVectors(catalog, embedder.dim), device=settings.embedding_device)
    return Retriever(
        catalog,
        index,
        embedder,
        pool=settings.retrieval_pool,
        dense_weight=settings.dense_weight,
        fusion=settings.fusion,
        reranker=reranker,
        rerank_depth=settings.rerank_depth,
    )


def build_answerer(settings: Settings, retriever: Retriever) -> Answerer:
    """Put the question path together behind a retriever."""
    catalog, embedder = retriever.catalog, retriever.embedder
    sentence_vectors = _SentenceVectors(catalog, embedder.dim)
    extractive = ExtractiveGenerator(embedder, Bm25Encoder(Bm25Settings()).terms, sentence_vectors)
    generator: Generator = extractive
    if settings.llm_url:
        from retrieval.generators.openai_compatible import OpenAICompatibleGenerator

        key = settings.llm_api_key
        generator = OpenAICompatibleGenerator(
            settings.llm_url,
            settings.llm_model,
            api_key=key.get_secret_value() if key else None,
            timeout_s=settings.llm_timeout_s,
            context_tokens=settings.llm_context_tokens,
            max_tokens=settings.llm_max_tokens,
        )
    return Answerer(
        retriever,
        generator,
        extractive,
        passages_shown=settings.passages_shown,
        abstain_below=settings.abstain_below,
        versions={
            "embedder": embedder.fingerprint,
            "dense_weight": settings.dense_weight,
            "fusion": retriever.fusion,
            "rerank": retriever.reranker.name,
            "generator": f"openai_compatible:{settings.llm_model}" if settings.llm_url else "extractive",
        },
    )


def build_judge(settings: Settings) -> Judge | None:
    """Make the judge that the settings name, if any."""
    if settings.judge_url is None:
        return None
    key = settings.judge_api_key
    return Judge(settings.judge_url, settings.judge_model, api_key=key.get_secret_value() if key else None)


@dataclass(frozen=True, slots=True)
class _Stores:
    """What is kept in the catalog's database, by who keeps it."""

    catalog: Catalog
    interactions: InteractionLog
    feedback: FeedbackLog
    monitoring: MonitoringLog
    golden: GoldenSets
    runs: EvaluationRuns
    ingest_runs: IngestRuns
    sources: SourceStore
    workers: Workers
    quality: Quality


def _open_stores(settings: Settings, stack: ExitStack) -> _Stores:
    upgrade(settings.catalog_url)
    engine = open_engine(settings.catalog_url)
    stack.callback(engine.dispose)
    catalog = Catalog(engine)
    ensure_collection(catalog, DEFAULT_COLLECTION)
    return _Stores(
        catalog=catalog,
        interactions=InteractionLog(engine),
        feedback=FeedbackLog(engine),
        monitoring=MonitoringLog(engine),
        golden=GoldenSets(engine),
        runs=EvaluationRuns(engine),
        ingest_runs=IngestRuns(engine),
        sources=SourceStore(engine),
        workers=Workers(engine),
        quality=open_quality(engine, catalog),
    )


def _open_index(settings: Settings, data_dir: Path, embedder: Embedder, catalog: Catalog) -> VectorIndex:
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


@dataclass(frozen=True, slots=True)
class _SentenceVectors:
    catalog: Catalog
    dim: int

    def __call__(self, chunk_ids: Sequence[str]) -> dict[str, FloatArray]:
        return {key: unpack(packed, self.dim) for key, packed in self.catalog.sentences(chunk_ids).items()}


@dataclass(frozen=True, slots=True)
class _Pointer:
    catalog: Catalog

    def get(self, name: str) -> str | None:
        return self.catalog.index_pointer(name)

    def set(self, name: str, target: str) -> None:
        self.catalog.set_index_pointer(name, target)
