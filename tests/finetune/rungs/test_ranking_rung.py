from dataclasses import replace

import numpy as np
import pytest

from finetune.lab import judged, open_lab
from finetune.rungs.held_out import FOLDS, trials
from finetune.rungs.memory import FeedbackMemory
from finetune.rungs.query_adapter import QueryAdapter
from finetune.rungs.ranking import LogisticRanking, _Likelihood
from finetune.types import Parts
from retrieval.errors import ModelError
from retrieval.ranking import FEATURES, Ranking
from retrieval.retrieve import Retriever

GROUP = frozenset({"g:staff"})


def fit(examples, lab, before=None):
    return LogisticRanking().fit(examples, lab, before=before or Parts(), seed=1)


@pytest.fixture
def misleading(world, example):
    """Questions that name the wrong chunk and mean another: words mislead, vectors do not."""
    known = []
    for number in range(40):
        question = f"chunk{(number + 1) % 40}"
        world.embedder.vectors[question] = world.vectors[number]
        known.append(example(question, number))
    return known


def test_where_words_mislead_they_lose_and_right_chunks_rise(misleading, lab):
    made = fit(misleading, lab)
    added = dict(zip(FEATURES, made.ranking.weights, strict=True))
    assert added["sparse"] < 0 < added["dense"]
    asked = judged(misleading)
    before, after = (lab.ndcg(asked, lab.learned(parts)).mean() for parts in (Parts(), made))
    assert after > before + 0.1
    assert made.ranking.reranker == lab.base.reranker.name


def test_what_the_reranker_at_hand_does_not_say_weighs_nothing(misleading, lab):
    added = dict(zip(FEATURES, fit(misleading, lab).ranking.weights, strict=True))
    assert [added[name] for name in ("sentence", "coverage", "pairs")] == [0.0, 0.0, 0.0]


def test_the_same_examples_make_the_same_numbers(misleading, lab):
    assert fit(misleading, lab).ranking == fit(misleading, lab).ranking is not None


def test_the_fewer_questions_the_closer_the_weights_are_held(misleading, lab):
    many, few = (np.linalg.norm(fit(some, lab).ranking.weights) for some in (misleading, misleading[:25]))
    assert few < many


def test_what_gains_nothing_leaves_the_order_as_it_was(world, example, lab):
    chance = np.random.default_rng(3)
    known = []
    for number in range(30):
        question = f"asked {number}"
        world.embedder.vectors[question] = world.vectors[number]
        known.append(example(question, int(chance.integers(60))))  # labels that nothing at hand explains
    assert fit(known, lab).ranking is None


def test_without_labels_there_is_none_and_what_was_made_before_stays(lab):
    stale = Ranking("none", (0.0,) * 5, (1.0,) * 5, (1.0,) * 5)
    before = Parts(reach=0.5, ranking=stale)
    made = fit([], lab, before)
    assert (made.ranking, made.reach) == (None, 0.5)


class Failing:
    """A reranker behind an endpoint that does not answer."""

    name = "failing"

    def rerank(self, *_, **__):
        raise ModelError("it cannot be reached")


def test_of_questions_at_which_the_reranker_failed_nothing_is_learned(misleading, lab):
    assert fit(misleading, lab).ranking is not None
    assert fit(misleading, replace(lab, base=replace(lab.base, reranker=Failing()))).ranking is None


def test_what_only_some_may_read_does_not_weigh(misleading, lab):
    assert fit([replace(one, open=False) for one in misleading], lab).ranking is None


def test_candidates_are_those_of_somebody_who_is_in_no_group(misleading, world, tmp_path):
    made = []
    for shut in (False, True):
        if shut:  # copies that groups alone may read would stand before every right chunk
            for number in range(40):
                world.publish(number, text=f"chunk{(number + 1) % 40} " * 3, uri=f"file:///s{number}", acl=GROUP)
        with open_lab(world.catalog, world.embedder, make(world), folder=tmp_path / f"lab{shut}") as lab:
            made.append(fit(misleading, lab).ranking)
    assert made[0] == made[1] is not None


def make(world):
    return lambda index, embedder: Retriever(world.catalog, index, embedder)


def test_no_trial_asks_what_its_memory_or_its_map_knows(examples, lab):
    known = examples(range(10), times=2)
    before = FeedbackMemory().fit(known, lab, before=Parts(), seed=1)
    before = QueryAdapter().fit(known, lab, before=before, seed=1)
    held_out = list(trials(known, lab, before, most=1000, seed=1))
    assert len(held_out) == FOLDS
    assert sorted(one.question for trial in held_out for one in trial.asked) == sorted(one.question for one in known)
    for trial in held_out:
        asked = {one.question for one in trial.asked}
        left = [one for one in known if one.question not in asked]
        assert {row.example for row in trial.parts.memory} == {one.id for one in left}
        again = QueryAdapter().fit(left, lab, before=trial.parts, seed=1)
        assert np.array_equal(trial.parts.adapter, again.adapter)


def test_the_slope_of_the_loss_is_its_slope():
    chance = np.random.default_rng(5)
    columns, right = chance.normal(size=(9, 3)), np.array([1, 0, 0, 0.5, 0.25, 0, 0, 0, 0.3])
    loss = _Likelihood(columns, right, np.array([0, 3, 7]), 2.0)
    at, step = np.array([0.4, -0.3, 0.2]), 1e-6
    slopes = [(loss(at + step * way)[0] - loss(at - step * way)[0]) / (2 * step) for way in np.eye(3)]
    assert loss(at)[1] == pytest.approx(slopes, abs=1e-6)
