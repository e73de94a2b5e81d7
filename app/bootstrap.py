"""Settings -> Services: opens everything the server is made of; which implementation is in ``parts``."""

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from anyio import CapacityLimiter

from app.asked_vectors import AskedVectors
from app.auth import Authenticator
from app.data_directory import data_directory
from app.dispatch import Dispatcher, Keeping, Kept
from app.engines import open_engines
from app.guarding import GuardPolicies
from app.identity.attempts import Attempts
from app.identity.oidc import OidcProvider, provider_of
from app.ingestion_told import Told
from app.jobs import Jobs, job_database
from app.learning import Rollout, open_rollout
from app.limits import Limits
from app.observing import Observing, open_observing
from app.parts import (
    EMBEDDER,
    build_answerer,
    build_embedder,
    build_judge,
    build_retriever,
    chunk_tokens,
    open_blobs,
    open_index,
    open_uploads,
)
from app.rerankers import open_rerankers
from app.settings import Settings
from app.stores import Stores, open_stores
from app.streaming import Works
from app.telemetry import Telemetry
from app.training_jobs import TrainingJobs
from app.voices import Voices
from app.watch import Watched
from app.workforce import Workforce
from eval.judge import Judge
from eval.prices import Price, read_prices
from finetune.engines import Engines
from finetune.runs import TrainingRun
from finetune.twin_index import TwinIndex
from ingestion.blobs import Blobs
from ingestion.originals import Originals
from ingestion.pages import Pages, open_pages
from ingestion.prepare import recipe_of
from ingestion.publish import Publisher
from ingestion.sources.upload import PartialUploads
from retrieval.answer import Answerer
from retrieval.catalog import Catalog
from retrieval.embed import Embedder
from retrieval.errors import ConflictError
from retrieval.generators.openai_compatible import OpenAICompatibleGenerator
from retrieval.index import VectorIndex
from retrieval.retrieve import Retriever
from retrieval.suspicion import WhereAny

DEFAULT_COLLECTION = "default"
HASHES_AT_ONCE = 2  # sign-ins: each takes 64 MiB and four threads for a moment


@dataclass(frozen=True, slots=True)
class Services(Stores):
    """Everything the server is made of."""

    settings: Settings
    data_dir: Path
    index: TwinIndex
    embedder: Embedder
    retriever: Retriever
    learned: Rollout
    answerer: Answerer
    chunk_tokens: int
    blobs: Blobs
    pages: Pages
    publisher: Publisher
    dispatcher: Dispatcher
    training: TrainingJobs
    uploads: PartialUploads
    authenticator: Authenticator
    loopback_token: str
    limits: Limits
    oidc: OidcProvider | None
    judge: Judge | None
    prices: Mapping[str, Price]
    observing: Observing
    works: Works
    evaluating: threading.Lock = field(default_factory=threading.Lock)
    asked_vectors: AskedVectors = field(default_factory=AskedVectors)
    attempts: Attempts = field(default_factory=Attempts)
    hashing: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(HASHES_AT_ONCE))

    def recipe(self, edition: str = "") -> str:
        """Return what revisions are made with now, where the collection's policy is of an edition."""
        return recipe_of(chunk_tokens=self.chunk_tokens, fingerprint=self.embedder.fingerprint, edition=edition)


@contextmanager
def open_services(settings: Settings, *, ingests: bool = False) -> Iterator[Services]:
    """Open the data directory and everything on it; what a killed process left is finished or undone first.

    Args:
        settings: What to open.
        ingests: Documents are about to be taken in.

    Raises:
        DataDirectoryError: The directory is foreign, corrupt, or another process owns it.
        ModelError: The embedding model cannot be loaded.
    """
    with ExitStack() as stack:
        data_dir = stack.enter_context(data_directory(settings.data_dir))
        stores = open_stores(settings, stack)
        ensure_collection(stores.catalog, DEFAULT_COLLECTION)
        workforce = stack.enter_context(_open_workforce(settings, stores, ingests=ingests))
        # One thread a question: two wait for each other, for half a second where a worker keeps the processors busy.
        embedder = build_embedder(settings, threads=1)
        index = TwinIndex(stack.enter_context(closing(open_index(settings, data_dir, embedder, stores.catalog))))
        blobs = open_blobs(settings)
        originals = Originals(blobs, stores.catalog, stores.runs_of_ingestion, stores.quality.examiner.quarantine)
        publisher = Publisher(stores.catalog, index, embedder, originals)
        learned = stack.enter_context(_open_learned(settings, stores, publisher, index))
        observing = stack.enter_context(_open_observing(settings, stores, index, embedder))
        loopback_token = secrets.token_urlsafe(32)
        dispatcher = _open_dispatcher(settings, stores, publisher, originals, workforce, observing.telemetry)
        yield Services(
            **{field.name: getattr(stores, field.name) for field in fields(Stores)},
            works=stack.enter_context(closing(Works())),
            settings=settings,
            data_dir=data_dir,
            observing=observing,
            uploads=open_uploads(settings, blobs),
            judge=build_judge(settings),
            prices=read_prices(settings.prices) if settings.prices else {},
            index=index,
            embedder=embedder,
            retriever=learned.retriever,
            learned=learned,
            answerer=_answerer(settings, learned.retriever, observing.telemetry, stores.guards),
            chunk_tokens=chunk_tokens(settings, embedder),
            blobs=blobs,
            pages=stack.enter_context(closing(open_pages())),
            publisher=publisher,
            dispatcher=stack.enter_context(dispatcher),
            training=stack.enter_context(_open_training(settings, stores)),
            authenticator=_authenticator(settings, stores, loopback_token),
            loopback_token=loopback_token,
            limits=Limits(settings),
            oidc=provider_of(settings),
        )


