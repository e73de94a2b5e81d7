"""The process of a training: ``python -m app.training``, started by the server with what it needs on its input."""

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from app import children
from app.auth import LOCAL
from app.begun import received
from app.engines import adaptable_model, load_adapted
from app.identity.users import User
from app.learning import FOLDER
from app.parts import EMBEDDER, build_embedder, build_retriever, chunk_tokens
from app.rerankers import adaptable_cross_encoder, lacks, load_adapted_reranker
from app.settings import Settings
from app.stores import Stores, open_stores
from app.teaching import teaching_of
from app.training_jobs import ADAPTERS, LAB, MEMORY_FULL, STORAGE_FULL
from app.voices import voice_lacks
from finetune.artifact import Artifacts
from finetune.course import SEED, Adapting, Kept, Means, Reranking
from finetune.examples import Built, Context
from finetune.gather import chunk_finder, gather, standing_in, trusting
from finetune.general import general_questions
from finetune.lab import Lab, open_lab
from finetune.lineage import manifest_of
from finetune.questions import Question
from finetune.registry import Registry
from finetune.reporting import checked_target, open_reporter
from finetune.scrub import POLICY, scrubber
from finetune.train import train
from finetune.types import Label
from ingestion.blobs import check_room
from ingestion.prepare import recipe_of
from retrieval.catalog import Catalog
from retrieval.embed import Embedder
from retrieval.errors import AttuneError, DataDirectoryError, ModelError, StorageFullError
from retrieval.index import VectorIndex
from retrieval.retrieve import Retriever
from retrieval.store import reachable
from retrieval.suspicion import WhereAny

_MAX_USERS = 1_000  # of a page

# An index of the lab takes 31 MB and some 3.7 KB a chunk of 384 numbers. It is mapped into memory: where there is no
# room for it the system kills whoever writes to it.
_LAB_BYTES, _LAB_BYTES_OF_NUMBER = 40 * 2**20, 12


def work(settings: Settings, run_id: str, stack: ExitStack) -> None:
    """Do a training run; whatever goes wrong for a reason that we know is noted as its end.

    Args:
        settings: As of the server.
        run_id: Of a run that is under way.
        stack: Closes what was opened.

    Raises:
        DataDirectoryError: The database does not answer.
        StorageFullError: The disk is full, and there is no room to say so.
    """
    stores = open_stores(settings, stack)
    try:
        with reachable():
            train(run_id, _kept(settings, stores), _means(settings, stores, run_id, stack))
    except AttuneError as error:
        structlog.get_logger().warning("a training failed", run=run_id, reason=str(error))
        try:
            with reachable():
                stores.training_runs.finish(run_id, "failed", error=str(error))
        except DataDirectoryError as second:
            raise (error if isinstance(error, StorageFullError) else second) from error


def _kept(settings: Settings, stores: Stores) -> Kept:
    artifacts = Artifacts(settings.data_dir / FOLDER / "candidates")
    return Kept(stores.training_runs, stores.training_sets, artifacts, Registry(stores.catalog.engine))


