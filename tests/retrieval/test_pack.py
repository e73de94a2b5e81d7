import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.pack import pack, unpack, unpack_each


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_unit_vectors_come_back_nearly_the_same(seed, rows):
    vectors = np.random.default_rng(seed).standard_normal((rows, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    packed = pack(vectors)
    assert len(packed) == rows * 384
    assert (unpack(packed, 384) * vectors).sum(axis=1).min() > 0.999


def test_a_vector_of_zeros_stays_zero_and_none_are_none():
    assert not unpack(pack(np.zeros((2, 8), dtype=np.float32)), 8).any()
    assert unpack(pack(np.zeros((0, 8), dtype=np.float32)), 8).shape == (0, 8)


def test_many_are_unpacked_as_each_alone():
    vectors = np.random.default_rng(1).standard_normal((3, 8)).astype(np.float32)
    packed = {"two": pack(vectors[:2]), "none": b"", "one": pack(vectors[2:])}
    found = unpack_each(packed, 8)
    assert list(found) == list(packed)
    for key, row in packed.items():
        assert np.array_equal(found[key], unpack(row, 8))
    assert unpack_each({}, 8) == {}
