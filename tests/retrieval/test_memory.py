import numpy as np
import pytest

from retrieval.index import Hit, Hits
from retrieval.memory import LEAST_SIMILAR, RECALLED, Memory, moved

EVERYTHING = set


def at(degrees):
    """A unit vector in the plane; the cosine of two is that of the angle between them."""
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], dtype=np.float32)


def memory(rows, reach=0.5):
    """Rows of (chunk id, angle of the chunk, angle of a question it answered, weight)."""
    ids = list(dict.fromkeys(row[0] for row in rows))
    own = {row[0]: at(row[1]) for row in rows}
    vectors = np.stack([own[chunk_id] for chunk_id in ids])
    sums, weights = np.zeros_like(vectors), np.zeros(len(ids), dtype=np.float32)
    for chunk_id, _, angle, weight in rows:
        if weight > 0:
            sums[ids.index(chunk_id)] += weight * at(angle)
            weights[ids.index(chunk_id)] += weight
    return Memory(
        questions=np.stack([at(row[2]) for row in rows]),
        examples=tuple(f"e{n}" for n in range(len(rows))),
        answered=np.array([ids.index(row[0]) for row in rows]),
        weights=np.array([row[3] for row in rows], dtype=np.float32),
        chunk_ids=tuple(ids),
        document_ids=tuple(f"doc-{chunk_id}" for chunk_id in ids),
        vectors=vectors,
        moved=moved(vectors, sums, weights, reach=reach),
    )


def recall(kept, angle, hits, readable=EVERYTHING):
    return kept.recall(at(angle), at(angle), hits, readable=readable)


def test_a_chunk_is_nearer_to_questions_like_those_it_answered():
    # The chunk stands at 0 degrees, its question at 60: half of the way towards it leads to some 19 degrees.
    known = recall(memory([("a", 0, 60, 1.0)]), 60, Hits(dense=(Hit("a", 0.5),)))["a"]
    assert known.dense == pytest.approx(0.5, abs=1e-6)
    assert known.moved == pytest.approx(np.cos(np.radians(60 - 19.107)) - 0.5, abs=1e-3)


def test_the_same_question_says_all_and_a_distant_one_nothing():
    same = recall(memory([("a", 0, 60, 1.0)]), 60, Hits(dense=(Hit("a", 0.5),)))["a"]
    assert same.similar == pytest.approx(1.0, abs=1e-5)
    assert (same.past_question, same.similarity) == ("e0", pytest.approx(1.0, abs=1e-5))
    distant = recall(memory([("a", 0, 60, 1.0)]), -1, Hits(dense=(Hit("a", 0.9),)))["a"]
    assert np.cos(np.radians(61)) < LEAST_SIMILAR
    assert (distant.similar, distant.past_question, distant.similarity) == (0.0, None, None)


def test_a_chunk_that_was_wrong_for_a_question_sinks_for_it():
    known = recall(memory([("a", 0, 60, -0.5)]), 60, Hits(dense=(Hit("a", 0.5),)))["a"]
    assert known.similar == pytest.approx(-0.5, abs=1e-5)
    assert known.moved == pytest.approx(0.0, abs=1e-6)


def test_memory_brings_in_what_the_index_would_have_found_with_the_moved_vectors():
    hits = Hits(dense=(Hit("x", 0.9), Hit("y", 0.7)))
    # 0.5 alone is below the last hit; moved it is above.
    assert recall(memory([("a", 0, 60, 1.0)]), 60, hits).keys() == {"a"}
    assert recall(memory([("a", 0, 90, 0.2)]), 60, Hits(dense=(Hit("x", 0.95), Hit("y", 0.9)))).keys() == {"a"}
    assert not recall(memory([("a", 0, 170, 0.2)]), 60, Hits(dense=(Hit("x", 0.95), Hit("y", 0.9))))


def test_what_may_not_be_read_is_not_recalled_and_takes_nobodys_place():
    rows = [(f"c{n:03d}", 0, 60, 1.0) for n in range(3 * RECALLED)]
    hidden = {f"doc-c{n:03d}" for n in range(2 * RECALLED)}
    hits = Hits(dense=(Hit("x", 0.6), Hit("y", 0.5)))
    seen = recall(memory(rows), 60, hits, readable=lambda ids: set(ids) - hidden)
    without = recall(memory([row for row in rows if f"doc-{row[0]}" not in hidden]), 60, hits)
    assert seen.keys() == without.keys()
    assert len(seen) == RECALLED


def test_an_empty_memory_asks_nobody():
    def asked(_ids):
        raise AssertionError

    empty = Memory(
        questions=np.zeros((0, 2), dtype=np.float32),
        examples=(),
        answered=np.zeros(0, dtype=np.int64),
        weights=np.zeros(0, dtype=np.float32),
        chunk_ids=(),
        document_ids=(),
        vectors=np.zeros((0, 2), dtype=np.float32),
        moved=np.zeros((0, 2), dtype=np.float32),
    )
    assert recall(empty, 0, Hits(dense=(Hit("x", 0.5),)), readable=asked) == {}


def test_half_a_vote_moves_a_chunk_less_far_and_many_no_farther_than_one():
    vectors, question = at(0)[None], at(90)[None]

    def moved_by(votes):
        return float(moved(vectors, votes * question, np.array([votes], dtype=np.float32), reach=0.5)[0] @ question[0])

    assert 0 < moved_by(0.5) < moved_by(1.0)
    assert moved_by(10.0) == pytest.approx(moved_by(1.0))


def test_not_one_byte_tells_of_what_may_not_be_read():
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(41, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    question = vectors[:40].sum(axis=0) / np.linalg.norm(vectors[:40].sum(axis=0))

    def told(places):
        rows = vectors[places]
        names = [f"c{place}" for place in places]
        kept = Memory(
            questions=rows,
            examples=tuple(f"e{place}" for place in places),
            answered=np.arange(len(places)),
            weights=np.ones(len(places), dtype=np.float32),
            chunk_ids=tuple(names),
            document_ids=tuple(names),
            vectors=rows,
            moved=moved(rows, rows, np.ones(len(places), dtype=np.float32), reach=0.5),
        )
        return kept.recall(question, question, Hits(dense=(Hit("c0", -1.0),)), readable=lambda ids: ids - hidden)

    for shut in range(1, 40):
        hidden = {f"c{place}" for place in range(shut, 40, 3)}
        there = [place for place in range(41) if f"c{place}" not in hidden]
        assert told(list(range(41))) == told(there)
