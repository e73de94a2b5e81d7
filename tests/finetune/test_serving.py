"""What serves is exchanged as a whole, while requests go on, and whatever is wrong with a candidate."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import pytest
from sqlalchemy import insert

from finetune.artifact import ADAPTER, EMBEDDER, Artifacts, Recipe
from finetune.interleaving import in_share
from finetune.registry import Made, Registry
from finetune.serving import LOOKED_S, ServingState
from finetune.tables import training_sets
from finetune.trials import Trials
from finetune.types import Anchor, MemoryRow, Parts
from retrieval.catalog import Catalog, StagedRevision
from retrieval.errors import ModelError, NotFoundError, VectorIndexError
from retrieval.index import Hit, Hits
from retrieval.learned import Learned, Serving, Weights
from retrieval.retrieve import Retriever
from retrieval.types import Chunk, Principal
from retrieval.vectors import StoredVectors, vector_bytes

READER = Principal("u:reader")
EVERYONE = frozenset({"g:everyone"})
LINES = ("Roses are watered daily.", "Oaks are never watered.", "Bread is baked at dawn.")
DIM = 4


class Embedder:
    dim, fingerprint, max_tokens = DIM, "base-1", 128

    def embed_query(self, _text):
        return np.array([0.6, 0, 0, 0.8], dtype=np.float32)


def vector(number):
    found = np.zeros(DIM, dtype=np.float32)
    found[number] = 1
    return found


class House:
    """A catalog with a document of three lines, and candidates."""

    def __init__(self, folder, url, open_database):
        self.engine = open_database(url)
        self.catalog = Catalog(self.engine)
        self.catalog.create_collection("default")
        self.artifacts = Artifacts(folder / "candidates")
        self.registry, self.trials = Registry(self.engine), Trials(self.engine)
        self.document = self.publish("upload:t", "\n".join(LINES))
        row = {"id": "set-1", "manifest": {}, "questions": 1, "rows": 1, "created_at": datetime.now(UTC)}
        with self.engine.begin() as connection:
            connection.execute(insert(training_sets).values(row))

    def publish(self, uri, text):
        size = len(text.encode())
        staged = StagedRevision("T", "text/plain", size, sha256(text.encode()).hexdigest(), "recipe-1", text, EVERYONE)
        revision = self.catalog.stage("default", uri, staged)
        chunks, start = [], 0
        for ordinal, line in enumerate(text.split("\n")):
            end = start + len(line)
            key = f"{revision.id}-{ordinal}"
            chunks.append(Chunk(key, revision.document_id, revision.id, ordinal, start, end, line, "", (), 3))
            start = end + 1
        vectors = {chunk.id: StoredVectors(vector_bytes(vector(chunk.ordinal)), None) for chunk in chunks}
        self.catalog.add_chunks(revision.id, chunks)
        self.catalog.replace_vectors(vectors, "base-1")
        self.catalog.publish(revision.id)
        return revision.document_id

    def candidate(self, line=0, reach=0.5, base="base-1", **parts):
        """A candidate that remembers one line, and has passed the gate."""
        anchor = Anchor(self.document, sha256(LINES[line].encode()).hexdigest())
        rows = [MemoryRow(f"e{line}", anchor, 1.0)]
        made = Parts(None, rows, vector(3)[None], reach, Weights(), **parts)
        name, manifest = self.artifacts.write(made, Recipe("memory", ("memory",), "set-1", base, 1))
        self.registry.add(Made(name, "memory", "set-1", manifest))
        self.registry.judge(name, passed=True, report={}, reason="")
        return name

    def live(self, name):
        self.registry.promote(name, approved_by="u:ann")

    def chunk_id(self, line):
        found = [chunk for batch in self.catalog.all_live_chunks(100) for chunk, *_ in batch]
        return next(chunk.id for chunk in found if chunk.text == LINES[line])


@pytest.fixture
def house(tmp_path, sqlite_url, open_database):
    return House(tmp_path, sqlite_url, open_database)


@pytest.fixture
def state(house):
    """What serves; it looks at nothing by itself."""
    return ServingState(house.artifacts, house.catalog, Embedder(), house.trials)


def seen(state, principal=READER):
    return state(principal)


def until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_where_nothing_is_learned_nothing_serves(state):
    state.refresh()
    assert seen(state) == Serving()


def test_what_is_live_serves_with_the_chunks_that_it_means(house, state):
    name = house.candidate()
    house.live(name)
    state.refresh()
    live = seen(state).live
    assert (live.id, live.memory.chunk_ids, live.memory.examples) == (name, (house.chunk_id(0),), ("e0",))
    assert seen(state).challenger is None


def test_a_switch_by_another_process_is_followed(house, state):
    state.start()
    try:
        name = house.candidate()
        house.live(name)
        until(lambda: seen(state).live.id == name, seconds=LOOKED_S + 10)
        house.registry.rollback(name, usable=state.usable)
        until(lambda: not seen(state).live.id, seconds=LOOKED_S + 10)
    finally:
        state.close()


def test_an_index_that_does_not_answer_once_ends_nothing(house, state, monkeypatch):
    load, failed = state.load, []

    def failing(candidate_id):
        if not failed:
            failed.append(candidate_id)
            raise VectorIndexError("the index does not answer")
        return load(candidate_id)

    monkeypatch.setattr(state, "load", failing)
    name = house.candidate()
    house.live(name)
    state.start()
    try:
        assert failed == [name]
        until(lambda: seen(state).live.id == name)
    finally:
        state.close()


def test_chunks_are_found_again_when_documents_change(house, state):
    house.live(house.candidate())
    state.refresh()
    before = house.chunk_id(0)
    house.publish("upload:t", "Another line.\n" + "\n".join(LINES))
    until(lambda: state.refresh().live.memory.chunk_ids == (house.chunk_id(0),))
    assert house.chunk_id(0) != before


def test_memory_of_a_text_that_is_gone_is_silent_and_comes_back_with_it(house, state):
    house.live(house.candidate())
    house.publish("upload:t", LINES[1])
    state.refresh()
    assert seen(state).live.memory is None
    house.publish("upload:t", LINES[0])
    until(lambda: state.refresh().live.memory is not None)


def test_what_does_not_change_is_not_read_again(house, state):
    house.live(house.candidate())
    first = state.refresh()
    assert state.refresh() is first
    other = house.candidate(line=1)
    house.live(other)
    state.refresh()
    shutil.rmtree(house.artifacts.folder)
    # What was live before is at hand, should somebody go back.
    house.registry.rollback(other, usable=state.usable)
    assert state.refresh().live.id == first.live.id


def test_who_goes_back_after_documents_changed_is_followed_at_the_next_look(house, state):
    first, second = house.candidate(), house.candidate(line=1)
    house.live(first)
    state.refresh()
    house.live(second)
    state.refresh()
    house.publish("upload:t", "Another line.\n" + "\n".join(LINES))
    house.registry.rollback(second, usable=state.usable)
    assert state.refresh().live.id == first
    assert state.refresh().live.memory.chunk_ids == (house.chunk_id(0),)


def test_of_what_never_serves_again_nothing_is_held(house, state):
    name = house.candidate()
    house.live(name)
    state.refresh()
    house.registry.withdraw({name}, usable=state.usable, reason="erased")
    state.refresh()
    state.forget({name})
    house.artifacts.remove(name)
    assert not state.usable(name)


def test_what_was_tried_and_is_withdrawn_serves_nobody_from_the_next_request(house, state):
    name = house.candidate()
    house.trials.start(name, "share", share=0.5, by="u:ann")
    assert state.refresh().challenger is not None
    house.registry.withdraw({name}, usable=state.usable, reason="erased")
    assert state.refresh().challenger is None
    assert {seen(state, Principal(f"u:{number}")) for number in range(20)} == {Serving()}


def spoiled(house, name):
    path = house.artifacts.path(name) / "memory.jsonl"
    path.write_text(path.read_text().replace("1.0", "9.0"))


def removed(house, name):
    house.artifacts.remove(name)


@pytest.mark.parametrize("harm", [spoiled, removed])
def test_a_candidate_that_cannot_be_read_leaves_a_server_that_says_so(house, state, harm):
    name = house.candidate()
    house.live(name)
    harm(house, name)
    state.start()
    state.close()
    assert seen(state).live.id == ""
    assert name[:12] in state.now.trouble
    house.registry.rollback(name, usable=state.usable)
    assert state.refresh().trouble == ""


def test_a_candidate_of_another_embedder_does_not_serve(house, state):
    house.live(house.candidate(base="base-2"))
    assert "was made for the embedder base-2" in state.refresh().trouble
    assert seen(state).live.id == ""


def test_one_with_an_embedder_of_its_own_does_not_serve_half(house, state, tmp_path):
    (tmp_path / "made").mkdir()
    made = Parts(embedder="embedder")
    recipe = Recipe("embedder", ("embedder",), "set-1", "base-1", 1)
    name, _ = house.artifacts.write(made, recipe, folders={EMBEDDER: tmp_path / "made"})
    with pytest.raises(ModelError, match="an embedder of its own"):
        state.load(name)


def test_files_are_read_anew_where_it_counts(house, state):
    name = house.candidate()
    state.check(name)
    spoiled(house, name)
    assert state.usable(name)  # what was read and checked is at hand
    with pytest.raises(ModelError):
        state.check(name)
    with pytest.raises(NotFoundError):
        state.check("0" * 64)


def test_a_share_of_people_is_served_by_a_candidate_that_is_tried(house, state):
    live, tried = house.candidate(), house.candidate(line=1)
    house.live(live)
    trial = house.trials.start(tried, "share", share=0.25, by="u:ann")
    state.refresh()
    for number in range(100):
        person = Principal(f"u:{number}")
        assert seen(state, person).live.id == (tried if in_share(trial.id, person.id, 0.25) else live)
        assert seen(state, person).challenger is None
        assert (seen(state, person).instead is not None) == (seen(state, person).live.id == tried)


def test_who_measures_a_trial_is_told_what_its_candidate_failed_at(house, state):
    trial = house.trials.start(house.candidate(), "interleave", share=1, by="u:ann")
    told, error = [], ValueError("broken")
    state.failed = lambda *what: told.append(what)
    state.refresh()
    seen(state).failed(trial.candidate_id, error)
    assert told == [(state.now.trial, error)]


def test_a_share_of_requests_is_interleaved_each_by_a_coin_of_its_own(house, state):
    live, tried = house.candidate(), house.candidate(line=1)
    house.live(live)
    house.trials.start(tried, "interleave", share=0.5, by="u:ann")
    state.refresh()
    served = [seen(state) for _ in range(400)]
    both = [one for one in served if one.challenger is not None]
    assert {one.live.id for one in served} == {live}
    assert {one.challenger.id for one in both} == {tried}
    assert 130 < len(both) < 270  # 7 standard deviations
    assert len({one.seed for one in both}) > len(both) * 0.9


def test_in_the_shadow_nothing_is_shown(house, state):
    house.trials.start(house.candidate(), "shadow", share=1, by="u:ann")
    now = state.refresh()
    assert seen(state) == Serving()
    assert now.challenger is not None
    house.trials.end(now.trial.id, "stopped", reason="by hand")
    assert (state.refresh().challenger, state.now.trial) == (None, None)


def test_a_trial_of_what_cannot_be_read_is_lost(house, state):
    name = house.candidate()
    trial = house.trials.start(name, "interleave", share=1, by="u:ann")
    spoiled(house, name)
    state.refresh()
    assert house.trials.get(trial.id).state == "lost"
    assert seen(state).challenger is None


class Index:
    """Finds every chunk of the house, the first line best."""

    def __init__(self, ids):
        self.hits = tuple(Hit(key, 0.9 - number / 10) for number, key in enumerate(ids))

    def search(self, _vector, _words, **_):
        return Hits(dense=self.hits, sparse=())


@contextmanager
def running(work, stopping, threads=4):
    """Have some threads work while the block lasts."""
    with ThreadPoolExecutor(threads) as pool:
        working = [pool.submit(work) for _ in range(threads)]
        try:
            yield
        finally:
            stopping.set()
            for one in working:
                one.result(30)


def test_a_swap_under_load_fails_no_request_and_mixes_no_results(house, state):
    names = [house.candidate(line, reach=5.0) for line in (1, 2)]
    index = Index([house.chunk_id(line) for line in range(3)])
    retriever = Retriever(house.catalog, index, Embedder(), learning=state)
    for name in names:
        house.live(name)
    state.refresh()
    # The line that a candidate remembers is what it says something about, and the other's line is not.
    touched = {name: house.chunk_id(line) for name, line in zip(names, (1, 2), strict=True)}
    stopping, wrong, answered = threading.Event(), [], dict.fromkeys(names, 0)

    def ask():
        while not stopping.is_set():
            found = retriever.retrieve("roses", principal=READER, mode="dense")
            states = {passage.learnt.state for passage in found}
            moved = {passage.chunk.id for passage in found if passage.learnt.contributions}
            if len(found) != 3 or len(states) != 1 or moved != {touched[next(iter(states))]}:
                wrong.append(found)
            answered[next(iter(states))] += 1

    with running(ask, stopping):
        for turn in range(30):
            if turn % 2:
                house.live(names[1])
            else:
                house.registry.rollback(names[1], usable=state.usable)
            state.refresh()
            time.sleep(0.01)
    assert wrong == []
    assert min(answered.values()) > 10, answered


def test_going_back_is_soon_done(house, state):
    names = [house.candidate(line) for line in (1, 2)]
    for name in names:
        house.live(name)
    state.refresh()
    began = time.monotonic()
    house.registry.rollback(names[1], usable=state.usable)
    state.refresh()
    assert seen(state).live.id == names[0]
    assert time.monotonic() - began < 5


def test_a_request_keeps_what_it_took(house, state):
    house.live(house.candidate())
    state.refresh()
    taken = seen(state)
    house.registry.rollback(taken.live.id, usable=state.usable)
    state.refresh()
    assert isinstance(taken.live, Learned)
    assert taken.live.memory is not None
    assert seen(state).live.id == ""


def test_adapters_serve_as_they_were_written(house, state):
    made = Parts(adapter=np.full((DIM, DIM), 0.25, dtype=np.float32))
    name, _ = house.artifacts.write(made, Recipe("query_adapter", ("query_adapter",), "set-1", "base-1", 1))
    assert np.array_equal(state.load(name).adapter, made.adapter)
    assert (house.artifacts.path(name) / ADAPTER).is_file()
