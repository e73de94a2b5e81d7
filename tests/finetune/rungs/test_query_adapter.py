import numpy as np

from finetune.lab import judged
from finetune.rungs.query_adapter import QueryAdapter, _told_from
from finetune.types import Parts
from retrieval.learned import NOTHING


def fit(examples, lab, seed=1):
    return QueryAdapter().fit(examples, lab, before=Parts(), seed=seed)


def test_the_map_finds_what_answers_questions_it_never_saw(examples, lab):
    asked = judged(examples(times=2))
    learned = lab.learned(fit(examples(), lab))
    gains = lab.ndcg(asked, learned, mode="dense") - lab.ndcg(asked, NOTHING, mode="dense")
    assert gains.mean() > 2 * gains.std() / np.sqrt(len(gains))


def test_the_same_examples_and_seed_make_the_same_map(examples, lab):
    known = examples(times=2)
    first, again, other = (fit(known, lab, seed).adapter for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_fewer_questions_the_closer_the_map_stays_to_none(examples, lab):
    few, many = (np.square(fit(examples(times=times), lab).adapter).sum() for times in (1, 20))
    assert few < many / 2


def test_only_what_everybody_may_read_is_learned_from(examples, lab):
    closed = [one.anchor for one in examples(range(30), times=1)]
    for place, anchor in enumerate(lab.anchors):
        lab.open[place] = anchor not in closed
    open_ones, closed_ones = examples(range(30, 60)), examples(range(30))
    learned = fit([*open_ones, *closed_ones], lab)
    np.testing.assert_array_equal(learned.adapter, fit(open_ones, lab).adapter)
    assert fit(closed_ones, lab).adapter is None


def test_other_answers_to_a_question_are_not_pushed_away(world, example, lab):
    question = world.asked(0)[0]
    # Told from each other, two answers of one question could not both gain; each alone is told from all the rest.
    known = [example(question, number) for number in (0, 1)]
    vector = lab.encode([question])[0]
    before = [lab.vectors[lab.places[one.anchor]] @ vector for one in known]
    learned = lab.learned(fit(known * 50, lab))
    after = [lab.vectors[lab.places[one.anchor]] @ learned.searched(vector) for one in known]
    assert all(now > then for now, then in zip(after, before, strict=True))


def test_labels_of_what_is_gone_or_wrong_teach_nothing(world, example, lab):
    assert fit([], lab).adapter is None
    assert fit([example(world.asked(0)[0], 0, label=-1)], lab).adapter is None


def test_of_more_chunks_than_fit_the_answers_and_their_neighbours_stay(monkeypatch, examples, lab):
    monkeypatch.setattr("finetune.rungs.query_adapter.MOST_CHUNKS", 20)
    monkeypatch.setattr("finetune.rungs.query_adapter._HARD", 3)
    asked = judged(examples(times=2))
    learned = lab.learned(fit(examples(), lab))
    gains = lab.ndcg(asked, learned, mode="dense") - lab.ndcg(asked, NOTHING, mode="dense")
    assert gains.mean() > gains.std() / np.sqrt(len(gains))


def test_chunks_that_questions_are_told_from_are_bounded(monkeypatch):
    monkeypatch.setattr("finetune.rungs.query_adapter.MOST_CHUNKS", 8)
    monkeypatch.setattr("finetune.rungs.query_adapter._HARD", 2)
    vectors = np.eye(12, dtype=np.float32)
    there = np.arange(1, 12)
    chosen = _told_from(there, np.array([5]), vectors[[9]] + 0.5 * vectors[[0]], vectors, seed=1)
    assert len(chosen) == 8
    assert {5, 9} <= set(chosen.tolist())
    assert 0 not in chosen
