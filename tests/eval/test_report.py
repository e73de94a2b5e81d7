"""A report follows from the scores of its questions, and comes back from JSON as it was."""

import json
from dataclasses import replace

import pytest

from eval.report import measured, report_of_record
from ingestion.report import Failure
from retrieval.errors import InvalidInputError


def test_figures_carry_their_intervals(report):
    made = report({f"q{i}": float(i % 2) for i in range(100)})
    figure = made.figures["ndcg@10"]
    assert (figure.value, figure.questions) == (0.5, 100)
    # The standard error is .05, so the interval is about .4 to .6.
    assert figure.low == pytest.approx(0.4, abs=0.03)
    assert figure.high == pytest.approx(0.6, abs=0.03)
    assert made.as_json()["intervals"]["ndcg@10"] == [round(figure.low, 4), round(figure.high, 4)]


def test_the_same_scores_and_seed_give_the_same_report(report):
    scores = {f"q{i}": i / 30 for i in range(30)}
    assert report(scores).figures == report(scores).figures


def test_what_cannot_be_measured_is_null_with_its_reason(report):
    made = report({"a": None, "b": None})
    assert made.figures["ndcg@10"].value is None
    assert made.as_json()["ndcg@10"] is None
    assert any(note.startswith("not measured: ndcg@10") for note in made.notes)
    assert "NaN" not in json.dumps(made.as_json())
    assert made.primary is None


def test_one_question_has_a_value_and_no_interval(report):
    made = report({"a": 0.5})
    assert (made.figures["ndcg@10"].value, made.figures["ndcg@10"].low) == (0.5, None)
    assert any("one question: no interval" in note for note in made.notes)


def test_only_unanswerable_questions_leave_what_refusing_tells(report):
    row = {"answerable": 0.0, "abstained": 1.0, "refusal_accuracy": 1.0, "abstention_right": 1.0, "confidence": 0.1}
    made = measured(replace(report({"a": 1.0}), kind="answers", scores={"a": row, "b": row}, notes=()))
    assert made.figures["refusal_accuracy"].value == 1.0
    assert made.figures["abstention_auroc"].value is None
    assert made.figures["abstention_accuracy"].value is None
    assert made.primary is None
    assert any("abstention_accuracy; it takes answerable and unanswerable questions" in note for note in made.notes)


def test_a_report_comes_back_from_its_record(report):
    made = report({"a": 0.5, "b": 1.0}, failed=(Failure("x.pdf", "is encrypted"),), skipped={"drafts": 2})
    assert report_of_record(json.loads(json.dumps(made.record()))) == made


@pytest.mark.parametrize("break_it", [{"format": 99}, {"provenance": None}, {"figures": {"a": {}}}, {"strange": 1}])
def test_a_broken_record_is_refused(report, break_it):
    record = report({"a": 0.5}).record()
    with pytest.raises(InvalidInputError):
        report_of_record(record | break_it)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("settings",), [1]),
        (("kind",), "beauty"),
        (("scores",), "hello"),
        (("figures", "ndcg@10", "value"), float("nan")),
        (("figures", "ndcg@10"), "abc"),
        (("provenance", "id"), "../../x"),
        (("provenance", "id"), 7),
        (("provenance", "started_at"), "2026-01-01T00:00:00"),
        (("provenance", "started_at"), "9999-12-31T23:59:59-14:00"),
        (("provenance", "seed"), "zz"),
        (("provenance", "golden"), " "),
    ],
)
def test_a_record_that_would_break_the_list_of_runs_is_refused(report, where, value):
    record = json.loads(json.dumps(report({"a": 0.5}).record()))
    place = record
    for name in where[:-1]:
        place = place[name]
    place[where[-1]] = value
    with pytest.raises(InvalidInputError, match="broken"):
        report_of_record(record)


def test_a_report_that_knows_fewer_figures_is_read_with_what_it_knows(report):
    record = report({"a": 0.5}).record()
    del record["figures"]["map@100"]
    assert report_of_record(record).figures["map@100"].value is None
