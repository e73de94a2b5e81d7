"""A second index comes to hold what the first does, whatever happens meanwhile, and may then take its place."""

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

import numpy as np
import pytest

from eval.golden import GoldenDocument
from eval.knobs import Knobs
from eval.workbench import ASKER, open_workbench
from finetune.blue_green import fill
from finetune.twin_index import TwinIndex
from ingestion.publish import Publisher
from retrieval.embed import Embedded, SentenceTransformerEmbedder, bundled_model_path
from retrieval.errors import CancelledError, VectorIndexError
from retrieval.index_edge import EdgeIndex
from retrieval.learned import Engine, Learned, Serving

TEXTS = {
    f"d{n}": f"{thing} are kept in room {n}, and whoever needs one signs the list."
    for n, thing in enumerate(("Ladders", "Lamps", "Projectors", "Keys", "Bicycles", "Tents"))
}


class Turned:
    """The same embedder in another space: each vector is turned, so that all angles stay as they are."""

    fingerprint = "turned"

    def __init__(self, base):
        self.base, self.dim, self.max_tokens = base, base.dim, base.max_tokens
        self.embedded = 0
        self.meanwhile = lambda: None

    def embed_documents(self, texts, spans=None):
        del spans
        self.embedded += len(texts)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return Embedded(np.roll(self.base.embed_documents(texts).vectors, 1, axis=1), None)

    def embed_query(self, text):
        return np.roll(self.base.embed_query(text), 1)

    def token_spans(self, texts):
        return self.base.token_spans(texts)


class Pointer:
    def __init__(self):
        self.targets = {}

    def get(self, name):
        return self.targets.get(name)

    def set(self, name, target):
        self.targets[name] = target


@dataclass
class House:
    bench: object
    twin: TwinIndex
    engine: Engine

    def add(self, names):
        self.bench.add_texts([GoldenDocument(name, name, TEXTS[name]) for name in names])

    def document(self, name):
        return next(d.id for d in self.bench.catalog.every_document(principal=ASKER) if d.title == name)

    def chunks(self, name):
        live = self.bench.catalog.live_texts([self.document(name)])
        return [chunk_id for chunk_id, _, _ in live]

    def fill(self, **more):
        return fill(self.twin, self.engine, self.bench.catalog, **more)

    def found(self, learned, question="Where are the lamps?", **more):
        retriever = replace(self.bench.retriever, learning=lambda _: Serving(learned), collapse="none")
        return [p.title for p in retriever.retrieve(question, principal=ASKER, **more)]

    def serving(self):
        return Learned("new", engine=self.engine)


@pytest.fixture(scope="module")
def base():
    return SentenceTransformerEmbedder(bundled_model_path(), device="cpu")


@pytest.fixture
def house(base, tmp_path):
    with ExitStack() as stack:
        bench = stack.enter_context(open_workbench(base, knobs=Knobs()))
        index = stack.enter_context(
            closing(EdgeIndex(tmp_path / "index", dim=base.dim, fingerprint="turned", pointer=Pointer()))
        )
        twin = TwinIndex(bench.index)
        house = House(replace(bench, index=twin), twin, Engine(index, Turned(base)))
        house.add(["d0", "d1", "d2", "d3"])
        yield house


def ids(index):
    return {key for page in index.ids() for key in page}


def readers(index):
    return {entry.chunk_id: entry.acl for page in index.entries() for entry in page}


def test_a_second_index_holds_what_the_first_does_and_ranks_by_its_own_embedder(house):
    assert house.fill() == 4
    assert ids(house.engine.index) == ids(house.twin.first)
    assert house.found(house.serving()) == house.found(Learned())
    assert house.found(house.serving(), mode="dense") == house.found(Learned(), mode="dense")


def test_what_is_published_later_is_in_both(house):
    house.fill()
    house.add(["d4"])
    assert house.chunks("d4")[0] in ids(house.engine.index)
    question = "Where are the bicycles?"
    assert house.found(house.serving(), question)[0] == house.found(Learned(), question)[0] == "d4"


def test_what_is_published_while_it_is_filled_is_in_both(house):
    house.engine.embedder.meanwhile = lambda: house.add(["d4"])
    house.fill()
    assert ids(house.engine.index) == ids(house.twin.first)
    assert house.chunks("d4")[0] in ids(house.engine.index)


def test_what_is_deleted_while_it_is_filled_is_in_neither(house):
    gone = house.chunks("d1")
    publisher = Publisher(house.bench.catalog, house.twin, house.bench.embedder)
    house.engine.embedder.meanwhile = lambda: publisher.delete(house.document("d1"))
    house.fill()
    assert not set(gone) & ids(house.engine.index)
    assert ids(house.engine.index) == ids(house.twin.first)


def test_who_may_no_longer_read_what_is_being_filled_in_does_not_find_it_there(house):
    publisher = Publisher(house.bench.catalog, house.twin, house.bench.embedder)
    chunks = house.chunks("d1")

    def close():
        house.bench.catalog.set_document_access(house.document("d1"), ["g:board"], by="u:ann", version=None)
        publisher.relabel()

    house.engine.embedder.meanwhile = close
    house.fill()
    assert readers(house.engine.index)[chunks[0]] == frozenset({"g:board"})
    assert "d1" not in house.found(house.serving())


def test_access_is_changed_in_both(house):
    house.fill()
    house.bench.catalog.set_document_access(house.document("d1"), ["g:board"], by="u:ann", version=None)
    chunks = house.bench.catalog.relabellings(10)[0].chunk_ids
    Publisher(house.bench.catalog, house.twin, house.bench.embedder).relabel()
    for index in (house.twin.first, house.engine.index):
        assert readers(index)[chunks[0]] == frozenset({"g:board"})


def test_filling_that_is_stopped_goes_on_where_it_was(house):
    with pytest.raises(CancelledError):
        house.fill(cancelled=lambda: True)
    assert house.twin.others == ()
    assert house.fill() == 4
    house.twin.detach(house.engine)
    house.add(["d4", "d5"])  # while there was one index
    assert house.fill() == 2
    assert ids(house.engine.index) == ids(house.twin.first)


def test_what_was_deleted_while_there_was_one_index_is_taken_out_of_the_second(house):
    house.fill()
    house.twin.detach(house.engine)
    Publisher(house.bench.catalog, house.twin, house.bench.embedder).delete(house.document("d2"))
    assert house.fill() == 0
    assert ids(house.engine.index) == ids(house.twin.first)


def test_a_document_is_not_shown_before_both_hold_it(house):
    house.fill()
    house.engine.index.close()
    with pytest.raises(VectorIndexError):
        house.add(["d4"])
    assert "d4" not in {d.title for d in house.bench.catalog.every_document(principal=ASKER)}


def test_after_it_is_detached_the_first_is_written_alone(house):
    house.fill()
    house.twin.detach(house.engine)
    house.add(["d4"])
    assert len(ids(house.twin.first)) == 5
    assert len(ids(house.engine.index)) == 4
    assert "d4" in house.found(Learned(), "Where are the bicycles?")
