"""Nobody reads what they may not: a state machine over the real stores, held against a model of plain sets.

Run from the repository root: ``python -m bench.access_oracle [--queries N] [--seed N]``. Users, groups, collections and
documents come, change and go; after any of that, somebody asks, opens old answers, citations and documents, and lists
what there is. A leak is anything shown that the model forbids, a false block anything withheld that it allows.
"""

import argparse
import hashlib
import random
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from app.auth import Authenticator
from app.identity.groups import Groups
from app.identity.keys import ApiKeys
from app.identity.sessions import Sessions
from app.identity.users import NewUser, Users
from app.migrations import upgrade
from bench.lines import print_figure
from ingestion.publish import Publisher
from retrieval.answer import Answerer
from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.catalog import Catalog, StagedRevision
from retrieval.embed import FloatArray
from retrieval.errors import NotFoundError
from retrieval.generators.extractive import ExtractiveGenerator
from retrieval.index_edge import EdgeIndex
from retrieval.interactions import InteractionLog
from retrieval.quality_report import QualityReports
from retrieval.retrieve import Retriever
from retrieval.tables import open_engine
from retrieval.types import Chunk, Passage, Principal, Query
from retrieval.vectors import StoredVectors, vector_bytes
from retrieval.withhold import WITHHELD, is_shown, named_documents, withhold

DIM = 16
COMMON = ("oak", "rose", "bread", "water", "leave", "garden", "rule", "daily")
POOL = 4  # so small that what the second gate refuses leaves holes
EVERYONE = "g:everyone"
NOBODY = Principal("", frozenset())


class WordEmbedder:
    """Vectors of 16 dimensions out of a text's words."""

    dim, fingerprint, max_tokens = DIM, "words", 64

    def embed_query(self, text: str) -> FloatArray:
        counts = np.full(DIM, 0.01, dtype=np.float32)
        for word in text.split():
            counts[hashlib.sha256(word.encode()).digest()[0] % DIM] += 1
        vector: FloatArray = counts / np.linalg.norm(counts)
        return vector


@dataclass(slots=True)
class Shelved:
    """A document as the model knows it; ``words`` are those that no other document ever holds, the live one last."""

    id: str
    uri: str
    collection: str
    acl: frozenset[str]
    by_hand: bool = False
    words: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Person:
    id: str
    key: str
    administrator: bool = False
    groups: set[str] = field(default_factory=set)
    suspended: bool = False
    answers: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Model:
    """What the oracle knows: sets of keys, and no line of the program."""

    people: list[Person] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    collections: dict[str, frozenset[str]] = field(default_factory=dict)
    shelf: list[Shelved] = field(default_factory=list)

    def keys(self, person: Person) -> frozenset[str]:
        if person.suspended:
            return frozenset()
        return frozenset({f"u:{person.id}", EVERYONE, *(f"g:{group}" for group in person.groups)})

    def readable(self, person: Person) -> list[Shelved]:
        keys = self.keys(person)
        return [d for d in self.shelf if keys & d.acl and keys & self.collections[d.collection]]


@dataclass(slots=True)
class Tally:
    """What came of all runs."""

    queries: int = 0
    leaks: int = 0
    blocks: int = 0


