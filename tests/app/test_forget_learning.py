"""What is trained again when training sets are forgotten."""

from hashlib import sha256

import pytest

from app.forget_learning import _again
from finetune.registry import Made, Registry
from finetune.sets import TrainingSets

FOUND, TOLD = (sha256(rows).hexdigest() for rows in (b"found", b"told"))


@pytest.fixture
def registry(sqlite_url, open_database, tmp_path):
    """Candidates of a set of labels, of one of corrections, and of both."""
    sets = TrainingSets(open_database(sqlite_url), tmp_path)
    for rows in (b"found", b"told"):
        sets.keep(rows, {}, questions=1, rows=1, lineage=())
    registry = Registry(sets.engine)
    registry.add(Made("found", "memory", FOUND, {}))
    registry.add(Made("told", "generator", TOLD, {}))
    registry.add(Made("both", "generator", TOLD, {"carried": {"retrieval": FOUND}}))
    registry.add(Made("also both", "memory", FOUND, {"carried": {"generator": TOLD}}))
    return registry


@pytest.mark.parametrize(
    ("live", "gone", "again", "left"),
    [
        (None, (FOUND, TOLD), (), ()),
        ("found", (FOUND, TOLD), (), ()),
        ("told", (TOLD,), ("generator",), ()),
        ("both", (TOLD,), ("generator",), ()),
        ("both", (FOUND,), (), ()),
        ("also both", (TOLD,), ("generator",), ()),
        ("also both", (FOUND,), (), ()),
        # A run of its own, and only one may wait.
        ("both", (FOUND, TOLD), (), ("generator",)),
        ("also both", (FOUND, TOLD), (), ("generator",)),
    ],
)
def test_what_was_live_is_trained_again_or_named(registry, live, gone, again, left):
    assert _again(registry, live, gone) == (again, left)
