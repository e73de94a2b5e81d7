"""Training sets are immutable, known by their rows, and found by whom and what they stand on."""

import errno
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from finetune.examples import Built
from finetune.lineage import manifest_of
from finetune.sets import TrainingSets
from finetune.tables import candidates, training_lineage
from finetune.types import Anchor, Example
from retrieval.errors import DataDirectoryError, NotFoundError, StorageFullError

AT = datetime(2026, 11, 3, 12, 30, tzinfo=UTC)


def example(n=0, **more):
    return Example(
        **{
            "id": f"{n:064x}",
            "question": f"Question {n}? Ünïcode \udc80 \x00",
            "anchor": Anchor(f"doc-{n}", "0" * 64),
            "label": 1,
            "weight": 1 / 3,
            "signals": ("up",),
            "sources": (f"f{n}",),
            "givers": ("u:ann",),
            "group": "g",
            "given_at": AT,
        }
        | more
    )


@pytest.fixture
def sets(engine, tmp_path):
    return TrainingSets(engine, tmp_path / "learning")


@pytest.fixture
def file(tmp_path):
    return lambda made: tmp_path / "learning" / "sets" / f"{made.id}.jsonl"


def test_a_set_comes_back_as_it_was_frozen(sets, file):
    made = sets.freeze([example(2), example(1)], {"seed": 7})
    assert sets.read(made.id) == made
    assert [one.id for one in made.examples] == [example(1).id, example(2).id]
    assert made.manifest == {"seed": 7, "sha256": made.id}
    assert stat.S_IMODE(file(made).stat().st_mode) == 0o600


def test_the_same_rows_are_the_same_set(sets):
    made = sets.freeze([example(1), example(2)], {"seed": 7})
    assert sets.freeze([example(2), example(1)], {"seed": 8}) == made
    assert [one.id for one in sets.recent()] == [made.id]
    assert sets.freeze([replace(example(1), weight=0.5), example(2)], {}).id != made.id


def test_a_set_of_nothing_is_a_set(sets):
    made = sets.freeze([], {})
    assert sets.read(made.id).examples == ()
    assert (sets.get(made.id).rows, sets.get(made.id).questions) == (0, 0)


def test_what_is_known_without_reading_the_rows(sets):
    wrong = example(3, label=-1)
    made = sets.freeze([example(1), example(2, question=example(1).question), wrong], {"seed": 7})
    kept = sets.get(made.id)
    assert (kept.rows, kept.questions, kept.manifest["seed"], kept.removed) == (3, 1, 7, False)


@pytest.mark.parametrize("spoil", ["cut off", "changed", "gone", "row added"])
def test_a_file_that_is_not_what_was_frozen_is_refused(sets, file, spoil):
    made = sets.freeze([example(1), example(2)], {})
    path = file(made)
    content = path.read_bytes()
    spoilt = {"cut off": content[:-10], "changed": content.replace(b'"label":1', b'"label":-1')}
    if spoil == "gone":
        path.unlink()
    else:
        path.write_bytes(spoilt.get(spoil, content + content))
    with pytest.raises(DataDirectoryError, match="train again"):
        sets.read(made.id)
    # Freezing the same rows again mends it.
    assert sets.read(sets.freeze([example(1), example(2)], {}).id) == made


@pytest.mark.parametrize("key", ["nothing", "0" * 64, "../../catalog", "\x00", ""])
def test_there_is_no_set_of_another_id(sets, key):
    with pytest.raises(NotFoundError):
        sets.read(key)


def test_sets_are_found_by_whoever_asked_or_said_something_and_by_document(sets):
    first = sets.freeze([example(1, givers=("u:ann", "u:bob"), askers=("u:cleo",))], {})
    second = sets.freeze([example(2)], {})
    assert sets.of_person("u:ann") == sorted([first.id, second.id])
    assert sets.of_person("u:bob") == sets.of_person("u:cleo") == sets.of_document("doc-1") == [first.id]
    assert sets.of_person("u:nobody") == sets.of_document("\x00") == []


def test_a_removed_set_leaves_nothing(sets, file, engine):
    made = sets.freeze([example(1)], {"sources": ["f1"]})
    assert sets.remove(made.id)
    assert not file(made).exists()
    assert sets.of_person("u:ann") == []
    assert sets.recent() == []
    assert not sets.remove(made.id)
    with engine.connect() as connection:
        assert connection.execute(select(training_lineage)).all() == []


def test_a_set_that_a_candidate_was_made_of_leaves_its_name(sets, engine, file):
    made = sets.freeze([example(1)], {"sources": ["f1"]})
    row = {"id": "c", "rung": "memory", "state": "retired", "set_id": made.id, "manifest": {}, "created_at": AT}
    with engine.begin() as connection:
        connection.execute(insert(candidates).values(row))
    assert sets.remove(made.id)
    assert sets.get(made.id).removed
    assert "sources" not in sets.get(made.id).manifest
    assert not file(made).exists()
    with pytest.raises(NotFoundError, match="erased"):
        sets.read(made.id)
    assert sets.of_document("doc-1") == []
    # The same rows made again of what is still there are a set again.
    sets.freeze([example(1)], {"sources": ["f1"]})
    assert sets.read(made.id).examples == made.examples
    assert sets.of_document("doc-1") == [made.id]


def test_a_full_disk_keeps_nothing(sets, monkeypatch, tmp_path):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFullError):
        sets.freeze([example(1)], {})
    assert list((tmp_path / "learning" / "sets").iterdir()) == []
    assert sets.recent() == []


def test_a_manifest_says_what_a_set_stands_on_and_nobodys_words():
    built = Built((example(1), example(2, open=False, signals=("opened", "up"))), {"stale": 3})
    said = manifest_of(built, corpus_epoch=9, embedder="e", recipe="r", scrub="s", seed=7)
    assert said["rows"] == [example(1).id, example(2).id]
    assert (said["sources"], said["signals"]) == (["f1", "f2"], {"opened": 1, "up": 2})
    # each row weighs what the first does; that of the second is shared among its two signals
    assert said["weights"] == {"opened": round(example(2).weight / 2, 3), "up": round(example(1).weight * 1.5, 3)}
    assert (said["open_rows"], said["dropped"], said["outliers"], said["corpus_epoch"]) == (1, {"stale": 3}, 0, 9)
    assert said["versions"]["attune"]
    assert "Question" not in str(said)
