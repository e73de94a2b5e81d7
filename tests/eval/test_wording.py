"""Word figures by hand, and against the reference library."""

import random

import pytest
from rouge_score import rouge_scorer
from sacrebleu import sentence_bleu

from eval.wording import bleu, exact_match, rouge_l, spoken, token_f1


def test_marks_are_not_spoken():
    assert spoken("Roses are red [1][2]. Oaks, too [13].") == "Roses are red. Oaks, too."
    # Not marks: a year in brackets with a word, an index.
    assert spoken("See [a] and x[i]") == "See [a] and x[i]"


def test_an_exact_match_overlooks_case_punctuation_articles_and_space():
    assert exact_match("The  U.S. office, an “hour” away!", "us office hour away") == 1.0
    assert exact_match("Straße", "STRASSE") == 1.0
    assert exact_match("6 hours", "8 hours") == 0.0


def test_token_f1_by_hand():
    # "the" is dropped: 2 of 2 and 2 of 4 words are common, F1 = 2 * 2 / (2 + 4)
    assert token_f1("the six hours", "six hours per period") == pytest.approx(4 / 6)
    # A word counts as often as both have it: min(2, 1) = 1; F1 = 2 * 1 / (2 + 1)
    assert token_f1("yes yes", "yes") == pytest.approx(2 / 3)


def test_an_empty_answer_matches_only_an_empty_reference():
    assert (token_f1("", "six"), token_f1("the", "a"), exact_match("", "!")) == (0.0, 1.0, 1.0)
    assert (rouge_l("", "six"), rouge_l("six", ""), bleu("", "six hours")) == (0.0, 0.0, 0.0)


def test_chinese_is_compared_by_characters():
    # 6 and 4 characters, 4 in common and in order.
    assert token_f1("每周工作五天", "工作五天") == pytest.approx(8 / 10)
    assert rouge_l("每周工作五天", "工作五天") == pytest.approx(8 / 10)
    assert bleu("每周工作五天", "每周工作五天") == pytest.approx(1.0)
    assert 0.0 < bleu("每周工作五天", "每周工作四天") < 1.0


def test_rouge_l_counts_words_in_order():
    # Longest common subsequence "six hours": 2 * 2 / (4 + 3); the same words the other way round have one in order.
    assert rouge_l("six whole working hours", "six short hours") == pytest.approx(4 / 7)
    assert rouge_l("hours six", "six hours") == pytest.approx(0.5)


def test_rouge_l_equals_the_reference_library_on_random_texts():
    rng = random.Random(2)
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    words = ["leave", "Hours", "six", "8", "per-pay", "period,", "the", "(expires)", "year's", "after"]
    for _ in range(500):
        answer, reference = (" ".join(rng.choices(words, k=rng.randint(1, 40))) for _ in range(2))
        expected = scorer.score(reference, answer)["rougeL"].fmeasure
        assert rouge_l(answer, reference) == pytest.approx(expected, abs=1e-9)


def test_bleu_is_that_of_sacrebleu_as_a_share():
    answer, reference = "award leave expires one year after issue", "Award leave expires one year after it is issued."
    assert bleu(answer, reference) == pytest.approx(
        sentence_bleu(answer, [reference], use_effective_order=True).score / 100
    )
    assert 0.2 < bleu(answer, reference) < 0.8


def test_a_short_answer_can_be_all_right():
    # Two words have no 3-grams; without effective order this would not be 1.
    assert bleu("six hours", "six hours") == pytest.approx(1.0)
