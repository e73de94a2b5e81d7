import random

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.cite import best_sentence, citation_of, cite
from retrieval.prompt import Draft, Quote
from retrieval.types import Box, Chunk, Passage, Place

TEXTS = (
    "Roses are red. Violets are blue. Sugar is sweet.",
    "Oaks grow slowly.\n\n- acorns in October\n- leaves in May",
)


def passage(number):
    text = TEXTS[number]
    start = 100 * (number + 1)
    places = (Place(start, start + 15, page=1, box=Box(1, 2, 3, 4)), Place(start + 15, start + len(text), page=2))
    chunk = Chunk(
        id=f"c{number}",
        document_id=f"d{number}",
        revision_id=f"r{number}",
        ordinal=0,
        start=start,
        end=start + len(text),
        text=text,
        context="Title",
        section=("Plants",),
        token_count=9,
        places=places,
    )
    return Passage(chunk=chunk, collection="default", title=f"T{number}", uri=f"upload:{number}", score=1.0)


PASSAGES = (passage(0), passage(1))


def draft(text, quotes=None):
    return Draft(text=text, quotes=quotes, confidence=None, generator="test")


def test_numbers_are_given_anew_in_order_of_first_use():
    text, citations = cite(draft("Oaks are slow [2]. Sugar is sweet [1]. Acorns come in October [2]."), PASSAGES)
    assert text == "Oaks are slow [1]. Sugar is sweet [2]. Acorns come in October [3]."
    assert [c.document_id for c in citations] == ["d1", "d0", "d1"]
    assert [c.quote for c in citations] == ["Oaks grow slowly.", "Sugar is sweet.", "- acorns in October"]


def test_a_number_that_names_no_passage_is_dropped():
    assert cite(draft("Nothing [7] here [0]."), PASSAGES) == ("Nothing here.", ())


def test_several_numbers_in_one_mark_each_get_their_own():
    text, citations = cite(draft("Sugar is sweet and oaks grow slowly [1, 2, 9]."), PASSAGES)
    assert text == "Sugar is sweet and oaks grow slowly [1][2]."
    assert len(citations) == 2


def test_a_given_quote_is_taken_as_it_is():
    _, citations = cite(draft("Violets. [1]", quotes=(Quote(0, 115, 132),)), PASSAGES)
    assert citations[0].quote == "Violets are blue."
    assert (citations[0].start, citations[0].end) == (115, 132)


def test_page_and_box_are_those_of_the_quote_and_not_of_the_chunk():
    _, citations = cite(draft("x [1] y [2]", quotes=(Quote(0, 100, 114), Quote(0, 115, 132))), PASSAGES)
    assert [(c.page, c.box) for c in citations] == [(1, Box(1, 2, 3, 4)), (2, None)]


def test_the_best_sentence_shares_most_words_for_its_length():
    a, b = best_sentence("what colour are violets", TEXTS[0])
    assert TEXTS[0][a:b] == "Violets are blue."


def test_a_whole_passage_can_be_cited():
    citation = citation_of(3, PASSAGES[1])
    assert (citation.number, citation.quote) == (3, TEXTS[1])


WORDS = st.sampled_from([
    "roses",
    "sugar",
    " ",
    ".",
    "\n",
    "[1]",
    "[2]",
    "[3]",
    "[",
    "]",
    "[12,1]",
    "[[1]]",
    "𝄞",
    "[1",
    "99]",
])


@settings(max_examples=400)
@given(st.lists(WORDS, max_size=30))
def test_whatever_a_model_says_every_citation_is_verbatim_and_was_retrieved(words):
    text, citations = cite(draft("".join(words)), PASSAGES)
    by_id = {p.chunk.id: p.chunk for p in PASSAGES}
    for citation in citations:
        chunk = by_id[citation.chunk_id]
        assert chunk.text[citation.start - chunk.start : citation.end - chunk.start] == citation.quote
        assert citation.quote
        assert f"[{citation.number}]" in text
    assert [c.number for c in citations] == list(range(1, len(citations) + 1))


def test_the_order_of_random_marks_never_breaks_the_numbering():
    random.seed(3)
    for _ in range(200):
        marks = "".join(f"word [{random.randint(0, 4)}]. " for _ in range(random.randint(1, 9)))
        _, citations = cite(draft(marks), PASSAGES)
        assert len({c.number for c in citations}) == len(citations)
