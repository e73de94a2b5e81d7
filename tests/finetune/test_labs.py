"""What of a run with adapters is kept from what."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from finetune.course import Adapting, Reranking
from finetune.labs import Labs
from finetune.types import Anchor, Example, TrainingSet
from retrieval.errors import InvalidInputError

DAY = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = tuple(
    Example(f"e{n}", f"question {n}", Anchor("d", str(n)), 1, 1.0, ("up",), (f"f{n}",), ("u:ann",), f"g{n // 2}", day)
    for n in range(20)
    for day in [DAY + timedelta(days=n)]
)


@dataclass(frozen=True)
class Lab:
    """Of a server with a cross-encoder that is never asked."""

    encode: object
    reranker: object = None


def labs(folder, *, adapting=True, rungs=(), rows=ROWS):
    """The labs of a run over twenty questions, two of each group, in which nothing can be trained."""
    means = SimpleNamespace(
        adapting=Adapting("no model", None, folder, folder, 1.0) if adapting else None,
        reranking=Reranking("no model", lambda adapter: f"loaded from {adapter}", folder, 1.0),
    )
    course = SimpleNamespace(means=means, training_set=TrainingSet("set-1", rows), rungs=rungs, live=None)
    base = Lab(lambda questions: np.eye(20, dtype=np.float32)[[int(q.split()[1]) for q in questions]])
    return Labs(course, base, ExitStack())


def test_the_newest_fifth_of_the_questions_is_held_out_in_whole_groups(tmp_path):
    made = labs(tmp_path)
    assert {question.text for question in made.held_out} == {f"question {n}" for n in range(16, 20)}
    assert [one.id for one in made.training] == [f"e{n}" for n in range(16)]


def test_what_an_adapter_is_taught_does_not_depend_on_what_is_hidden(tmp_path):
    # Asked last, and one of them what everybody asked first, in a group of its own.
    hidden = [
        replace(
            row, id=f"h{n}", question=f"question {n} again", group=f"h{n}", open=False, given_at=DAY.replace(year=2027)
        )
        for n, row in enumerate(ROWS[:10])
    ]
    without, among = labs(tmp_path), labs(tmp_path, rows=(*ROWS, *hidden))
    assert [one.id for one in among.taught] == [one.id for one in without.taught] == [f"e{n}" for n in range(16)]
    # What is measured was taught to none, and what is made anew beside the adapters knows none of it.
    assert {question.text for question in among.held_out} == {f"question {n}" for n in range(16, 20)}
    assert {one.id for one in among.training} == {*(f"e{n}" for n in range(16)), *(f"h{n}" for n in range(10))}


def test_hidden_questions_are_held_out_where_nobody_else_asked_them(tmp_path):
    hidden = [replace(row, open=False, given_at=DAY.replace(year=2027)) for row in ROWS[:4]]
    made = labs(tmp_path, rows=(*hidden, *ROWS[4:]))
    # The newest of everybody's sixteen, and of all twenty.
    assert {question.text for question in made.held_out} == {f"question {n}" for n in (*range(4), 18, 19)}
    assert [one.id for one in made.taught] == [f"e{n}" for n in range(4, 18)]
    assert [one.id for one in made.training] == [f"e{n}" for n in range(4, 18)]


def test_a_run_that_was_killed_goes_on_with_the_adapter_that_it_trained(tmp_path):
    (tmp_path / "set-1" / "embedder").mkdir(parents=True)
    assert labs(tmp_path).adapter == tmp_path / "set-1" / "embedder"


def test_and_with_the_reranker(tmp_path):
    (tmp_path / "set-1" / "reranker").mkdir(parents=True)
    made = labs(tmp_path)
    assert made.folders(("memory", "reranker")) == {"reranker": tmp_path / "set-1" / "reranker"}
    lab = made.of(("memory", "reranker"))
    assert (lab.encode, lab.reranker) == (made.base.encode, f"loaded from {tmp_path / 'set-1' / 'reranker'}")


def test_without_a_model_that_takes_an_adapter_none_is_trained(tmp_path):
    with pytest.raises(InvalidInputError, match="takes an adapter"):
        assert labs(tmp_path, adapting=False).adapter


def test_a_recipe_without_an_embedder_is_made_in_the_lab_of_the_base(tmp_path):
    made = labs(tmp_path)
    assert made.of(("memory", "fusion")) is made.base
