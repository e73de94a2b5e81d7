"""Assistants are kept, used by whom they let in, and looked after with their collection, on every database."""

from dataclasses import replace

import pytest

from app import assistants as module
from app.assistants import Assistants, through
from app.erasure_rows import FORGOTTEN, ErasureRows
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.quoting import Quoted
from retrieval.types import EVERYONE, Principal, Query

ADMIN = Principal("u:admin", administrator=True)
ANN, BOB = Principal("u:ann", frozenset({EVERYONE, "g:hr"})), Principal("u:bob")
CURATOR = Principal("u:cleo", curator=True)
NOBODY = Principal("", frozenset())


@pytest.fixture
def kept(engine, catalog):
    catalog.create_collection("people", readers={"g:hr"}, curators={"u:cleo"})
    return Assistants(engine)


def made(kept, name="Pay", **more):
    fields = {"name": name, "description": "", "collection": "people", "instructions": "Be brief.", "questions": ()}
    return kept.add(fields | {"access": frozenset({EVERYONE})} | more, by=ADMIN)


def test_one_comes_back_as_it_was_made_and_changed(kept):
    one = made(kept, questions=("When is pay day?",), description="About pay")
    assert kept.use(one.id, principal=ANN) == one
    changed = kept.change(one, {"name": "Pay  day", "collection": None, "questions": ()}, by=CURATOR)
    assert (changed.name, changed.collection, changed.questions, changed.set_by) == ("Pay day", None, (), "u:cleo")
    assert kept.use(one.id, principal=BOB) == changed
    kept.remove(one.id)
    with pytest.raises(NotFoundError):
        kept.use(one.id, principal=ANN)
    with pytest.raises(NotFoundError):
        kept.change(one, {"description": "x"}, by=ADMIN)


def test_who_may_use_one_is_let_in_and_may_read_its_collection(kept):
    of_people = made(kept)
    of_ann = made(kept, "Ann's", collection=None, access=frozenset({"u:ann"}))
    of_all = made(kept, "All", collection=None)
    assert kept.usable(principal=ANN) == [of_all, of_ann, of_people]
    assert kept.usable(principal=BOB) == [of_all]
    # To administer is not to read, nor is to look after.
    assert kept.usable(principal=ADMIN) == kept.usable(principal=CURATOR) == [of_all]
    assert kept.usable(principal=NOBODY) == []


def test_who_looks_after_a_collection_looks_after_its_assistants(kept):
    of_people, of_all = made(kept), made(kept, "All", collection=None)
    assert kept.managed(principal=ADMIN) == [of_all, of_people]
    assert kept.managed(principal=CURATOR) == [of_people]
    assert kept.managed(principal=replace(CURATOR, curator=False)) == kept.managed(principal=ANN) == []
    assert kept.manage(of_people.id, principal=CURATOR) == of_people
    said = set()
    for key, principal in ((of_all.id, CURATOR), (of_people.id, BOB), ("missing", ADMIN), ("\x00", ADMIN)):
        for attempt in (kept.manage, kept.use):
            if (key, attempt) != (of_all.id, kept.use):
                with pytest.raises(NotFoundError) as caught:
                    attempt(key, principal=principal)
                said.add(str(caught.value).replace(key, "ID"))
    assert said == {"no assistant ID"}


def test_a_name_is_one_assistants_alone(kept):
    one, other = made(kept), made(kept, "Other")
    with pytest.raises(ConflictError, match="Pay already"):
        made(kept)
    with pytest.raises(ConflictError, match="Pay already"):
        kept.change(other, {"name": "Pay"}, by=ADMIN)
    assert kept.change(one, {"name": "Pay"}, by=ADMIN).name == "Pay"


def test_of_two_who_change_different_things_both_are_heard(kept):
    one = made(kept)
    kept.change(one, {"description": "About pay", "collection": None}, by=ADMIN)
    kept.change(one, {"instructions": "Be long."}, by=CURATOR)
    found = kept.use(one.id, principal=BOB)
    assert (found.description, found.instructions, found.collection) == ("About pay", "Be long.", None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "a/b"},
        {"name": "x" * 65},
        {"name": "a\x00"},
        {"name": "\ud800"},
        {"instructions": "\x00"},
        {"description": "\ud800"},
        {"questions": ("\x00",)},
    ],
)
def test_what_cannot_be_kept_is_refused(kept, wrong):
    with pytest.raises(InvalidInputError):
        made(kept, **wrong)
    assert kept.managed(principal=ADMIN) == []


def test_a_collection_that_is_not_there_has_none(kept):
    with pytest.raises(NotFoundError):
        made(kept, collection="nothing")


def test_there_are_only_so_many(kept, monkeypatch):
    monkeypatch.setattr(module, "MAX_ASSISTANTS", 1)
    made(kept)
    with pytest.raises(ConflictError, match="delete one first"):
        made(kept, "Other")


def test_a_question_is_asked_where_the_assistant_searches(kept):
    one = made(kept)
    asked = through(Query("When?"), one)
    assert (asked.collection, asked.instructions, asked.assistant) == ("people", "Be brief.", one.id)
    assert through(Query("When?", collection="people"), one).collection == "people"
    with pytest.raises(InvalidInputError, match="people"):
        through(Query("When?", collection="default"), one)
    everywhere = made(kept, "All", collection=None)
    assert through(Query("When?", collection="default"), everywhere).collection == "default"


def test_a_document_that_is_forgotten_is_in_no_assistants_words(kept):
    secret = "The access code of the northern station is seven one nine."
    one = made(kept, instructions=f"Mention: {secret}", questions=(f"Is it true? {secret}", "When is pay day?"))
    other = made(kept, "Other")
    assert kept.forget_document(Quoted([secret])) == 1
    left = kept.use(one.id, principal=ANN)
    assert (left.instructions, left.questions) == ("", ("When is pay day?",))
    assert kept.use(other.id, principal=ANN) == other
    assert kept.forget_document(Quoted([secret])) == 0


def test_a_person_who_is_forgotten_stands_in_no_access_list(kept, engine):
    one = made(kept, access=frozenset({"u:ann", "g:hr"}))
    kept.change(one, {"description": "x"}, by=ANN)
    rows = ErasureRows(engine)
    assert rows.mentions(["u:ann"]) == {"assistants.access": 1, "assistants.set_by": 1}
    rows.forget_key("u:ann")
    left = kept.manage(one.id, principal=ADMIN)
    assert (left.access, left.set_by) == (frozenset({"g:hr"}), FORGOTTEN)
    assert rows.mentions(["u:ann"]) == {}
