from dataclasses import astuple
from datetime import UTC, datetime, timedelta

import pytest

from retrieval.index import Hit, Hits
from retrieval.recency import faded, freshness
from retrieval.retrieve import Retriever
from retrieval.rows import PassageRow
from retrieval.types import Chunk, Principal

NOW = datetime(2026, 6, 1, tzinfo=UTC)
READER = Principal(id="u:reader")


@pytest.mark.parametrize(
    ("age_days", "share"),
    # .5 + .5 * .5 ** (age / 30)
    [(-5, 1.0), (0, 1.0), (30, 0.75), (60, 0.625), (36_500, 0.5)],
)
def test_a_document_loses_at_most_half_of_its_score(age_days, share):
    assert freshness(NOW - timedelta(days=age_days), now=NOW, half_life_days=30) == pytest.approx(share)


def test_a_score_below_zero_falls_too():
    assert (faded(0.8, 0.5), faded(-0.2, 0.5), faded(0.3, 1.0)) == pytest.approx((0.4, -0.3, 0.3))


def row(chunk, updated_at=None):
    columns = (*astuple(chunk)[:8], "[]", chunk.token_count, "[]")
    return PassageRow((*columns, "default", "T", "upload:t", updated_at))


AGES = {"old": 365, "young": 1, "older": 3650}


class Catalog:
    def readable_collections(self, **_):
        return None

    def passages_for(self, chunk_ids, **_):
        return {
            key: row(Chunk(key, key, "r", 0, 0, 1, key, "", (), 1), NOW - timedelta(days=AGES[key]))
            for key in chunk_ids
        }


class Index:
    def search(self, *_, **__):
        return Hits(dense=(Hit("old", 0.9), Hit("young", 0.8), Hit("older", 0.4)))


class Embedder:
    def embed_query(self, _text):
        return [1.0]


def found(half_life_days):
    retriever = Retriever(Catalog(), Index(), Embedder(), half_life_days=half_life_days, clock=lambda: NOW)
    return [(p.chunk.id, p.score) for p in retriever.retrieve("q", principal=READER)]


def test_age_does_not_matter_unless_it_is_asked_for():
    assert [key for key, _ in found(None)] == ["old", "young", "older"]


def test_the_younger_of_two_that_fit_alike_comes_first():
    # The mix gives 1, .8 and 0; a year at a half-life of a year leaves .75, a day .999, ten years .5.
    by_age = found(365)
    assert [key for key, _ in by_age] == ["young", "old", "older"]
    assert dict(by_age) == pytest.approx({"young": 0.7992, "old": 0.75, "older": 0.0}, abs=1e-3)
