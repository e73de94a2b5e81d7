from dataclasses import replace

import numpy as np
import pytest

from eval.drift import LEAST_QUESTIONS, PERMUTATIONS, Window, detect, mmd_test, psi, psi_of_kinds
from retrieval.errors import InvalidInputError

DETECTORS = ("questions", "top_score", "score_gap", "abstention", "length", "language")


def drawn(n, *, seed, shift=0.0, dim=8):
    """Questions of one subject; ``shift`` moves what they are about."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 1, (n, dim)) + np.eye(dim)[0] * (2 + shift)
    return Window(
        embeddings=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        top_scores=rng.normal(0.6, 0.1, n),
        gaps=rng.exponential(0.05, n),
        abstained=rng.random(n) < 0.1,
        lengths=rng.integers(4, 20, n),
        languages=tuple(rng.choice(["en", "de"], n, p=[0.9, 0.1]).tolist()),
    )


def by_name(detections):
    return {found.name: found for found in detections}


def mmd_by_hand(x, y, width):
    """The unbiased estimate as Gretton et al. (2012) write it, pair by pair."""

    def kernel(a, b):
        return np.exp(-sum((a - b) ** 2) / width)

    n, m = len(x), len(y)
    inside = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    outside = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return inside + outside - 2 * sum(kernel(a, b) for a in x for b in y) / (n * m)


# MMD


def test_mmd_is_the_estimate_of_the_paper():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 3)), rng.normal(1, 1, size=(5, 3))
    both = np.concatenate([x, y])
    distances = [((both[i] - both[j]) ** 2).sum() for i in range(12) for j in range(i + 1, 12)]
    expected = mmd_by_hand(x, y, np.median(distances))
    assert mmd_test(x, y, seed=1).statistic == pytest.approx(expected)


def test_vectors_from_elsewhere_are_found_and_those_from_here_are_not():
    rng = np.random.default_rng(0)
    here = rng.normal(size=(200, 4))
    assert mmd_test(here, rng.normal(0.8, 1, size=(50, 4)), seed=1).p_value == 1 / (1 + PERMUTATIONS)
    assert mmd_test(here, rng.normal(size=(50, 4)), seed=1).p_value > 0.05


def test_the_p_value_of_the_mmd_is_uniform_when_nothing_changed():
    rng = np.random.default_rng(1)
    values = [
        mmd_test(rng.normal(size=(40, 3)), rng.normal(size=(30, 3)), seed=seed, permutations=199).p_value
        for seed in range(200)
    ]
    # 10 +- 3 of 200 below .05, 100 +- 7 below .5
    assert 1 <= sum(value < 0.05 for value in values) <= 20
    assert 75 <= sum(value < 0.5 for value in values) <= 125


def test_equal_vectors_have_no_distance_and_no_drift():
    found = mmd_test(np.ones((40, 3)), np.ones((30, 3)), seed=1)
    assert found.statistic == pytest.approx(0)
    assert found.p_value == 1


def test_a_large_reference_is_sampled_and_still_tells():
    rng = np.random.default_rng(0)
    found = mmd_test(rng.normal(size=(2500, 2)), rng.normal(1, 1, size=(40, 2)), seed=1, permutations=199)
    assert found.p_value == 1 / 200


# population stability index


def test_psi_by_hand():
    # Bins at the median of 1..4: (<= 2.5, above). Reference 2 and 2, window 1 and 3; half a question more in each:
    # .5 and .5 against 1.5/5 = .3 and 3.5/5 = .7: (.3 - .5) ln(.3/.5) + (.7 - .5) ln(.7/.5)
    found = psi(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 3.0, 4.0, 5.0]), seed=1, bins=2)
    assert found.statistic == pytest.approx(-0.2 * np.log(0.3 / 0.5) + 0.2 * np.log(0.7 / 0.5))


def test_psi_of_kinds_by_hand():
    # en 3 of 4 against 1 of 4: 3.5/5 and 1.5/5 against 1.5/5 and 3.5/5
    found = psi_of_kinds(["en", "en", "en", "de"], ["en", "de", "de", "de"], seed=1)
    assert found.statistic == pytest.approx(2 * 0.4 * np.log(0.7 / 0.3))


def test_a_kind_that_was_never_seen_before_counts():
    new = psi_of_kinds(["en"] * 200, ["en"] * 80 + ["fi"] * 20, seed=1)
    assert new.p_value == 1 / (1 + PERMUTATIONS)
    assert np.isfinite(new.statistic)


def test_a_permutation_test_knows_that_the_index_is_noisy_in_small_windows():
    rng = np.random.default_rng(0)
    indexes = [psi(rng.random(500), rng.random(60), seed=seed, permutations=199) for seed in range(100)]
    # The usual limit says drift above .1; of equal ones nearly every second is.
    assert sum(found.statistic > 0.1 for found in indexes) > 20
    assert sum(found.p_value < 0.05 for found in indexes) <= 12


def test_numbers_that_are_not_known_count_for_nothing():
    values, window = np.arange(50.0), np.arange(10.0, 45.0)
    holes = [np.append(part, [np.nan] * 20) for part in (values, window)]
    assert psi(holes[0], holes[1], seed=1) == psi(values, window, seed=1)


def test_a_constant_does_not_drift():
    found = psi(np.ones(50), np.ones(40), seed=1)
    assert (found.statistic, found.p_value) == (0, 1)


def test_the_order_of_questions_and_the_scale_of_numbers_make_no_difference():
    rng = np.random.default_rng(0)
    reference, window = rng.random(100), rng.random(40) ** 2
    first = psi(reference, window, seed=1)
    assert psi(reference[::-1], window[::-1], seed=1).statistic == pytest.approx(first.statistic)
    assert psi(reference * 1000, window * 1000, seed=1).statistic == pytest.approx(first.statistic)


# all detectors


def test_nothing_drifts_where_nothing_changed():
    found = detect(drawn(400, seed=1), drawn(112, seed=9), seed=1)
    assert tuple(detection.name for detection in found) == DETECTORS
    assert {detection.verdict for detection in found} == {"no drift found"}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("questions", {"embeddings": drawn(112, seed=9, shift=-3).embeddings}),
        ("top_score", {"top_scores": np.random.default_rng(3).normal(0.5, 0.1, 112)}),
        ("score_gap", {"gaps": np.random.default_rng(3).exponential(0.01, 112)}),
        ("abstention", {"abstained": np.arange(112) % 2 == 0}),
        ("length", {"lengths": np.random.default_rng(3).integers(15, 40, 112)}),
        ("language", {"languages": ("en", "fr") * 56}),
    ],
)
def test_each_detector_finds_its_own_drift_and_only_that(name, change):
    found = by_name(detect(drawn(400, seed=1), replace(drawn(112, seed=9), **change), seed=1))
    assert [key for key, detection in found.items() if detection.drifted] == [name]
    assert found[name].p_adjusted == pytest.approx(6 * found[name].p_value)


def test_all_detectors_together_seldom_raise_a_false_alarm():
    raised = 0
    for seed in range(60):
        found = detect(drawn(200, seed=2 * seed), drawn(60, seed=2 * seed + 1), seed=seed)
        raised += any(detection.drifted for detection in found)
    # At most 5 %: 3 of 60, with a standard deviation of 1.7
    assert raised <= 8


def test_a_small_window_is_not_enough_data_and_says_how_much_is_missing():
    found = detect(drawn(400, seed=1), drawn(LEAST_QUESTIONS - 7, seed=2), seed=1)
    assert {(d.verdict, d.p_value, d.statistic, d.more_questions) for d in found} == {
        ("not enough data", None, None, 7)
    }


def test_an_empty_window_is_not_enough_data():
    empty = drawn(0, seed=2)
    assert len(empty) == 0
    assert {d.more_questions for d in detect(drawn(400, seed=1), empty, seed=1)} == {LEAST_QUESTIONS}


def test_scores_that_are_missing_silence_their_detector_only():
    holes = np.full(112, np.nan)
    holes[:10] = 0.5
    found = by_name(detect(drawn(400, seed=1), replace(drawn(112, seed=9), gaps=holes), seed=1))
    assert (found["score_gap"].verdict, found["score_gap"].more_questions) == ("not enough data", 20)
    assert found["top_score"].verdict == "no drift found"


def test_the_same_seed_gives_the_same_detections():
    reference, window = drawn(200, seed=1), drawn(60, seed=2)
    assert detect(reference, window, seed=1) == detect(reference, window, seed=1)


def test_questions_of_another_embedding_model_are_refused():
    with pytest.raises(InvalidInputError, match="different models"):
        detect(drawn(100, seed=1, dim=8), drawn(60, seed=2, dim=9), seed=1)
