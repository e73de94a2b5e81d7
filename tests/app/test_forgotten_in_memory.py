"""What the server keeps in memory of questions, pages and headings goes with who and what is forgotten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event, Thread

import numpy as np
import pytest

from app.asked_vectors import AskedVectors
from app.auth import LOCAL, Caller
from app.bootstrap import open_services
from app.checkup import call_doctor
from app.forget import Forgetting
from app.identity.users import NewUser
from app.owner import serving
from app.settings import Settings
from app.suggesting import Wanted
from bench import erasure
from retrieval.guard import UNGUARDED
from retrieval.types import Principal


class Counting:
    """An embedder that counts; ``meanwhile`` is called while it embeds."""

    fingerprint = "counting"

    def __init__(self, meanwhile=lambda: None):
        self.texts = []
        self.meanwhile = meanwhile

    def embed_query(self, text):
        self.texts.append(text)
        self.meanwhile()
        return np.ones(2, dtype=np.float32)


def test_vectors_of_questions_are_made_once_until_they_are_forgotten():
    vectors, embedder = AskedVectors(), Counting()
    vectors.of(["a", "a"], embedder)
    vectors.of(["a"], embedder)
    assert embedder.texts == ["a"]
    vectors.forget()
    vectors.of(["a"], embedder)
    assert embedder.texts == ["a", "a"]


def test_a_vector_that_is_being_made_while_all_are_forgotten_is_not_kept():
    vectors = AskedVectors()
    embedder = Counting(vectors.forget)
    vectors.of(["a"], embedder)
    embedder.meanwhile = lambda: None
    vectors.of(["a"], embedder)
    assert embedder.texts == ["a", "a"]


def test_of_two_who_look_at_the_same_questions_the_second_waits_for_the_vectors_of_the_first():
    vectors, looking = AskedVectors(), ThreadPoolExecutor(1)
    began, go_on = Event(), Event()
    embedder = Counting(lambda: (began.set(), go_on.wait(10)))
    with looking:
        first = looking.submit(vectors.grouped, ["a", "b"], embedder)
        assert began.wait(10)
        looking_too = Thread(target=vectors.grouped, args=(["a", "b"], embedder))
        looking_too.start()
        go_on.set()
        assert [one.rows for one in first.result()] == [(0, 1)]
        looking_too.join()
    assert embedder.texts == ["a", "b"]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Services that keep vectors of questions and headings of a document in memory, and who is to be forgotten."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("memory") / "data")
    one, other = erasure.write(tmp_path_factory.mktemp("stations"), 2)
    with serving(settings) as client:
        erasure.settle(client, [one, other])
    with open_services(settings) as services:
        services.users.create(NewUser("chief", administrator=True))
        asker = services.users.create(NewUser("ines")).id
        yield services, one, asker


def test_an_erasure_leaves_neither_headings_nor_vectors_in_memory(known):
    services, one, asker = known
    reader = Principal(f"u:{asker}", frozenset({"g:everyone"}))
    services.suggestions.of(Wanted(reader, None, UNGUARDED, (), date(2026, 11, 3)), limit=12)
    services.asked_vectors.of([one.question], services.embedder)
    assert len(services.suggestions._drawn) == 1
    forgetting = Forgetting(services, call_doctor(services))
    forgetting.forget("document", one.id, caller=Caller(LOCAL, "local"))
    assert len(services.suggestions._drawn) == 0
    assert len(services.asked_vectors._kept) == 1  # the questions stay
    forgetting.forget("user", asker, caller=Caller(LOCAL, "local"))
    assert len(services.asked_vectors._kept) == 0
