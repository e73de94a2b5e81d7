"""Rows of a language model, frozen and found again by whom and what they hold."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from finetune.generator_rows import Row, Rows
from finetune.generator_sets import KIND, freeze_rows, manifest_of_rows, read_rows
from finetune.registry import Made, Registry
from finetune.sets import TrainingSets
from retrieval.errors import DataDirectoryError, NotFoundError

ROW = Row(
    (("system", "Cite."), ("user", "Müller?")),
    "So. [1]",
    worse="No.",
    sources=("f1", "i1"),
    people=("u:ann", "u:bob"),
    question="Müller?",
    documents=("d1", "d2"),
    passages=2,
    given_at=datetime(2026, 11, 1, tzinfo=UTC),
)
ROWS = Rows((ROW,), (replace(ROW, sources=("f2", "i2")),), (replace(ROW, worse="", liked=False, sources=("f3",)),))


@pytest.fixture
def sets(sqlite_url, open_database, tmp_path):
    return TrainingSets(open_database(sqlite_url), tmp_path)


def manifest(rows=ROWS):
    return manifest_of_rows(rows, model="m", template="answer-2", corpus_epoch=1, scrub="policy", seed=1)


def test_rows_come_back_as_they_were_frozen_and_the_same_rows_are_the_same_set(sets):
    found = freeze_rows(sets, ROWS, manifest())
    assert freeze_rows(sets, ROWS, manifest()).id == found.id
    read = read_rows(sets, found.id)
    assert (read.rows, read.manifest["kind"]) == (ROWS, KIND)
    assert read.manifest["sources"] == ["f1", "f2", "f3", "i1", "i2"]
    assert (sets.get(found.id).questions, sets.get(found.id).rows) == (1, 3)


def test_a_set_is_found_by_every_person_and_every_document_in_it(sets):
    found = freeze_rows(sets, ROWS, manifest())
    for person in ROW.people:
        assert sets.of_person(person) == [found.id]
    for document in ROW.documents:
        assert sets.of_document(document) == [found.id]
    assert sets.stands_on(found.id) == (2, 2)


def test_what_was_changed_or_erased_is_not_read(sets, tmp_path):
    found = freeze_rows(sets, ROWS, manifest())
    path = tmp_path / "sets" / f"{found.id}.jsonl"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DataDirectoryError):
        read_rows(sets, found.id)
    Registry(sets.engine).add(Made("c" * 64, "generator", found.id, {}))
    assert sets.remove(found.id)
    with pytest.raises(NotFoundError):
        read_rows(sets, found.id)
    assert sets.get(found.id).manifest["kind"] == KIND  # it counts no labelled questions, still
    assert not path.exists()


def test_a_candidate_is_found_by_the_set_of_what_it_took_over(sets):
    own, taken = freeze_rows(sets, ROWS, manifest()), freeze_rows(sets, Rows((ROW,)), manifest())
    registry = Registry(sets.engine)
    registry.add(Made("a" * 64, "memory", own.id, {"carried": {"generator": taken.id}}))
    registry.add(Made("b" * 64, "memory", own.id, {}))
    assert [one.id[0] for one in registry.by_set([taken.id])] == ["a"]
    assert [one.id[0] for one in registry.by_set([own.id])] == ["a", "b"]
    assert registry.by_set([]) == []
