import json
from dataclasses import replace

import numpy as np
import pytest

from eval.compare import compare, compare_many
from eval.report import measured
from retrieval.errors import InvalidInputError


def ndcg(values):
    return {f"q{i}": float(value) for i, value in enumerate(values)}


@pytest.fixture
def before(report):
    return report(ndcg(np.random.default_rng(0).random(80) * 0.5))


def shifted(run, by, *, spread=0.05, seed=1):
    """The nDCG of a run, changed by something like ``by`` in every question."""
    noise = np.random.default_rng(seed).normal(by, spread, len(run.scores))
    return {key: row["ndcg@10"] + change for (key, row), change in zip(run.scores.items(), noise, strict=True)}


def test_an_improvement_is_found_in_every_figure_that_both_have(report, before):
    after = report(shifted(before, 0.1))
    found = compare(before, after, seed=1)
    assert found.figures["ndcg@10"].verdict == "better"
    assert found.figures["ndcg@10"].before == pytest.approx(before.figures["ndcg@10"].value)
    assert found.figures["ndcg@10"].after == pytest.approx(after.figures["ndcg@10"].value)
    assert found.figures["p50_ms"].verdict == "not tested"
    assert list(found.figures) == [name for name in before.figures if before.figures[name].value is not None]
    assert found.primary == "ndcg@10"


def test_a_run_compared_with_itself_has_no_differences_and_no_notes(before):
    found = compare(before, before, seed=1)
    verdicts = {name: difference.verdict for name, difference in found.figures.items()}
    assert {verdict for name, verdict in verdicts.items() if not name.endswith("_ms")} == {"no difference found"}
    assert (found.changes, found.notes, found.settings, found.golden) == ((), (), {}, None)


def test_questions_are_paired_by_their_id_and_not_by_their_place(report, before):
    backwards = report(dict(reversed(shifted(before, 0.0, spread=0.0).items())))
    assert compare(before, backwards, seed=1).figures["ndcg@10"].value == pytest.approx(0)


def test_questions_of_one_run_only_are_left_out_and_counted(report):
    a = report(ndcg([0.0] * 10 + [1.0] * 5))
    b = report(ndcg([0.0] * 10) | {"new": 1.0})
    found = compare(a, b, seed=1)
    assert (found.shared, found.only_before, found.only_after) == (10, 5, 1)
    assert (found.figures["ndcg@10"].before, found.figures["ndcg@10"].after) == (0, 0)
    assert any("10 questions of both; 5 were asked only before, 1 only after" in note for note in found.notes)


def test_what_is_set_differently_is_named(report, before):
    after = report(
        shifted(before, 0.0),
        settings={"pool": 50, "rerank": "sentences"},
        fingerprint="chunker2:254-model",
        provenance=replace(before.provenance, golden="set/test", golden_version=2, golden_sha256="1" * 64),
    )
    found = compare(before, after, seed=1)
    assert found.settings == {"pool": (100, 50), "rerank": (None, "sentences")}
    assert found.fingerprints == ("chunker1:254-model", "chunker2:254-model")
    assert found.golden == ("set/dev", "set/test, version 2")
    assert "set differently: pool 100 -> 50" in found.notes


def test_runs_of_different_kinds_are_refused(before):
    with pytest.raises(InvalidInputError, match="a run of retrieval cannot be compared with a run of answers"):
        compare(before, replace(before, kind="answers"), seed=1)


def test_runs_without_a_shared_question_are_refused(report, before):
    with pytest.raises(
        InvalidInputError,
        match="one asked 80 of set/dev, the other 1 of set/dev",
    ):
        compare(before, report({"other": 0.5}), seed=1)


def test_the_largest_changes_come_first_at_most_twenty(report):
    a = report(ndcg([0.5] * 30))
    b = report(ndcg([0.5 + 0.01 * i * (-1) ** i for i in range(30)]))
    changes = compare(a, b, seed=1).changes
    assert len(changes) == 20
    assert (changes[0].question, changes[0].before, changes[0].after) == ("q29", 0.5, pytest.approx(0.21))
    assert changes[1].question == "q28"


def test_a_few_questions_are_not_enough_data(report):
    found = compare(report(ndcg([0.1, 0.2, 0.3])), report(ndcg([0.2, 0.2, 0.5])), seed=1)
    assert found.figures["ndcg@10"].summary.startswith("not enough data: ")


