from datetime import UTC, datetime, timedelta, timezone

import pytest

from retrieval.errors import InvalidInputError
from retrieval.labels import AnyOf, Labels, Within, conditions_of
from retrieval.metadata import checked_filters, checked_metadata
from retrieval.types import Filters

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_metadata_of_every_allowed_shape_is_kept():
    given = {"a.B-9_": "", "k" * 64: "v" * 256, "words": "Ärger & “quotes” = 漢字"}
    assert checked_metadata(given) == given


def test_filters_are_made_alike():
    moment = datetime(2026, 6, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    given = Filters(("s", "s"), ("Image/*", "image/*"), moment, datetime(2026, 6, 2), (("k", "v"), ("k", "v")))
    assert checked_filters(given) == Filters(
        ("s",), ("image/*",), NOON, datetime(2026, 6, 2, tzinfo=UTC), (("k", "v"),)
    )


@pytest.mark.parametrize(
    "filters",
    [
        Filters(sources=("",)),
        Filters(sources=("a b",)),
        Filters(sources=tuple(f"s{n}" for n in range(101))),
        Filters(media_types=("pdf",)),
        Filters(media_types=("*/*",)),
        Filters(media_types=("image/**",)),
        Filters(metadata=(("a b", "v"),)),
        Filters(metadata=(("k", "v\x00"),)),
        Filters(metadata=(("k", "v" * 257),)),
        Filters(metadata=tuple((f"k{n}", "v") for n in range(33))),
        Filters(updated_from=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
    ],
)
def test_filters_that_can_be_no_documents_are_refused(filters):
    with pytest.raises(InvalidInputError):
        checked_filters(filters)


def test_a_document_is_labelled_with_the_family_of_its_type_too():
    labels = Labels("s1", "image/png", NOON + timedelta(milliseconds=999), {"b": "2", "a": "1=1"})
    assert labels.payload == {
        "updated": int(NOON.timestamp()),
        "labels": ["meta:a=1=1", "meta:b=2", "source:s1", "type:image/*", "type:image/png"],
    }


def test_moments_are_widened_to_whole_seconds():
    filters = Filters(updated_from=NOON + timedelta(milliseconds=1), updated_until=NOON + timedelta(milliseconds=1))
    second = int(NOON.timestamp())
    assert conditions_of(filters) == (Within("updated", second, second + 1),)


def test_each_pair_of_metadata_is_a_condition_of_its_own():
    filters = Filters(metadata=(("a", "1"), ("b", "2")))
    assert conditions_of(filters) == (AnyOf("labels", ("meta:a=1",)), AnyOf("labels", ("meta:b=2",)))
