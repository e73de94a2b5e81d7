"""Engines are filled while others serve, kept while they are wanted, and gone with everything they left."""

import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from eval.golden import GoldenDocument
from eval.knobs import Knobs
from eval.workbench import open_workbench
from finetune.engines import Engines, Making
from finetune.lora import fingerprint_of
from finetune.twin_index import TwinIndex
from retrieval.embed import Embedded, SentenceTransformerEmbedder, bundled_model_path
from retrieval.errors import ConflictError, ModelError
from retrieval.generators.adapter_files import CONFIG, WEIGHTS
from retrieval.index_edge import EdgeIndex

TEXTS = tuple(f"{thing} are kept in room {n}." for n, thing in enumerate(("Ladders", "Lamps", "Keys", "Tents")))


class Turned:
    """The base in another space, as an adapter's bytes say."""

    def __init__(self, base, fingerprint):
        self.base, self.dim, self.max_tokens, self.fingerprint = base, base.dim, base.max_tokens, fingerprint

    def embed_documents(self, texts, spans=None):
        del spans
        return Embedded(np.roll(self.base.embed_documents(texts).vectors, 1, axis=1), None)

    def embed_query(self, text):
        return np.roll(self.base.embed_query(text), 1)

    def token_spans(self, texts):
        return self.base.token_spans(texts)


class Pointer:
    def __init__(self, catalog):
        self.catalog = catalog

    def get(self, name):
        return self.catalog.index_pointer(name)

    def set(self, name, target):
        self.catalog.set_index_pointer(name, target)


class House:
    def __init__(self, bench, base, folder):
        self.bench, self.base, self.folder = bench, base, folder
        self.twin = TwinIndex(bench.index)
        self.removed, self.broken = [], False

    def add(self, *numbers):
        self.bench.add_texts([GoldenDocument(f"d{n}", f"d{n}", TEXTS[n]) for n in numbers])

    def adapter(self, name):
        folder = self.folder / name
        folder.mkdir()
        (folder / CONFIG).write_text('{"lora_alpha": 32, "base_model_name_or_path": "base"}')
        (folder / WEIGHTS).write_text(name)
        return folder

    def engines(self):
        making = Making("base", self.load, self.index, self.removed.append, 1_000_000)
        return Engines(self.twin, self.bench.catalog, making)

    def load(self, adapter):
        if self.broken:
            raise ModelError("the adapter does not fit")
        return Turned(self.base, fingerprint_of(adapter, base="base"))

    def index(self, embedder):
        root = self.folder / "index"
        pointer = Pointer(self.bench.catalog)
        return EdgeIndex(root, dim=embedder.dim, fingerprint=embedder.fingerprint, pointer=pointer)


@pytest.fixture(scope="module")
def base():
    return SentenceTransformerEmbedder(bundled_model_path(), device="cpu")


@pytest.fixture
def house(base, tmp_path):
    with open_workbench(base, knobs=Knobs()) as bench:
        house = House(bench, base, tmp_path)
        house.bench = replace(bench, index=house.twin)
        house.add(*range(3))
        yield house


def prepared(engines, adapter):
    deadline = time.monotonic() + 60
    while (engine := engines.ready(adapter)) is None:
        assert time.monotonic() < deadline
        with pytest.raises(ConflictError, match="is being prepared"):
            engines.engine(adapter)
        time.sleep(0.05)
    return engine


def refused(engines, adapter):
    """Why it could not be prepared."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            engines.engine(adapter)
        except ConflictError:
            time.sleep(0.05)
        except ModelError as error:
            return str(error)
    return ""


def test_one_that_is_whole_is_written_to_from_the_next_start_on(house):
    adapter = house.adapter("a")
    with closing(house.engines()) as engines:
        assert prepared(engines, adapter).index.count() == 3
        assert engines.engine(adapter) is engines.ready(adapter)
    assert house.twin.others == ()
    with closing(house.engines()) as engines:
        engines.reopen([adapter])
        engine = engines.ready(adapter)
        house.add(3)
        assert engine.index.count() == 4


def test_one_that_was_not_written_to_for_a_while_is_filled_again_before_it_serves(house):
    adapter = house.adapter("a")
    with closing(house.engines()) as engines:
        prepared(engines, adapter)
    house.broken = True
    with closing(house.engines()) as engines:
        engines.reopen([adapter])
        assert engines.ready(adapter) is None
        house.add(3)
    house.broken = False
    with closing(house.engines()) as engines:
        engines.reopen([adapter])
        assert engines.ready(adapter) is None
        assert prepared(engines, adapter).index.count() == 4


def test_the_oldest_that_nobody_asks_is_removed_when_there_are_too_many(house):
    a, b, c = (house.adapter(name) for name in "abc")
    with closing(house.engines()) as engines:
        live = prepared(engines, a)
        prepared(engines, b)
        engines.shed(keep=[live])
        assert house.removed == []
        prepared(engines, c)
        engines.shed(keep=[live, None])
        assert engines.holds(live)
        assert engines.ready(b) is None
        assert house.removed == [fingerprint_of(b, base="base")]
        assert len(house.twin.others) == 2


def test_what_is_dropped_is_removed_and_not_opened_again(house):
    adapter = house.adapter("a")
    with closing(house.engines()) as engines:
        prepared(engines, adapter)
        engines.drop(adapter)
        assert engines.ready(adapter) is None
        assert house.removed == [fingerprint_of(adapter, base="base")]
        assert house.twin.others == ()
    with closing(house.engines()) as engines:
        engines.reopen([adapter])
        assert engines.ready(adapter) is None


def test_one_that_cannot_be_prepared_says_why_and_is_tried_again_when_asked_again(house):
    adapter = house.adapter("a")
    house.broken = True
    with closing(house.engines()) as engines:
        assert "the adapter does not fit" in refused(engines, adapter)
        house.broken = False
        prepared(engines, adapter)


def test_one_that_finds_no_memory_says_so_and_is_tried_again(house, monkeypatch):
    adapter = house.adapter("a")
    with closing(house.engines()) as engines, monkeypatch.context() as patched:

        def encode(*_, **__):
            raise MemoryError

        patched.setattr(Turned, "embed_documents", encode)
        assert "MemoryError" in refused(engines, adapter)
        assert house.twin.others == ()
        patched.undo()
        prepared(engines, adapter)


def test_an_adapter_of_another_base_is_refused_though_its_weights_are_known(house):
    adapter, other = house.adapter("a"), house.adapter("b")
    (other / WEIGHTS).write_bytes((adapter / WEIGHTS).read_bytes())
    (other / CONFIG).write_text('{"lora_alpha": 32, "base_model_name_or_path": "another"}')
    with closing(house.engines()) as engines:
        prepared(engines, adapter)
        with pytest.raises(ModelError, match="made for the model another"):
            engines.engine(other)


def test_an_adapter_that_cannot_be_read_is_refused(house):
    with closing(house.engines()) as engines, pytest.raises(ModelError, match="cannot be read"):
        engines.engine(house.folder / "none")
