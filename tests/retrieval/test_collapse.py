from dataclasses import replace

import pytest

from retrieval.collapse import collapse

LEAVE = "Staff get thirty days of paid leave a year."


@pytest.fixture
def of_one_document(passage):
    """Make a passage of one document; places are counted in chunks of 100 characters."""

    def make(text, ordinal, *, section=()):
        made = passage(text, ordinal)
        chunk = replace(
            made.chunk,
            document_id="d",
            revision_id="r",
            ordinal=ordinal,
            start=100 * ordinal,
            end=100 * (ordinal + 1),
            section=section,
        )
        return replace(made, chunk=chunk, title="T")

    return make


def told(passages):
    return [(p.chunk.id, p.also) for p in passages]


def test_what_says_the_same_is_folded_into_the_better_one(passage):
    copy = replace(passage("  staff get *thirty days*\nof paid leave a year", 2), title="T1")
    assert told(collapse([passage(LEAVE, 1), copy, passage("Other words", 3)], limit=10)) == [
        ("c1", ("c2",)),
        ("c3", ()),
    ]


def test_a_part_is_folded_into_the_whole_but_a_whole_not_into_its_part(of_one_document):
    whole, part = of_one_document(f"{LEAVE} More on request.", 1), of_one_document(LEAVE, 5)
    assert told(collapse([whole, part], limit=10)) == [("c1", ("c5",))]
    assert told(collapse([part, whole], limit=10)) == [("c5", ()), ("c1", ())]


@pytest.mark.parametrize(
    "other",
    [
        "Staff get thirteen days of paid leave a year.",
        "Staff get no thirty days of paid leave a year.",
        "Contractors get thirty days of paid leave a year.",
        "Staff get 30 days of paid leave a year.",
    ],
)
def test_versions_that_differ_in_a_word_are_different_things(of_one_document, other):
    assert len(collapse([of_one_document(LEAVE, 1), of_one_document(other, 9)], limit=10, by="sections")) == 2


def test_a_word_does_not_hold_the_word_it_begins_with(of_one_document):
    longer, shorter = of_one_document("Rules about the travel insurance", 1), of_one_document("about the travel in", 5)
    assert len(collapse([longer, shorter], limit=10)) == 2


def test_documents_of_different_or_unknown_titles_are_different_sources(passage):
    untitled = [replace(passage(LEAVE, number), title="") for number in (1, 2)]
    assert len(collapse(untitled, limit=10)) == 2
    assert len(collapse([passage(LEAVE, 1), passage(LEAVE, 2)], limit=10)) == 2


def test_short_texts_are_folded_only_when_equal(of_one_document):
    assert len(collapse([of_one_document("Days of leave", 1), of_one_document("leave", 5)], limit=10)) == 2
    assert len(collapse([of_one_document("Leave", 1), of_one_document("leave.", 5)], limit=10)) == 1


def test_neighbours_of_a_section_are_folded_where_sections_are_asked_for(of_one_document):
    found = [of_one_document(f"Text {n}", n, section=("Leave",)) for n in (4, 3, 2, 7)]
    # 3 touches 4, and 2 touches 3, which was folded; 7 stands alone.
    assert told(collapse(found, limit=10, by="sections")) == [("c4", ("c3", "c2")), ("c7", ())]
    assert len(collapse(found, limit=10)) == 4


def test_neighbours_of_another_section_or_document_stay(of_one_document, passage):
    found = [of_one_document("One", 1, section=("Leave",)), of_one_document("Two", 2, section=("Travel",))]
    assert len(collapse([*found, passage("Three", 3)], limit=10, by="sections")) == 3


def test_as_many_different_things_come_back_as_were_asked_for(of_one_document):
    found = [of_one_document(text, n) for n, text in enumerate([LEAVE, LEAVE, "Second", "Third"])]
    assert told(collapse(found, limit=2)) == [("c0", ("c1",)), ("c2", ())]


def test_no_more_is_read_than_is_shown(of_one_document):
    read = []

    def reading():
        for number in range(10):
            read.append(number)
            yield of_one_document(f"Text number {number} of ten", number)

    collapse(reading(), limit=3)
    assert read == [0, 1, 2]


def test_nothing_is_folded_unless_it_is_asked_for(of_one_document):
    found = [of_one_document(LEAVE, 1), of_one_document(LEAVE, 2)]
    assert collapse(found, limit=10, by="none") == found


def test_nothing_comes_of_nothing():
    assert collapse([], limit=10) == []
