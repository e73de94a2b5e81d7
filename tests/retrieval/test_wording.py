import math

import pytest

from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.wording import WordingReader

RARE, COMMON = math.log1p(2.5 / 0.5), math.log1p(1.5 / 1.5)
"""The rarity of a term that no chunk of two holds, and of one that one holds: log(1 + (2 - n + .5) / (n + .5))."""


@pytest.fixture
def reader():
    return WordingReader(Bm25Encoder(Bm25Settings()).terms)


def agreement(reader, question, *passages):
    found = reader.agreement(question, [passage.chunk for passage in passages])
    return list(found.coverage), list(found.pairs)


def test_the_best_sentence_counts_not_the_chunk(reader, passage):
    # "travel" and "leave" stand in both chunks, together in one sentence only in the first.
    together = passage("Nothing here. Travel during leave is paid.", 1)
    apart = passage("Travel is paid. Leave is long.", 2)
    coverage, _ = agreement(reader, "travel leave", together, apart)
    assert coverage == pytest.approx([1.0, 0.5])


def test_title_and_headings_count_with_every_sentence(reader, passage):
    coverage, _ = agreement(reader, "travel leave", passage("One. Leave is long.", 1, context="Travel > Rules"))
    assert coverage == pytest.approx([1.0])


def test_rare_terms_weigh_more(reader, passage):
    coverage, _ = agreement(reader, "travel leave", passage("Leave is long.", 1), passage("Something else.", 2))
    assert coverage == pytest.approx([COMMON / (RARE + COMMON), 0.0])


def test_neighbours_are_found_in_either_order_with_one_term_between(reader, passage):
    texts = ("annual leave", "leave that is annual", "annual paid leave", "annual and long paid leave", "annual")
    _, pairs = agreement(reader, "annual leave?", *(passage(text, n) for n, text in enumerate(texts)))
    assert pairs == [1.0, 1.0, 1.0, 0.0, 0.0]


def test_terms_of_two_chunks_are_no_neighbours(reader, passage):
    _, pairs = agreement(reader, "annual leave", passage("days of annual", 1), passage("leave and more", 2))
    assert pairs == [0.0, 0.0]


def test_words_are_compared_by_their_stems(reader, passage):
    assert agreement(reader, "travelling expenses", passage("The expense of travels.", 1)) == ([1.0], [1.0])


def test_a_question_that_repeats_one_word_has_no_pairs(reader, passage):
    coverage, pairs = agreement(reader, "leave, leave", passage("Leave.", 1))
    assert (coverage, pairs) == (pytest.approx([1.0]), [0.0])


@pytest.mark.parametrize("question", ["what is the of", "?!.", "   "])
def test_a_question_without_terms_agrees_with_nothing(reader, passage, question):
    assert agreement(reader, question, passage("Leave.", 1)) == ([0.0], [0.0])


def test_chunks_without_text_or_terms_agree_with_nothing(reader, passage):
    found = agreement(reader, "leave days", passage("", 1), passage("the of", 2), passage("...\n\n", 3))
    assert found == ([0.0] * 3, [0.0] * 3)


def test_no_chunks_get_no_shares(reader):
    assert agreement(reader, "leave") == ([], [])


def test_what_is_read_again_agrees_as_before(reader, passage):
    passages = [passage("Annual leave.", 1), passage("Travel.", 2)]
    assert agreement(reader, "annual leave", *passages) == agreement(reader, "annual leave", *passages)
