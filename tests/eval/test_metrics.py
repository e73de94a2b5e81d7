"""Figures derived by hand, and against formulas written another way."""

import itertools
import math
import random
import statistics

import pytest
import pytrec_eval

from eval.metrics import (
    auroc,
    average_precision_at_k,
    mrr_at_k,
    ndcg_at_k,
    percentile,
    precision_at_k,
    recall_at_k,
)

RANKING_FIGURES = (ndcg_at_k, recall_at_k, precision_at_k, average_precision_at_k, mrr_at_k)


def test_ndcg_by_hand():
    # DCG = 1/log2(2) + 1/log2(4) = 1.5; ideal = 1/log2(2) + 1/log2(3) = 1.6309
    assert ndcg_at_k(["a", "x", "b"], {"a", "b"}, k=3) == pytest.approx(0.9197, abs=1e-4)


def test_ndcg_counts_higher_grades_more():
    # b (grade 2) at rank 1 and a (grade 1) at rank 3: 2/1 + 1/2 = 2.5; ideal 2/1 + 1/log2(3) = 2.6309
    assert ndcg_at_k(["b", "x", "a"], {"a": 1, "b": 2}, k=10) == pytest.approx(2.5 / 2.63093, abs=1e-5)
    # The other way round: 1/1 + 2/2 = 2
    assert ndcg_at_k(["a", "x", "b"], {"a": 1, "b": 2}, k=10) == pytest.approx(2.0 / 2.63093, abs=1e-5)


def test_ndcg_is_one_when_k_is_full_of_relevant_documents():
    # Three are relevant, two fit: the ideal too has only two.
    assert ndcg_at_k(["c", "a", "x"], {"a", "b", "c"}, k=2) == 1.0


def test_what_stands_behind_k_does_not_count():
    ranking, relevant = ["x", "y", "a"], {"a"}
    assert ndcg_at_k(ranking, relevant, k=2) == 0.0
    assert recall_at_k(ranking, relevant, k=2) == 0.0
    assert precision_at_k(ranking, relevant, k=2) == 0.0
    assert average_precision_at_k(ranking, relevant, k=2) == 0.0
    assert mrr_at_k(ranking, relevant, k=2) == 0.0


def test_precision_is_of_k_ranks_even_when_fewer_are_filled():
    # Two hits; k is 5 though the ranking has 3 entries.
    assert precision_at_k(["a", "x", "b"], {"a", "b"}, k=5) == pytest.approx(2 / 5)


def test_average_precision_by_hand():
    # Hits at ranks 1 and 3: (1/1 + 2/3) / 3 relevant documents, the third never found.
    assert average_precision_at_k(["a", "x", "b", "y"], {"a", "b", "c"}, k=4) == pytest.approx(5 / 9)
    # At 2 only the first hit counts; still all three divide.
    assert average_precision_at_k(["a", "x", "b"], {"a", "b", "c"}, k=2) == pytest.approx(1 / 3)


def test_recall_is_of_all_relevant_documents():
    # Two of three are in the first four.
    assert recall_at_k(["x", "a", "y", "b", "c"], {"a", "b", "c"}, k=4) == pytest.approx(2 / 3)


def test_reciprocal_rank_is_of_the_first_relevant_document():
    assert mrr_at_k(["x", "y", "b", "a"], {"a", "b"}, k=10) == pytest.approx(1 / 3)


def test_a_grade_of_zero_or_less_is_not_relevant():
    relevant = {"a": 0, "b": 1, "c": -1}
    assert mrr_at_k(["a", "c", "b"], relevant, k=10) == pytest.approx(1 / 3)
    assert recall_at_k(["a", "c"], relevant, k=10) == 0.0


def test_an_empty_ranking_scores_zero():
    assert [figure([], {"a"}, k=10) for figure in RANKING_FIGURES] == [0.0] * 5


@pytest.mark.parametrize("figure", RANKING_FIGURES)
def test_what_is_not_defined_is_refused(figure):
    with pytest.raises(ValueError, match="nothing is relevant"):
        figure(["a"], {"a": 0}, k=10)
    with pytest.raises(ValueError, match="twice"):
        figure(["a", "b", "a"], {"a"}, k=10)
    with pytest.raises(ValueError, match="at least 1"):
        figure(["a"], {"a"}, k=0)


