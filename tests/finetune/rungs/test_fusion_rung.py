from dataclasses import replace

import numpy as np
import pytest

from finetune.lab import open_lab
from finetune.rungs.fusion import DENSE, FusionWeights
from finetune.rungs.memory import FeedbackMemory
from finetune.types import Parts
from retrieval.learned import Weights
from retrieval.retrieve import Retriever

GROUP = frozenset({"g:staff"})


def fit(examples, lab, before=None):
    return FusionWeights().fit(examples, lab, before=before or Parts(), seed=1)


def test_weights_that_change_nothing_are_left_as_they_were(examples, lab):
    # No question shares a word with a chunk, so the dense list stands alone whatever it weighs.
    assert fit(examples(times=1), lab).weights == Weights()


def test_without_labels_that_can_be_tried_nothing_is_chosen(lab):
    before = Parts(weights=Weights(dense=0.6, similar=0.1))
    assert fit([], lab, before).weights == before.weights


@pytest.fixture
def misleading(world, example):
    """Questions that name the wrong chunk and mean another: words mislead, vectors do not."""
    known = []
    for number in range(40):
        question = f"chunk{(number + 1) % 40}"
        world.embedder.vectors[question] = world.vectors[number]
        known.append(example(question, number))
    return known


def test_where_words_mislead_vectors_weigh_more(misleading, lab):
    assert lab.base.dense_weight < max(DENSE)
    assert fit(misleading, lab).weights.dense == max(DENSE)


def test_where_vectors_mislead_words_weigh_more(world, example, lab):
    known = []
    for number in range(40):
        question = f"chunk{number}"
        world.embedder.vectors[question] = world.vectors[(number + 1) % 40]
        known.append(example(question, number))
    assert fit(known, lab).weights.dense == min(DENSE)


def test_memory_is_not_weighed_by_questions_it_knows(world, example, lab):
    # Every question is unlike every other, and its chunk is not found without memory: known, memory would look
    # perfect and weigh as much as it may; held out, it has nothing to say.
    known = []
    for number in range(30):
        question = f"asked {number}"
        vector = np.zeros(16, dtype=np.float32)
        vector[number % 16] = 1.0 if number < 16 else -1.0
        world.embedder.vectors[question] = vector
        known.append(example(question, number))
    memory = FeedbackMemory(similar=0.0).fit(known, lab, before=Parts(), seed=1)
    assert fit(known, lab, replace(memory, weights=Weights(similar=0.0))).weights.similar == 0.0


def test_what_only_some_may_read_does_not_weigh(misleading, lab):
    shut = [replace(one, open=False) for one in misleading]
    assert fit(shut, lab).weights == Weights()


def test_what_is_weighed_is_found_as_by_somebody_who_is_in_no_group(misleading, world, tmp_path):
    chosen = []
    for shut in (False, True):
        if shut:  # copies that groups alone may read would stand before every right chunk
            for number in range(40):
                world.publish(number, text=f"chunk{(number + 1) % 40} " * 3, uri=f"file:///s{number}", acl=GROUP)
        opening = open_lab(world.catalog, world.embedder, make(world), folder=tmp_path / f"lab{shut}")
        with opening as lab:
            chosen.append(fit(misleading, lab).weights)
            assert len(lab.chunk_ids) == 60 + 40 * shut
    assert chosen[0] == chosen[1]


def make(world):
    return lambda index, embedder: Retriever(world.catalog, index, embedder)