def test_rows_are_words_for_a_table(report, before):
    rows = {row[0]: row for row in compare(before, report(shifted(before, 0.1)), seed=1).rows()}
    _, first, second, change, between, p, verdict = rows["ndcg@10"]
    assert first == f"{before.figures['ndcg@10'].value:.4f}"
    assert float(second) - float(first) == pytest.approx(float(change), abs=2e-4)
    assert change.startswith("+0.")
    assert " to +0." in between
    assert (p, verdict) == ("0.001", "better")


def test_json_can_be_written_and_holds_the_questions(report, before):
    body = json.loads(json.dumps(compare(before, report(shifted(before, 0.1)), seed=1).as_json(), allow_nan=False))
    assert body["figures"]["ndcg@10"]["verdict"] == "better"
    assert body["questions"] == {"both": 80, "only_before": 0, "only_after": 0}
    assert len(body["changes"]) == 20


def test_holm_counts_the_candidates(report, before):
    candidates = {f"c{seed}": report(shifted(before, 0.0, seed=seed)) for seed in range(4)}
    found = compare_many(before, candidates, seed=1)
    assert [entry.name for entry in found] == list(candidates)
    smallest = min(entry.comparison.figures["ndcg@10"].p_value for entry in found)
    assert min(entry.p_adjusted for entry in found) == pytest.approx(min(1, 4 * smallest))


def test_a_candidate_that_is_better_only_without_the_others_is_not_reported(report, before):
    noise = np.random.default_rng(1).normal(size=80)
    # Mean over standard error is 2.4: p is .016 to .02 alone, and three times as much beside two others.
    changes = 0.05 * ((noise - noise.mean()) / noise.std(ddof=1) + 2.4 / 80**0.5)
    scores = [row["ndcg@10"] for row in before.scores.values()]
    close = report(dict(zip(before.scores, scores + changes, strict=True)))
    others = {"same": before, "again": before}
    (alone,) = compare_many(before, {"close": close}, seed=1)
    among = compare_many(before, {"close": close} | others, seed=1)[0]
    assert alone.verdict == "better"
    assert among.p_adjusted == pytest.approx(3 * alone.p_adjusted)
    assert among.verdict == "no difference found"


def test_a_clear_candidate_stays_better_among_others(report, before):
    clear, equal = report(shifted(before, 0.1)), report(shifted(before, 0.0))
    first, second = compare_many(before, {"clear": clear, "equal": equal}, seed=1)
    assert first.verdict == "better"
    assert second.verdict != "better"


def test_candidates_of_a_run_without_a_primary_figure_are_refused(report, before):
    with pytest.raises(InvalidInputError, match="no figure to compare candidates by"):
        compare_many(report({"q0": None}), {"c": before}, seed=1)


def test_a_candidate_in_which_the_primary_figure_is_not_measured_is_not_enough_data(report, before):
    (entry,) = compare_many(before, {"c": report(dict.fromkeys(before.scores))}, seed=1)
    assert (entry.verdict, entry.p_adjusted) == ("not enough data", 1.0)


def test_questions_of_one_id_that_are_worded_otherwise_are_not_compared(report):
    before, after = report({"a": 1.0, "b": 1.0}), report({"a": 0.0, "b": 0.5})
    other = replace(after, details={**after.details, "a": replace(after.details["a"], text="Something else?")})
    found = compare(before, other, seed=1)
    assert (found.shared, found.reworded) == (1, 1)
    assert any("worded otherwise, not compared: 1" in note for note in found.notes)


def test_times_are_shown_and_not_tested(report):
    slow = {key: {"ndcg@10": 0.5, "recall@10": 0.5, "ms": 90.0} for key in (f"q{i}" for i in range(20))}
    before = report({f"q{i}": 0.5 for i in range(20)})
    after = measured(replace(before, scores=slow, notes=()))
    found = compare(before, after, seed=1).figures["p50_ms"]
    assert (found.value, found.p_value, found.verdict) == (80.0, None, "not tested")


def test_more_candidates_than_permutations_can_tell_apart_are_refused(report):
    base = report({"a": 1.0, "b": 1.0})
    with pytest.raises(InvalidInputError, match="at most 35"):
        compare_many(base, {str(i): base for i in range(36)}, seed=1)
