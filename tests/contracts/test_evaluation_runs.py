"""Evaluation runs are kept whole and found again, on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from eval.report import Detail, Report, measured, new_provenance
from eval.runs import EvaluationRuns
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError


def run(golden="handbook", *, minutes=0, run_id=None):
    provenance = new_provenance(golden, version_number=2, sha256="a" * 64, corpus_epoch=1, seed=1)
    provenance = replace(
        provenance, started_at=provenance.started_at + timedelta(minutes=minutes), id=run_id or provenance.id
    )
    scores = {"q1": {"ndcg@10": 0.5}, "q2": {"ndcg@10": 1.0}}
    return measured(Report("retrieval", provenance, {}, scores, {}, {"queries": 2}, "print", {"pool": 100}))


@pytest.fixture
def runs(engine):
    return EvaluationRuns(engine)


def test_a_run_comes_back_as_it_was_kept(runs):
    kept = run()
    runs.add(kept)
    assert runs.get(kept.provenance.id) == kept
    assert runs.get(kept.provenance.id[:8]) == kept
    assert runs.get("latest") == kept


def test_a_run_is_kept_once(runs):
    kept = run()
    runs.add(kept)
    with pytest.raises(ConflictError):
        runs.add(kept)


@pytest.mark.parametrize("run_id", ["", "abc", "0" * 32, "latest", "%%%%", "____"])
def test_an_unknown_run_is_not_found(runs, run_id):
    with pytest.raises(NotFoundError):
        runs.get(run_id)


def test_a_beginning_that_several_runs_share_is_refused(runs):
    runs.add(run(run_id="abcd1" + "0" * 27))
    runs.add(run(run_id="abcd2" + "0" * 27))
    with pytest.raises(InvalidInputError, match="several runs"):
        runs.get("abcd")
    assert runs.get("abcd2").provenance.id.startswith("abcd2")


def test_runs_are_listed_newest_first_with_their_figures(runs):
    old, new, other = run(), run(minutes=1), run("other", minutes=2)
    for kept in (old, new, other):
        runs.add(kept)
    listed = runs.recent(golden="handbook")
    assert [entry.id for entry in listed] == [new.provenance.id, old.provenance.id]
    assert (listed[0].figures["ndcg@10"], listed[0].figures["map@100"]) == (0.75, None)
    assert [entry.id for entry in runs.recent(limit=1)] == [other.provenance.id]
    with pytest.raises(InvalidInputError):
        runs.recent(limit=0)


def test_the_newest_accepted_run_of_a_set_is_what_later_ones_are_held_against(runs):
    first, second, third = run(), run(minutes=1), run(minutes=2)
    for kept in (first, second, third):
        runs.add(kept)
    assert runs.last_accepted(kind="retrieval", golden="handbook") is None
    runs.accept(first.provenance.id)
    runs.accept(second.provenance.id)
    assert runs.last_accepted(kind="retrieval", golden="handbook") == second
    assert runs.last_accepted(kind="answers", golden="handbook") is None
    with pytest.raises(NotFoundError):
        runs.accept("0" * 32)


def test_whatever_was_asked_is_kept(runs):
    kept = replace(run(), details={"q1": Detail("NUL \x00 and half a pair \ud800", ("a\x00",), ())})
    runs.add(kept)
    assert runs.get(kept.provenance.id) == kept


def test_a_name_that_no_database_keeps_is_refused(runs):
    with pytest.raises(InvalidInputError, match="cannot be kept"):
        runs.add(run("a\x00b"))


def test_a_deleted_run_is_gone_and_the_one_before_it_counts(runs):
    first, second = run(), run(minutes=1)
    for kept in (first, second):
        runs.add(kept)
        runs.accept(kept.provenance.id)
    runs.delete(second.provenance.id)
    assert runs.last_accepted(kind="retrieval", golden="handbook") == first
    with pytest.raises(NotFoundError):
        runs.delete(second.provenance.id)
