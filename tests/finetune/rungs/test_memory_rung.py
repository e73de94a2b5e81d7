import numpy as np

from finetune.lab import judged
from finetune.rungs.memory import FeedbackMemory
from finetune.types import Parts
from retrieval.learned import NOTHING, Weights


def fit(examples, lab):
    before = Parts(adapter=np.zeros((2, 2), dtype=np.float32), weights=Weights(dense=0.7))
    return FeedbackMemory().fit(examples, lab, before=before, seed=1)


def test_every_example_is_remembered_with_what_it_says(world, example, lab):
    good, bad = world.asked(0, times=2)
    known = [example(good, 0, weight=0.5), example(bad, 1, label=-1, weight=0.7)]
    parts = fit(known, lab)
    assert [(row.example, row.anchor, row.weight) for row in parts.memory] == [
        (known[0].id, known[0].anchor, 0.5),
        (known[1].id, known[1].anchor, -0.7),
    ]
    np.testing.assert_array_equal(parts.questions, lab.encode([good, bad]))


def test_the_other_parts_stay_as_they_are(examples, lab):
    parts = fit(examples(times=1), lab)
    assert (parts.adapter.shape, parts.weights.dense) == ((2, 2), 0.7)


def test_one_label_is_enough_to_find_the_chunk_for_the_same_question(world, example, lab):
    question = max(world.asked(3, times=30), key=lambda q: -float(lab.vectors[0] @ lab.encode([q])[0]))
    known = [example(question, 3)]
    parts = FeedbackMemory().fit(known, lab, before=Parts(), seed=1)
    learned = lab.learned(parts)
    assert lab.ndcg(judged(known), learned) >= lab.ndcg(judged(known), NOTHING)
    assert lab.rank([question], learned)[0][0] == lab.located[known[0].anchor].chunk_id


def test_questions_like_those_of_the_past_find_what_answered_them(examples, lab):
    asked = judged(examples(times=2))
    learned = lab.learned(FeedbackMemory().fit(examples(), lab, before=Parts(), seed=1))
    gains = lab.ndcg(asked, learned) - lab.ndcg(asked, NOTHING)
    assert gains.mean() > 2 * gains.std() / np.sqrt(len(gains))