@contextmanager
def _open_engines(settings: Settings, publisher: Publisher, index: TwinIndex) -> Iterator[Engines]:
    with closing(open_engines(settings, publisher.catalog, index, base=publisher.embedder)) as engines:
        _make_whole(publisher)
        yield engines


@contextmanager
def _open_learned(settings: Settings, stores: Stores, publisher: Publisher, index: TwinIndex) -> Iterator[Rollout]:
    with _open_engines(settings, publisher, index) as engines:
        unlearned = build_retriever(settings, stores.catalog, index, publisher.embedder, _suspects(stores))
        rerankers = open_rerankers(settings, unlearned.reranker)
        with open_rollout(settings.data_dir.resolve(), unlearned, engines, rerankers, Voices(settings)) as learned:
            yield learned


def _open_observing(
    settings: Settings, stores: Stores, index: VectorIndex, embedder: Embedder
) -> AbstractContextManager[Observing]:
    watched = Watched(stores.interactions, stores.feedback, index, embedder.embed_query)
    return open_observing(settings, watched, catalog=stores.catalog, monitoring=stores.monitoring)


def _authenticator(settings: Settings, stores: Stores, loopback_token: str) -> Authenticator:
    return Authenticator(loopback_token, stores.users, stores.keys, stores.sessions, settings.session_idle)


def _answerer(settings: Settings, retriever: Retriever, telemetry: Telemetry, guards: GuardPolicies) -> Answerer:
    guards.warm()
    answerer = replace(build_answerer(settings, retriever), guards=guards.guard)
    if isinstance(answerer.generator, OpenAICompatibleGenerator):
        telemetry.heeding(answerer.generator.breaker)
    return answerer


def _suspects(stores: Stores) -> WhereAny:
    findings = stores.quality.examiner.log
    return WhereAny(findings.suspects, findings.any_instructions)


def _make_whole(publisher: Publisher) -> None:
    catalog = publisher.catalog
    publisher.collect()
    if publisher.index.count() < catalog.counts()[1]:
        # Another embedder has another index, and a rebuild may have been cut short: the catalog is the truth.
        publisher.rebuild()
    publisher.relabel()
    catalog.set_index_pointer(EMBEDDER, publisher.embedder.fingerprint)


@contextmanager
def _open_workforce(settings: Settings, stores: Stores, *, ingests: bool) -> Iterator[Workforce]:
    with closing(Workforce(settings)) as workforce:
        if ingests or stores.runs_of_ingestion.at_work():
            workforce.want()  # they load their model while the server loads its own
        yield workforce


@contextmanager
def _open_training(settings: Settings, stores: Stores) -> Iterator[TrainingJobs]:
    def ended(run: TrainingRun) -> None:
        details = {"state": run.state, "candidates": list(run.candidates)}
        stores.audit_log.append("training.end", f"training:{run.id}", details=details)

    with closing(TrainingJobs(settings, stores.training_runs, ended=ended)) as training:
        training.start()
        yield training


@contextmanager
def _open_dispatcher(
    settings: Settings,
    stores: Stores,
    publisher: Publisher,
    originals: Originals,
    workforce: Workforce,
    telemetry: Telemetry,
) -> Iterator[Dispatcher]:
    runs, keeping = stores.runs_of_ingestion, Keeping(settings.keep_revisions_for, settings.keep_runs)
    told = Told(runs, telemetry, publisher.index, settings.hnsw_min_chunks)
    kept = Kept(publisher, runs, stores.workers, originals, keeping)
    with closing(Jobs(job_database(settings.catalog_url, settings.data_dir))) as jobs:
        dispatcher = Dispatcher(kept, jobs, workforce, ended=told.ended, changed=told.changed)
        with closing(dispatcher):
            dispatcher.start()
            yield dispatcher


def ensure_collection(catalog: Catalog, name: str) -> None:
    """Make a collection unless there is one of this name."""
    with suppress(ConflictError):
        catalog.create_collection(name)
