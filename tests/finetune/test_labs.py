"""What of a run with an embedder is kept from what."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from finetune.course import Adapting
from finetune.labs import Labs
from finetune.types import Anchor, Example, TrainingSet
from retrieval.errors import InvalidInputError

DAY = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = tuple(
    Example(f"e{n}", f"question {n}", Anchor("d", str(n)), 1, 1.0, ("up",), (f"f{n}",), ("u:ann",), f"g{n // 2}", day)
    for n in range(20)
    for day in [DAY + timedelta(days=n)]
)


def labs(folder, *, adapting=True, rungs=()):
    """The labs of a run over twenty questions, two of each group, in which nothing can be trained."""
    means = SimpleNamespace(adapting=Adapting("no model", None, folder, folder, 1.0) if adapting else None)
    course = SimpleNamespace(means=means, training_set=TrainingSet("set-1", ROWS), rungs=rungs, live=None)
    base = SimpleNamespace(encode=lambda questions: np.eye(20, dtype=np.float32)[[int(q[9:]) for q in questions]])
    return Labs(course, base, ExitStack())


def test_the_newest_fifth_of_the_questions_is_held_out_in_whole_groups(tmp_path):
    made = labs(tmp_path)
    assert {question.text for question in made.held_out} == {f"question {n}" for n in range(16, 20)}
    assert [one.id for one in made.training] == [f"e{n}" for n in range(16)]


def test_a_run_that_was_killed_goes_on_with_the_adapter_that_it_trained(tmp_path):
    (tmp_path / "set-1").mkdir()
    assert labs(tmp_path).adapter == tmp_path / "set-1"


def test_an_embedder_behind_an_endpoint_takes_no_adapter(tmp_path):
    with pytest.raises(InvalidInputError, match="behind an endpoint"):
        assert labs(tmp_path, adapting=False).adapter


def test_a_recipe_without_an_embedder_is_made_in_the_lab_of_the_base(tmp_path):
    made = labs(tmp_path)
    assert made.of(("memory", "fusion")) is made.base