def test_figures_equal_their_formulas_on_random_rankings():
    rng = random.Random(7)
    for _ in range(300):
        documents = [f"d{i}" for i in range(rng.randint(1, 8))]
        grades = {d: rng.randint(0, 3) for d in documents}
        grades[rng.choice(documents)] = rng.randint(1, 3)
        ranking = [*rng.sample(documents, rng.randint(0, len(documents))), "unjudged"]
        k = rng.randint(1, 6)
        relevant = {d for d, grade in grades.items() if grade}
        first = ranking[:k]

        def dcg(order, k=k, grades=grades):
            return sum(grades.get(d, 0) * math.log(2) / math.log(2 + i) for i, d in enumerate(order[:k]))

        # The ideal by trying every order rather than by sorting grades.
        ideal = max(dcg(order) for order in itertools.permutations(documents, min(k, len(documents))))
        assert ndcg_at_k(ranking, grades, k=k) == pytest.approx(dcg(ranking) / ideal, abs=1e-9)
        assert recall_at_k(ranking, grades, k=k) == pytest.approx(len(relevant & set(first)) / len(relevant))
        ranks = [first.index(d) + 1 for d in relevant if d in first]
        assert mrr_at_k(ranking, grades, k=k) == pytest.approx(1 / min(ranks) if ranks else 0.0)


def _random_judged_ranking(rng):
    documents = [f"d{i}" for i in range(rng.randint(1, 60))]
    grades = {document: rng.choice([0, 0, 0, 1, 2, 3]) for document in documents}
    grades[rng.choice(documents)] = rng.randint(1, 3)
    # Some are judged and not found, some found and not judged, some judged as not relevant.
    found = rng.sample(documents, rng.randint(1, len(documents))) + [f"u{i}" for i in range(rng.randint(0, 9))]
    rng.shuffle(found)
    return found, grades


def test_figures_equal_trec_eval_on_a_thousand_random_rankings():
    rng = random.Random(11)
    cutoffs = (1, 3, 5, 10, 30)
    cases = {f"q{i}": _random_judged_ranking(rng) for i in range(1000)}
    qrels = {query: grades for query, (_, grades) in cases.items()}

    def run(depth=None):
        # trec_eval orders by score, not by the order given: distinct scores that fall.
        return {q: {d: 1000.0 - i for i, d in enumerate(found[:depth])} for q, (found, _) in cases.items()}

    listed = ",".join(map(str, cutoffs))
    named = {
        "ndcg_cut": ndcg_at_k,
        "recall": recall_at_k,
        "P": precision_at_k,
        "map_cut": average_precision_at_k,
    }
    reference = pytrec_eval.RelevanceEvaluator(qrels, {f"{name}.{listed}" for name in named}).evaluate(run())
    for k in cutoffs:
        # recip_rank has no cutoff: the run is cut instead.
        ranks = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(run(k))
        for query, (found, grades) in cases.items():
            for name, figure in named.items():
                assert figure(found, grades, k=k) == pytest.approx(reference[query][f"{name}_{k}"], abs=1e-6)
            assert mrr_at_k(found, grades, k=k) == pytest.approx(ranks[query]["recip_rank"], abs=1e-6)


def test_auroc_by_hand():
    # Pairs (positive, negative): .9>.5, .9>.4, .5=.5 counts half, .5>.4, .1<.5, .1<.4: 3.5 of 6
    assert auroc([0.9, 0.5, 0.1], [0.5, 0.4]) == pytest.approx(3.5 / 6)


def test_auroc_equals_counting_all_pairs():
    rng = random.Random(3)
    for _ in range(200):
        positive = [rng.randint(0, 6) / 6 for _ in range(rng.randint(1, 12))]
        negative = [rng.randint(0, 6) / 6 for _ in range(rng.randint(1, 12))]
        pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
        assert auroc(positive, negative) == pytest.approx(statistics.mean(pairs))


def test_auroc_needs_both_kinds():
    with pytest.raises(ValueError, match="both"):
        auroc([0.5], [])


def test_percentiles_by_hand():
    # Four values have three gaps; half of three is 1.5: between 20 and 30. .95 * 3 = 2.85: 30 + .85 * 70
    assert percentile([100, 10, 30, 20], 50) == pytest.approx(25)
    assert percentile([100, 10, 30, 20], 95) == pytest.approx(89.5)
    assert (percentile([7], 95), percentile([1, 2], 0), percentile([1, 2], 100)) == (7, 1, 2)


@pytest.mark.parametrize(("values", "q"), [([], 50), ([1.0], -1), ([1.0], 101)])
def test_a_percentile_of_nothing_is_refused(values, q):
    with pytest.raises(ValueError, match="not defined"):
        percentile(values, q)
