"""What both engines share: point ids, words as vectors, and when an engine is asked at all."""

import pytest

from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.index import Hit, ranked, short_name
from retrieval.index_entry import point_id
from retrieval.index_plan import plan_search
from retrieval.labels import AnyOf
from retrieval.types import Filters, Principal

ANN = Principal("u:ann", frozenset({"g:b", "g:a"}))


def test_a_point_id_is_the_same_for_ever():
    # uuid5 of the namespace in index.py; another value would orphan every stored point.
    assert point_id("chunk", "embedder") == "99bb7f74-6a32-5585-827a-d4a4224cc0da"
    assert point_id("chunk", "embedder") != point_id("chunk", "other")


def test_any_fingerprint_gives_a_safe_name():
    assert short_name("../../etc é\n").isalnum()
    assert len(short_name("x")) == 16


def test_bm25_weighs_repetition_and_length():
    # tf * (k + 1) / (tf + k * (1 - b + b * length / avg_len)), k = 1.2, b = .75, avg_len = 2, three words long:
    # length part 1.2 * (.25 + .75 * 1.5) = 1.65; apple: 2 * 2.2 / 3.65 = 1.2055; pear: 2.2 / 2.65 = .8302
    encoder = Bm25Encoder(Bm25Settings(k=1.2, avg_len=2))
    indices, weights = encoder.document("apple pear apples")
    by_word = dict(zip(indices, weights, strict=True))
    (apple,), _ = encoder.query("apple")
    (pear,), _ = encoder.query("pears")
    assert by_word == {apple: pytest.approx(1.2055, abs=1e-4), pear: pytest.approx(0.8302, abs=1e-4)}


def test_stop_words_are_those_of_the_language():
    assert Bm25Encoder(Bm25Settings(language="german")).query("und der die") is None
    assert Bm25Encoder(Bm25Settings(language="english")).query("und der die") is not None


def test_document_frequencies_are_counted_over_what_may_be_read_and_filters_narrow_hits_only():
    filters = Filters(media_types=("image/*",))
    named = frozenset({"y", "x"})
    plan = plan_search([1.0], None, principal=ANN, collections=named, filters=filters, limit=1)
    assert plan.corpus == (AnyOf("acl", ("u:ann", "g:a", "g:b")), AnyOf("collection", ("x", "y")))
    assert plan.narrowed == (AnyOf("labels", ("type:image/*",)),)


def test_there_is_no_plan_where_nothing_can_be_found():
    nobody = Principal("", frozenset())
    assert plan_search([1.0], None, principal=nobody, collections=None, filters=None, limit=1) is None
    assert plan_search([1.0], None, principal=ANN, collections=frozenset(), filters=None, limit=1) is None
    assert plan_search(None, None, principal=ANN, collections=None, filters=None, limit=1) is None


def test_hits_are_ranked_by_score_then_by_id():
    assert ranked([Hit("b", 0.5), Hit("c", 0.9), Hit("a", 0.5)]) == (Hit("c", 0.9), Hit("a", 0.5), Hit("b", 0.5))
