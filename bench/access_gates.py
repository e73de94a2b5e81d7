"""What both gates cost: search at 100,000 chunks for a reader in 200 groups, and the same search without any gate.

Run from the repository root: ``python -m bench.access_gates [--chunks N] [--queries N] [--data-dir DIR]``; a folder
that was filled before is searched as it is. Each question is asked in each way, one after the other and in turns first,
so that whatever else the machine does falls on all. Documents have one to three of 1,000 groups, three of ten everyone
too; half of the collections are for everyone, the others for three groups each. The second figure leaves out that BM25
counts over what may be read only: its document frequencies are those of all there is, as without gates.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as engine
from sqlalchemy import String, and_, select, type_coerce

from app.bootstrap import Services, open_services
from app.settings import Settings
from bench.large import fill
from bench.lines import data, print_figure
from eval.golden import read_beir
from retrieval.catalog import Catalog, PassageRow
from retrieval.index import DENSE, SPARSE, Hit, Hits, ranked
from retrieval.index_edge import EdgeIndex
from retrieval.index_engine import filter_of
from retrieval.index_plan import Lookup, SearchPlan, plan_search, search_and_complete
from retrieval.index_shard import HnswSettings
from retrieval.retrieve import Retriever
from retrieval.store import CHUNK_COLUMNS, listed, one_of
from retrieval.tables import chunks, collections, documents
from retrieval.types import Principal

GOAL = 1.15
GROUPS = 1_000
GROUPS_OF_READER = 200
COLLECTIONS = [f"c{number}" for number in range(8)]
SEED = 17

_PASSAGES = (
    select(*CHUNK_COLUMNS, collections.c.name, documents.c.title, documents.c.uri)
    .add_columns(type_coerce(documents.c.updated_at, String))
    .join(documents, and_(documents.c.id == chunks.c.document_id, documents.c.live_revision_id == chunks.c.revision_id))
    .join(collections, collections.c.id == documents.c.collection_id)
    .where(one_of(chunks.c.id, "ids"))
)


class OpenShelves(Catalog):
    """A catalog that shows everything to everybody."""

    def passages_for(self, chunk_ids: Sequence[str], **_: Any) -> dict[str, PassageRow]:
        with self._reading() as connection:
            rows = connection.execute(_PASSAGES, {"ids": listed(chunk_ids)})
            return {row[0]: PassageRow(row) for row in rows}

    def readable_collections(self, **_: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Plain:
    """The same index, its word statistics taken over everything; without a filter too, unless it keeps to what is read.

    Attributes:
        filters: Whether it keeps to what may be read.
    """

    index: EdgeIndex
    filters: bool

    def search(
        self, vector: Any, text: Any, *, principal: Principal, collections: Any = None, limit: int = 100, **_: Any
    ) -> Hits:
        index = self.index
        words = index._bm25.query(text)  # noqa: SLF001
        plan = plan_search(
            vector.tolist(), words, principal=principal, collections=collections, filters=None, limit=limit
        )
        if plan is None:
            return Hits()
        return search_and_complete(plan, index._fingerprint, partial(self._look, limit=limit))  # noqa: SLF001

    def _look(self, plan: SearchPlan, lookups: Sequence[Lookup], limit: int) -> list[tuple[Hit, ...]]:
        some = [filter_of(plan.corpus)] if self.filters else []
        with self.index._live.reading() as shard:  # noqa: SLF001
            requests = [_request(plan, lookup, some, limit) for lookup in lookups]
            found = shard._engine.query_batch(engine.QueryBatchRequest(requests))  # noqa: SLF001
            known = shard._chunks  # noqa: SLF001
            named = [[(known.get(key := point.id), key, point.score) for point in points] for points in found]
            if new := [key for points in named for chunk, key, _ in points if chunk is None]:
                known = shard._chunks_of(new)  # noqa: SLF001
                named = [[(chunk or known.get(key), key, score) for chunk, key, score in points] for points in named]
        return [ranked([Hit(chunk, score) for chunk, _, score in points if chunk is not None]) for points in named]


def _request(plan: SearchPlan, lookup: Lookup, some: Sequence[engine.Filter], limit: int) -> engine.QueryRequest:
    """As a shard asks, without a corpus of its own for document frequencies."""
    among = [] if lookup.among is None else [engine.HasIdCondition(set(lookup.among))]
    wanted = engine.Filter(must=[*some, *among]) if some or among else None
    if lookup.kind == "dense":
        query = engine.Query.Nearest(plan.dense or [], using=DENSE)
        params = engine.SearchParams(hnsw_ef=max(HnswSettings().ef, limit))
    else:
        query = engine.Query.Nearest(engine.SparseVector(*(plan.sparse or ([], []))), using=SPARSE)
        params = engine.SearchParams()
    return engine.QueryRequest(limit=limit, query=query, filter=wanted, with_payload=False, params=params)


def dealt(random: np.random.Generator, number: int) -> tuple[str, frozenset[str]]:
    groups = {f"g:{group}" for group in random.integers(GROUPS, size=random.integers(1, 4))}
    everyone = {"g:everyone"} if random.random() < 0.3 else set()
    return COLLECTIONS[number % len(COLLECTIONS)], frozenset(groups | everyone)


def reader(random: np.random.Generator) -> Principal:
    groups = random.choice(GROUPS, size=GROUPS_OF_READER, replace=False)
    return Principal("u:reader", frozenset({"g:everyone", *(f"g:{group}" for group in groups)}))


def open_shelves(data_dir: Path, chunks: int) -> None:
    """Make the collections and fill them."""
    random = np.random.default_rng(SEED)
    with open_services(Settings(data_dir=data_dir)) as services:
        for number, name in enumerate(COLLECTIONS):
            some = frozenset(f"g:{group}" for group in random.choice(GROUPS, size=3, replace=False))
            services.catalog.create_collection(name, readers=some if number % 2 else {"g:everyone"})
    fill(data_dir, chunks, dealt=partial(dealt, random))


def timed(retriever: Retriever, question: str, principal: Principal) -> float:
    started = time.perf_counter()
    retriever.retrieve(question, principal=principal)
    return (time.perf_counter() - started) * 1000


def measure(services: Services, questions: Sequence[str]) -> np.ndarray:
    """Ask each question in each way: shape (questions, 3), in ms: as it is, with both gates alone, with none."""
    served = services.retriever
    gates = replace(served, index=Plain(services.index, filters=True))
    none = replace(served, catalog=OpenShelves(services.catalog.engine), index=Plain(services.index, filters=False))
    principal = reader(np.random.default_rng(SEED + 1))
    ways = (served, gates, none)
    for question in questions[:10]:
        for way in ways:
            timed(way, question, principal)
    taken = np.zeros((len(questions), len(ways)))
    for number, question in enumerate(questions):
        for turn in range(len(ways)):
            way = (number + turn) % len(ways)
            taken[number, way] = timed(ways[way], question, principal)
    return taken


def say(taken: np.ndarray, chunks: int) -> None:
    medians = np.median(taken, axis=0)
    # Questions are resampled in pairs: the interval is of the ratio of the medians.
    drawn = np.random.default_rng(SEED).integers(len(taken), size=(2000, len(taken)))
    resampled = np.array([np.median(taken[rows], axis=0) for rows in drawn])
    for way, name in enumerate(("gates and word statistics", "gates alone")):
        low, high = np.percentile(resampled[:, way] / resampled[:, 2], [2.5, 97.5])
        baseline = {"p50 ms": round(medians[way], 2), "without p50 ms": round(medians[2], 2)}
        baseline |= {"interval": [round(low, 3), round(high, 3)], "chunks": chunks, "queries": len(taken)}
        figure = f"search p50 with {name} / without"
        print_figure(figure, medians[way] / medians[2], unit="ratio", goal=f"<= {GOAL}", baseline=baseline)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data_dir or Path(folder) / "data"
        if not data_dir.exists():
            open_shelves(data_dir, options.chunks)
        golden = read_beir(data("tts-handbook"), "dev")
        questions = [question.text for question in golden.questions][: options.queries]
        with open_services(Settings(data_dir=data_dir)) as services:
            for _ in range(options.rounds):
                say(measure(services, questions), services.index.count())


if __name__ == "__main__":
    main()
