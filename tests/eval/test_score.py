"""Answers -> figures, derived by hand."""

import pytest

from eval.golden import Question
from eval.score import Outcome, answer_figures, mean_scores, outcome_counts, score_answer, score_ranking


def outcome(**changes):
    question = {"id": "q", "text": "?", "evidence": "27 days.", "relevant": {"leave.md": 1.0}} | changes.pop("q", {})
    fields = {
        "quotes": ("Ask HR.", "You have 27 days."),
        "cited": ("hr.md", "leave.md"),
        "found": ("hr.md", "leave.md"),
        "confidence": 0.8,
        "abstained": False,
        "total_ms": 10.0,
    }
    return Outcome(question=Question(**question), **(fields | changes))


UNANSWERABLE = {"answerable": False, "relevant": {}, "evidence": None}


def test_evidence_counts_within_the_first_quotes():
    scores = score_answer(outcome())
    assert (scores["evidence_hit@1"], scores["evidence_hit@3"]) == (0.0, 1.0)


def test_evidence_is_compared_without_case_width_and_space():
    # A ligature, full-width digits, a no-break space and a line break: NFKC, lower case, white space folded.
    scores = score_answer(
        outcome(q={"evidence": "The o\ufb03ce  has 27 Days"}, quotes=("the OFFICE\nhas \uff12\uff17\u00a0days",))
    )
    assert scores["evidence_hit@1"] == 1.0


def test_evidence_must_stand_in_one_quote():
    scores = score_answer(outcome(q={"evidence": "27 days a year"}, quotes=("27 days", "a year")))
    assert scores["evidence_hit@3"] == 0.0


def test_only_the_first_five_documents_count_as_found():
    found = ("a", "b", "c", "d", "leave.md")
    assert score_answer(outcome(found=found))["page_hit@5"] == 1.0
    assert score_answer(outcome(found=("x", *found)))["page_hit@5"] == 0.0


def test_evidence_counts_even_where_the_reader_would_have_got_no_answer():
    scores = score_answer(outcome(abstained=True, confidence=0.2))
    assert scores["evidence_hit@3"] == 1.0
    # Nothing was shown, so no citation can be right or wrong; and refusing what can be answered is an error.
    assert (scores["citations_shown"], scores["abstention_accuracy"]) == (0.0, 0.0)


def test_refusing_an_unanswerable_question_is_right():
    assert score_answer(outcome(q=UNANSWERABLE, abstained=True))["abstention_accuracy"] == 1.0
    assert score_answer(outcome(q=UNANSWERABLE, abstained=False))["abstention_accuracy"] == 0.0


def test_all_figures_by_hand():
    figures, notes = answer_figures([
        outcome(total_ms=10.0, confidence=0.9),
        outcome(quotes=("27 days.",), cited=("leave.md",), total_ms=20.0, confidence=0.6),
        outcome(q=UNANSWERABLE, confidence=0.6, total_ms=30.0),
        outcome(q=UNANSWERABLE, confidence=0.1, abstained=True, total_ms=40.0),
    ])
    assert figures["evidence_hit@1"] == 0.5  # the second of two
    assert figures["evidence_hit@3"] == 1.0
    assert figures["page_hit@5"] == 1.0
    assert figures["citation_precision"] == pytest.approx(2 / 3)  # hr.md of hr.md, leave.md, leave.md is wrong
    # Pairs: .9 > .6, .9 > .1, .6 = .6 counts half, .6 > .1
    assert figures["abstention_auroc"] == pytest.approx(3.5 / 4)
    assert figures["abstention_accuracy"] == 0.75  # the third should have been refused
    assert (figures["p50_ms"], figures["p95_ms"]) == (pytest.approx(25.0), pytest.approx(38.5))
    assert notes == ()


def test_what_cannot_be_measured_is_null_and_says_why():
    figures, notes = answer_figures([outcome(q={"evidence": None, "relevant": {}})])
    nulls = {name for name, value in figures.items() if value is None}
    assert nulls == {
        "evidence_hit@1",
        "evidence_hit@3",
        "page_hit@5",
        "citation_precision",
        "abstention_auroc",
        "abstention_accuracy",
    }
    assert notes == (
        'evidence_hit@1 and @3 are not measured: no answerable question has an "evidence" sentence',
        "page_hit@5 is not measured: no answerable question names a relevant document that exists",
        "citation_precision is not measured: no answerable question names a relevant document that exists",
        "abstention_auroc and abstention_accuracy are not measured: there is no unanswerable question",
    )


def test_only_unanswerable_questions_leave_only_the_times():
    figures, notes = answer_figures([outcome(q=UNANSWERABLE, abstained=True)])
    assert [name for name, value in figures.items() if value is not None] == ["p50_ms", "p95_ms"]
    assert "there is no answerable question" in notes[-1]


def test_no_answer_at_all_leaves_citation_precision_open():
    figures, notes = answer_figures([outcome(abstained=True)])
    assert figures["citation_precision"] is None
    assert "citation_precision is not measured: no question with a relevant document was answered" in notes


def test_counts_say_what_the_figures_stand_on():
    outcomes = [outcome(), outcome(q=UNANSWERABLE, abstained=True), outcome(q=UNANSWERABLE)]
    assert outcome_counts(outcomes) == {"questions": 3, "answerable": 1, "unanswerable": 2, "abstained": 1}


def test_a_ranking_is_scored_at_the_depths_of_the_report():
    ranking = [f"d{i}" for i in range(1, 121)]
    question = Question("q", "?", relevant={"d2": 1.0, "d50": 1.0, "d110": 1.0})
    scores = score_ranking(ranking, question)
    # One of three in the first ten at rank 2, two of three in the first hundred.
    assert scores["recall@10"] == pytest.approx(1 / 3)
    assert scores["recall@100"] == pytest.approx(2 / 3)
    assert scores["mrr@10"] == 0.5
    # (1/log2 3) / (1/log2 2 + 1/log2 3 + 1/log2 4) = .63093 / 2.13093
    assert scores["ndcg@10"] == pytest.approx(0.29608, abs=1e-5)


def test_figures_are_means_over_questions():
    assert mean_scores({"a": {"mrr@10": 1.0}, "b": {"mrr@10": 0.25}}) == {"mrr@10": 0.625}