def _means(settings: Settings, stores: Stores, run_id: str, stack: ExitStack) -> Means:
    threads = max(1, (os.cpu_count() or 1) // 2)
    embedder = _embedder(settings, stores.catalog, threads)
    folder = settings.data_dir.resolve() / FOLDER
    target = checked_target(stores.training_runs.get(run_id).report_to)
    reporter = open_reporter(target, folder / "reports", run_id=run_id)
    stack.callback(reporter.close)
    names = [name for user in _users(stores) for name in (user.name, user.display_name)]
    scrub = scrubber(folder, names)
    return Means(
        lab=partial(_lab, settings, stores, embedder, folder / LAB),
        gather=partial(_gathered, stores),
        context=lambda lab: Context(standing_in(stores.catalog), lab.encode, scrub),
        manifest=partial(_manifest, settings, stores.catalog, embedder),
        general=partial(_general, stores),
        base=embedder.fingerprint,
        reporter=reporter,
        adapting=_adapting(settings, folder, threads),
        reranking=_reranking(settings, folder),
        teaching=teaching_of(settings, stores, embedder, scrub=scrub, folder=folder / ADAPTERS),
        lacks={**lacks(settings), "generator": voice_lacks(settings)},
    )


def _adapting(settings: Settings, folder: Path, threads: int) -> Adapting | None:
    model = adaptable_model(settings)
    if model is None:
        return None
    load = partial(load_adapted, settings, threads=threads)
    limit_s, device = settings.train_timeout_s, settings.embedding_device
    return Adapting(model, load, folder / ADAPTERS, folder / LAB, limit_s, device)


def _reranking(settings: Settings, folder: Path) -> Reranking | None:
    model = adaptable_cross_encoder(settings)
    if model is None:
        return None
    load = partial(load_adapted_reranker, settings)
    return Reranking(model, load, folder / ADAPTERS, settings.train_timeout_s, settings.embedding_device)


def _embedder(settings: Settings, catalog: Catalog, threads: int) -> Embedder:
    import torch

    torch.set_num_threads(threads)
    embedder = build_embedder(settings, threads=threads)
    wanted = catalog.index_pointer(EMBEDDER)
    if wanted not in {None, embedder.fingerprint}:
        raise ModelError(f"the embedding model here is {embedder.fingerprint}, the server's is {wanted}")
    return embedder


def _users(stores: Stores) -> Iterator[User]:
    after = ""
    while page := stores.users.page(after=after, limit=_MAX_USERS):
        yield from page
        after = page[-1].name


def _gathered(stores: Stores, lab: Lab) -> tuple[Label, ...]:
    nearest = chunk_finder(stores.catalog, lambda words: lab.encode([words])[0], lab.base.embedder.fingerprint)
    known = [one for user in _users(stores) if (one := stores.users.principal(user.id)) is not None]
    trusted = {LOCAL.id, *(one.id for one in known if one.administrator)}
    curators = {one.id: one for one in known if stores.catalog.curated_collections(principal=one)}
    found = gather(stores.readings, stores.given_labels, nearest=nearest, encode=lab.encode, trusted=trusted)
    return trusting(found.labels, curators, stores.catalog)


def _general(stores: Stores, lab: Lab) -> list[Question]:
    golden = (question for one in stores.golden.sets() for question in stores.golden.get(one.name).questions)
    return general_questions(golden, stores.catalog.every_document(principal=lab.principal))


def _manifest(settings: Settings, catalog: Catalog, embedder: Embedder, built: Built) -> dict[str, Any]:
    recipe = recipe_of(chunk_tokens=chunk_tokens(settings, embedder), fingerprint=embedder.fingerprint)
    return manifest_of(
        built,
        corpus_epoch=catalog.corpus_epoch(),
        embedder=embedder.fingerprint,
        recipe=recipe,
        scrub=POLICY,
        seed=SEED,
    )


@contextmanager
def _lab(settings: Settings, stores: Stores, embedder: Embedder, folder: Path) -> Iterator[Lab]:
    findings = stores.quality.examiner.log
    suspects = WhereAny(findings.suspects, findings.any_instructions)

    def search(index: VectorIndex, remembering: Embedder) -> Retriever:
        return build_retriever(settings, stores.catalog, index, remembering, suspects)

    shutil.rmtree(folder, ignore_errors=True)
    _, chunks = stores.catalog.counts()
    needed = _LAB_BYTES + chunks * embedder.dim * _LAB_BYTES_OF_NUMBER
    check_room(settings.data_dir, needed, reserve_bytes=settings.disk_reserve_bytes)
    folder.mkdir(mode=0o700, parents=True)
    try:
        with open_lab(stores.catalog, embedder, search, folder=folder) as lab:
            yield lab
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Train for the server at the other end of standard input, until it is done or the server is gone.

    Returns:
        The exit status.

    Raises:
        RuntimeError: Something is broken; the server begins anew, three times at most.
    """
    given = received()
    if given is None:
        return 0
    settings, rest = given
    children.end_with_the_server(threading.Event(), grace_s=0.0)
    children.give_way()
    with ExitStack() as stack:
        try:
            work(settings, rest["run"], stack)
        except StorageFullError:
            return STORAGE_FULL
        except AttuneError as error:
            structlog.get_logger().error("training ended", reason=str(error))
            return 2
        except MemoryError:
            # Said by the status: there may be no memory to write it down either.
            return MEMORY_FULL
        except RuntimeError as error:
            # torch has no class of its own for it on processors.
            if "allocate memory" not in str(error) and "out of memory" not in str(error):
                raise
            return MEMORY_FULL
    return 0


if __name__ == "__main__":
    sys.exit(main())
