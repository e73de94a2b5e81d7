"""Answers -> figures, derived by hand."""

import pytest

from eval.golden import GoldenPassage, Question
from eval.prices import Price
from eval.score import Outcome, Ranking, score_answer, score_ranking
from retrieval.support import check_sentences
from retrieval.types import Answer, Citation


def citation(number, quote, document="d"):
    return Citation(
        number, document, "r", f"c{number}", "T", f"upload:{document}", (), None, None, 0, len(quote), quote
    )


def outcome(**changes):
    question = {"id": "q", "text": "?", "evidence": "27 days.", "relevant": {"leave.md": 1.0}} | changes.pop("q", {})
    quotes = changes.pop("quotes", ("Ask HR.", "You have 27 days."))
    text = changes.pop("text", " ".join(f"{quote} [{number}]" for number, quote in enumerate(quotes, start=1)))
    confidence = changes.get("confidence", 0.8)
    citations = tuple(citation(number, quote) for number, quote in enumerate(quotes, start=1))
    fields = {
        "answer": Answer(
            text,
            abstained=False,
            confidence=confidence,
            citations=citations,
            sentences=check_sentences(text, citations),
        ),
        "cited": ("hr.md", "leave.md"),
        "found": ("hr.md", "leave.md"),
        "confidence": confidence,
        "abstained": False,
        "timings_ms": {"retrieve": 6.0, "generate": 3.0, "cite": 1.0, "total": 10.0},
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
    assert (scores["citations_shown"], scores["abstention_right"]) == (0.0, 0.0)


def test_refusing_an_unanswerable_question_is_right():
    assert score_answer(outcome(q=UNANSWERABLE, abstained=True))["abstention_right"] == 1.0
    assert score_answer(outcome(q=UNANSWERABLE, abstained=False))["abstention_right"] == 0.0


def test_a_citation_of_a_right_document_counts_once_for_recall():
    scores = score_answer(outcome(q={"relevant": {"leave.md": 1.0, "part-time.md": 1.0}}, cited=("leave.md",) * 2))
    assert (scores["citations_relevant"], scores["citations_shown"], scores["citation_recall"]) == (2.0, 2.0, 0.5)


def test_passages_count_where_the_right_document_holds_the_words():
    passages = (GoldenPassage("leave.md", "27 days"), GoldenPassage("leave.md", "in writing"))
    found = (("hr.md", "Ask in writing."), ("leave.md", "You have 27\nDAYS."))
    assert score_answer(outcome(q={"passages": passages}, passages=found))["passage_recall"] == 0.5


def test_words_are_compared_with_the_reference_and_refusing_scores_nothing():
    said = {"q": {"answer": "27 days"}, "text": "27 days. [1]", "quotes": ("27 days.",)}
    assert score_answer(outcome(**said))["exact_match"] == 1.0
    assert score_answer(outcome(**said, abstained=True))["token_f1"] == 0.0
    assert score_answer(outcome())["token_f1"] is None


def test_sentences_stand_on_what_they_cite():
    text = "You have 27 days. [1] You have 40 days. [1]"
    scores = score_answer(outcome(quotes=("You have 27 days.",), text=text))
    assert (scores["sentences_supported"], scores["sentences_said"]) == (1.0, 2.0)


def test_what_is_right_is_what_stands_on_the_evidence_or_else_on_the_document():
    assert score_answer(outcome())["right"] == 1.0
    assert score_answer(outcome(quotes=("Ask HR.",)))["right"] == 0.0
    assert score_answer(outcome(q={"evidence": None}))["right"] == 1.0
    assert score_answer(outcome(q=UNANSWERABLE))["right"] == 0.0  # whatever is answered
    assert score_answer(outcome(q={"evidence": None, "relevant": {}}))["right"] is None


def test_tokens_are_priced():
    scores = score_answer(outcome(tokens={"prompt": 1000, "completion": 500}), Price(2.0, 4.0, "USD"))
    # 1,000 at 2 a million and 500 at 4 a million
    assert scores["cost"] == pytest.approx(0.004)
    assert score_answer(outcome(tokens={"prompt": 1000, "completion": 500}))["cost"] is None


def test_a_ranking_is_scored_at_the_depths_of_the_report():
    documents = tuple(f"d{i}" for i in range(1, 101))
    question = Question("q", "?", relevant={"d2": 1.0, "d50": 1.0, "d110": 1.0})
    scores = score_ranking(Ranking(question, documents, 12.5))
    # One of three in the first ten at rank 2, two of three in the first hundred.
    assert scores["recall@10"] == pytest.approx(1 / 3)
    assert scores["recall@100"] == pytest.approx(2 / 3)
    assert scores["precision@10"] == pytest.approx(1 / 10)
    assert scores["mrr@10"] == 0.5
    # (1/log2 3) / (1/log2 2 + 1/log2 3 + 1/log2 4) = .63093 / 2.13093
    assert scores["ndcg@10"] == pytest.approx(0.29608, abs=1e-5)
    # (1/2 + 2/50) / 3
    assert scores["map@100"] == pytest.approx(0.18)
    assert scores["ms"] == 12.5


def test_a_ranking_of_a_question_without_relevant_documents_has_no_scores():
    scores = score_ranking(Ranking(Question("q", "?"), ("a", "b"), 1.0))
    assert {name for name, value in scores.items() if value is not None} == {"ms"}