class House:
    """The real stores in a folder, with the embedded index; what is opened is closed by ``close``."""

    def __init__(self, folder: Path, migrated: Path) -> None:
        self.folder = folder
        shutil.copy(migrated, folder / "catalog.sqlite3")
        self.open()

    def open(self) -> None:
        self.engine = engine = open_engine(f"sqlite:///{self.folder / 'catalog.sqlite3'}")
        self.catalog = Catalog(engine)
        self.users, self.groups, self.keys = Users(engine), Groups(engine), ApiKeys(engine)
        self.interactions = InteractionLog(engine)
        self.reports = QualityReports(engine, self.catalog)
        self.authenticator = Authenticator("never given", self.users, self.keys, Sessions(engine))
        embedder = WordEmbedder()
        self.index = EdgeIndex(self.folder / "index", dim=DIM, fingerprint=embedder.fingerprint, pointer=self)
        self.publisher = Publisher(self.catalog, self.index, embedder)
        self.publisher.collect()
        self.publisher.relabel()
        self.retriever = Retriever(self.catalog, self.index, embedder, pool=POOL)
        self.embedder = embedder
        quotes = ExtractiveGenerator(embedder, Bm25Encoder(Bm25Settings()).terms, lambda _ids: {})
        self.answerer = Answerer(self.retriever, quotes, quotes, abstain_below=0.0, current=self.authenticator.current)

    def get(self, name: str) -> str | None:
        return self.catalog.index_pointer(name)

    def set(self, name: str, target: str) -> None:
        self.catalog.set_index_pointer(name, target)

    def close(self) -> None:
        self.index.close()
        self.engine.dispose()

    def stage(self, collection: str, uri: str, text: str, acl: frozenset[str] | None, *, ready: bool = True) -> str:
        """Stage a revision of one chunk; gives the document's id."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        staged = StagedRevision(uri, "text/plain", len(text), digest, "recipe", text, acl)
        revision = self.catalog.stage(collection, uri, staged)
        chunk = Chunk(uuid4().hex, revision.document_id, revision.id, 0, 0, len(text), text, "", (), 8)
        given = {chunk.id: StoredVectors(vector_bytes(self.embedder.embed_query(text)), None)}
        self.catalog.add_chunks(revision.id, [chunk], given, fingerprint=self.embedder.fingerprint, ready=ready)
        return revision.document_id

    def principal(self, key: str) -> Principal:
        """As a request finds out who asks."""
        caller = self.authenticator.bearer(key, address="")
        return caller.principal if caller else NOBODY


class Asker:
    """Asks the house as somebody, and holds what comes back against the model."""

    def __init__(self, house: House, model: Model, tally: Tally) -> None:
        self.house = house
        self.model = model
        self.tally = tally
        self.asked: dict[str, str] = {}  # the text of each answer that was kept

    def ask(self, person: Person, wanted: Shelved, word: str, *, settled: bool = True) -> None:
        """Search and ask for a word that stands in one document only."""
        self.tally.queries += 3  # two searches and an answer
        principal = self.house.principal(person.key)
        readable = self.model.readable(person)
        live = wanted in readable and word == wanted.words[-1]
        for mode, limit in (("sparse", 2), ("hybrid", 50)):
            found = self.house.retriever.retrieve(f"{word} oak", principal=principal, limit=limit, mode=mode)  # type: ignore[arg-type]
            self._seen(found, readable)
            self._block(live and settled and not any(word in passage.chunk.text for passage in found))
        interaction = self.house.answerer.answer(Query(f"{word} oak"), principal=principal)
        said = interaction.answer
        self._quotes([*said.citations, *said.nearest], readable)
        self._seen(interaction.passages, readable)
        self._words(said.text, readable)
        if principal.id:
            self.house.interactions.record(interaction)
            person.answers.append(interaction.id)
            self.asked[interaction.id] = said.text

    def open_answers(self, person: Person) -> None:
        """Open the last answers as they are shown today, and one as somebody else."""
        principal, readable = self.house.principal(person.key), self.model.readable(person)
        ids = {document.id for document in readable}
        if not principal.id:
            return
        for key in person.answers[-3:]:
            kept = self.house.interactions.get(key, principal=principal)
            named = named_documents([kept])
            shown = withhold(kept, self.house.catalog.readable_documents(named, principal=principal))
            self._quotes([c for c in (*shown.answer.citations, *shown.answer.nearest) if is_shown(c)], readable)
            self._seen(shown.passages, readable)
            may = all(citation.document_id in ids for citation in kept.answer.citations)
            self._leak(not may and shown.answer.text != WITHHELD)
            self._block(may and shown.answer.text != self.asked[key])
        for other in self.model.people:
            if other is not person and other.answers and not principal.administrator:
                self._hidden(lambda key=other.answers[-1]: self.house.interactions.get(key, principal=principal))

    def look_around(self, person: Person) -> None:
        """List what there is, and open every document there ever was."""
        principal, readable = self.house.principal(person.key), self.model.readable(person)
        catalog = self.house.catalog
        ids = {document.id for document in readable}
        listed = {document.id for document in catalog.every_document(principal=principal)}
        self._leak(bool(listed - ids))
        self._block(bool(ids - listed))
        keys = self.model.keys(person)
        # An administrator knows of every collection, and how much of it they may read.
        shown = (name for name, readers in self.model.collections.items() if readers & keys or person.administrator)
        names = dict.fromkeys(shown, 0)
        for document in readable:
            names[document.collection] += 1
        counted = {c.name: count for c, count in catalog.collections(principal=principal)}
        self._leak(any(names.get(name, -1) < count for name, count in counted.items()))
        self._block(any(counted.get(name, -1) < count for name, count in names.items()))
        for name in self.model.collections:
            self._report(name, principal, names)
        for document in self.model.shelf:
            self._open(document, principal, readable=document.id in ids)

    def _report(self, name: str, principal: Principal, names: dict[str, int]) -> None:
        day = date(2026, 1, 1)
        try:
            report = self.house.reports.report(name, principal=principal, similarity=0.8, stale_after_days=1, today=day)
        except NotFoundError:
            self._block(name in names)
        else:
            self._leak(report.documents > names.get(name, -1))

    def _open(self, document: Shelved, principal: Principal, *, readable: bool) -> None:
        catalog = self.house.catalog
        try:
            found = catalog.document(document.id, principal=principal)
            text = catalog.revision(str(found.live_revision_id), principal=principal).text
        except NotFoundError:
            self._block(readable)
        else:
            self._leak(not readable)
            self._block(document.words[-1] not in text or found.acl != document.acl)

    def _seen(self, passages: Iterable[Passage], readable: Sequence[Shelved]) -> None:
        allowed = {document.id for document in readable}
        self._leak(any(passage.chunk.document_id not in allowed for passage in passages))

    def _quotes(self, citations: Iterable[object], readable: Sequence[Shelved]) -> None:
        allowed = {document.id for document in readable}
        self._leak(any(getattr(citation, "document_id", "") not in allowed for citation in citations))

    def _words(self, text: str, readable: Sequence[Shelved]) -> None:
        hidden = (d for d in self.model.shelf if d not in readable)
        self._leak(any(word in text for document in hidden for word in document.words))

    def _hidden(self, call: Callable[[], object]) -> None:
        try:
            call()
        except NotFoundError:
            return
        self._leak(True)

    def _leak(self, found: bool) -> None:
        self.tally.leaks += found
        assert not found, "a leak"  # noqa: S101

    def _block(self, found: bool) -> None:
        self.tally.blocks += found
        assert not found, "a false block"  # noqa: S101


PICK = st.integers(0, 2**16)
KEYS = st.lists(PICK, max_size=3)


class Access(RuleBasedStateMachine):
    """Everything that changes who may read what, in any order."""

    tally = Tally()
    migrated: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="attune-oracle-"))
        self.house = House(self.folder, self.migrated)
        self.model = Model()
        self.asker = Asker(self.house, self.model, self.tally)
        self.made = 0
        self.staged: list[str] = []
        chief = self.house.users.create(NewUser("chief", administrator=True))
        self.model.people.append(self._person(chief.id, administrator=True))
        for name in ("reader", "other"):
            self.model.people.append(self._person(self.house.users.create(NewUser(name)).id))
        for name in ("law", "staff"):
            self.model.groups.append(self.house.groups.create(name).id)
        for name in ("open", "narrow"):
            self._collection(name, frozenset({EVERYONE}))

    def teardown(self) -> None:
        self.house.close()
        shutil.rmtree(self.folder)

    def _person(self, user_id: str, *, administrator: bool = False) -> Person:
        scopes = ("ask", "curate", "administer")
        _, key = self.house.keys.create(user_id, "oracle", scopes=scopes, expires_at=None, created_by="u:oracle")
        return Person(user_id, key, administrator)

    def _collection(self, name: str, readers: frozenset[str]) -> None:
        self.house.catalog.create_collection(name, readers=readers)
        self.model.collections[name] = readers

    def _acl(self, picks: Sequence[int]) -> frozenset[str]:
        some = [EVERYONE, *(f"g:{key}" for key in self.model.groups), *(f"u:{one.id}" for one in self.model.people)]
        return frozenset(some[pick % len(some)] for pick in picks)

    def _text(self) -> tuple[str, str]:
        self.made += 1
        word = f"zq{self.made}xk"
        words = random.Random(self.made).sample(COMMON, 3)
        return word, f"The {word} says that {words[0]} and {words[1]} need {words[2]} number {self.made}."

    def _ask_all(self, document: Shelved, *, settled: bool = True) -> None:
        for person in self.model.people:
            self.asker.ask(person, document, document.words[-1], settled=settled)

    @rule(collection=PICK, keys=st.none() | KEYS)
    def add(self, collection: int, keys: list[int] | None) -> None:
        name = sorted(self.model.collections)[collection % len(self.model.collections)]
        acl = None if keys is None else self._acl(keys)
        word, text = self._text()
        uri = f"document-{self.made}"
        document_id = self.house.stage(name, uri, text, acl)
        self.house.publisher.publish_ready()
        document = Shelved(document_id, uri, name, frozenset({EVERYONE}) if acl is None else acl, words=[word])
        self.model.shelf.append(document)
        self._ask_all(document)

    @precondition(lambda self: self.model.shelf)
    @rule(document=PICK, keys=st.none() | KEYS, published=st.booleans())
    def ingest_again(self, document: int, keys: list[int] | None, published: bool) -> None:
        changed = self._document(document)
        acl = None if keys is None else self._acl(keys)
        word, text = self._text()
        self.house.stage(changed.collection, changed.uri, text, acl, ready=published)
        self._ask_all(changed)
        if published:
            self.house.publisher.publish_ready()
            changed.words.append(word)
            if acl is not None and not changed.by_hand:
                changed.acl = acl
            self._ask_all(changed)

    @rule(keys=KEYS)
    def stage_only(self, keys: list[int]) -> None:
        word, text = self._text()
        self.house.stage("open", f"document-{self.made}", text, self._acl(keys), ready=False)
        nobodys = Shelved("", "", "open", frozenset(), words=[word])
        self._ask_all(nobodys)

    @precondition(lambda self: self.model.shelf)
    @rule(document=PICK)
    def delete(self, document: int) -> None:
        gone = self._document(document)
        self.house.publisher.delete(gone.id)
        gone.acl = frozenset()
        self._ask_all(gone)
        for person in self.model.people:
            self.asker.look_around(person)
        self.model.shelf.remove(gone)

    @precondition(lambda self: self.model.shelf)
    @rule(document=PICK, keys=KEYS)
    def set_access(self, document: int, keys: list[int]) -> None:
        changed = self._document(document)
        changed.acl, changed.by_hand = self._acl(keys), True
        self.house.catalog.set_document_access(changed.id, changed.acl, by="u:oracle", version=None)
        # The index is told only afterwards: what it finds too little meanwhile is no fault, what is shown too much is.
        self._ask_all(changed, settled=False)
        self.house.publisher.relabel()
        self._ask_all(changed)

    @precondition(lambda self: self.model.shelf)
    @rule(document=PICK)
    def release(self, document: int) -> None:
        released = self._document(document)
        self.house.catalog.release_document_access(released.id, version=None)
        released.by_hand = False

    @rule(collection=PICK, keys=KEYS)
    def set_collection(self, collection: int, keys: list[int]) -> None:
        name = sorted(self.model.collections)[collection % len(self.model.collections)]
        readers = self._acl(keys)
        self.model.collections[name] = readers
        self.house.catalog.set_collection_access(name, readers=readers, curators=(), version=None)
        for document in self.model.shelf[-2:]:
            self._ask_all(document)

    @rule(keys=KEYS)
    def make_collection(self, keys: list[int]) -> None:
        if len(self.model.collections) < 5:
            self._collection(f"c{len(self.model.collections)}", self._acl(keys))

    @precondition(lambda self: self.model.groups)
    @rule(person=PICK, group=PICK)
    def join(self, person: int, group: int) -> None:
        who, key = self._one(person), self.model.groups[group % len(self.model.groups)]
        self.house.groups.add(key, who.id)
        who.groups.add(key)

    @rule(person=PICK)
    def leave(self, person: int) -> None:
        who = self._one(person)
        for key in sorted(who.groups)[:1]:
            self.house.groups.remove(key, who.id)
            who.groups.remove(key)

    @precondition(lambda self: self.model.groups)
    @rule(group=PICK)
    def delete_group_and_make_it_again(self, group: int) -> None:
        at = group % len(self.model.groups)
        key = self.model.groups[at]
        name = self.house.groups.get(key).name
        self.house.groups.delete(key)
        for person in self.model.people:
            person.groups.discard(key)
        self.model.groups[at] = self.house.groups.create(name).id

    @rule(person=PICK)
    def suspend_or_restore(self, person: int) -> None:
        who = self.model.people[1 + person % (len(self.model.people) - 1)]  # an administrator is left
        who.suspended = not who.suspended
        self.house.users.update(who.id, suspended_at=datetime.now(UTC) if who.suspended else None)

    @precondition(lambda self: len(self.model.people) < 5)
    @rule()
    def come(self) -> None:
        user = self.house.users.create(NewUser(f"user{len(self.model.people)}"))
        self.model.people.append(self._person(user.id))

    @rule()
    def restart(self) -> None:
        self.house.close()
        self.house.open()

    @precondition(lambda self: self.model.shelf)
    @rule(document=PICK)
    def ask(self, document: int) -> None:
        wanted = self._document(document)
        for person in self.model.people:
            self.asker.ask(person, wanted, wanted.words[0])
            self.asker.ask(person, wanted, wanted.words[-1])

    @rule()
    def look_around(self) -> None:
        for person in self.model.people:
            self.asker.look_around(person)
            self.asker.open_answers(person)

    def _document(self, pick: int) -> Shelved:
        return self.model.shelf[pick % len(self.model.shelf)]

    def _one(self, pick: int) -> Person:
        return self.model.people[pick % len(self.model.people)]


def run(*, examples: int, steps: int, number: int, shrinks: bool = True) -> Tally:
    """Run some examples on fresh stores each; gives what came of all of them.

    Raises:
        AssertionError: There was a leak or a false block; its shortest history is told.
    """
    with tempfile.TemporaryDirectory() as folder:
        migrated = Path(folder) / "catalog.sqlite3"
        upgrade(f"sqlite:///{migrated}")

        @seed(number)
        class Run(Access):
            tally = Tally()

        Run.migrated = migrated
        how = settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(Run, settings=how)
        return Run.tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    total, number = Tally(), options.seed
    while total.queries < options.queries:
        tally = run(examples=20, steps=50, number=number)
        total.queries += tally.queries
        number += 1
    asked = {"queries": total.queries, "seeds": [options.seed, number - 1]}
    print_figure("leaks", total.leaks, unit="leaks", goal="0", baseline=asked)
    print_figure("false blocks", total.blocks, unit="blocks", goal="0", baseline=asked)


if __name__ == "__main__":
    main()
