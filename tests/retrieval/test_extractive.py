import itertools

import numpy as np
import pytest

from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.cite import cite
from retrieval.deadline import Deadline
from retrieval.generators.extractive import ExtractiveGenerator
from retrieval.prompt import Prompt
from retrieval.sentences import sentence_spans

TERMS = Bm25Encoder(Bm25Settings()).terms
VOCABULARY = ["rose", "water", "morning", "oak", "bread", "oven", "leave", "days"]


def vector(text):
    """A bag of eight words: enough of an embedding to have an angle."""
    counts = np.array([text.lower().count(word) for word in VOCABULARY], dtype=np.float32) + 0.01
    return counts / np.linalg.norm(counts)


class BagOfWords:
    dim = len(VOCABULARY)

    def embed_query(self, text):
        return vector(text)


@pytest.fixture
def generate():
    def run(question, *passages, vectors=True):
        stored = {
            p.chunk.id: np.array([vector(p.chunk.text[a:b]) for a, b in sentence_spans(p.chunk.text)]) for p in passages
        }
        generator = ExtractiveGenerator(BagOfWords(), TERMS, lambda _ids: stored if vectors else {})
        prompt = Prompt(question, passages)
        draft = generator.generate(prompt, deadline=Deadline(1))
        return draft, *cite(draft, passages)

    return run


def test_the_sentence_that_answers_is_quoted_verbatim_at_its_offsets(generate, passage):
    found = passage("Bread is baked in an oven. Roses want water every morning.", start=40)
    _, text, citations = generate("When do roses want water?", found)
    assert "Roses want water every morning." in text
    for citation in citations:
        local = found.chunk.text[citation.start - 40 : citation.end - 40]
        assert citation.quote == local


@pytest.mark.parametrize("vectors", [True, False])
def test_it_needs_no_sentence_vectors(generate, passage, vectors):
    _, text, citations = generate("Who waters the oaks?", passage("Oaks are watered by nobody."), vectors=vectors)
    assert text == "Oaks are watered by nobody. [1]"
    assert len(citations) == 1


def test_a_quote_does_not_run_over_a_heading(generate, passage):
    found = passage("Roses want water every morning.\n\nBaking bread\n\nBread is baked in an oven.")
    _, text, citations = generate("When do roses want water?", found)
    assert citations[0].quote == "Roses want water every morning."
    assert "Baking bread" not in text


def test_a_heading_lends_its_words_to_what_stands_below(generate, passage):
    found = passage("Bread\n\nIt takes forty minutes at most.\n\nOaks\n\nIt takes eighty long years indeed.")
    _, _, citations = generate("bread", found)
    assert citations[0].quote == "It takes forty minutes at most."


def test_a_table_row_reads_as_words(generate, passage):
    table = "| Leave | Days |\n| --- | --- |\n| Annual leave | 27 days |\n| Moving leave | 1 days |"
    _, text, _ = generate("How many days of annual leave?", passage(table))
    assert "Annual leave, 27 days" in text
    assert "|" not in text
    assert "---" not in text


def test_without_passages_there_is_no_answer_and_no_confidence(generate):
    draft, text, citations = generate("anything")
    assert (draft.confidence, text, citations) == (0.0, "", ())


def test_a_passage_about_something_else_gives_less_confidence(generate, passage):
    right, *_ = generate("When do roses want water?", passage("Roses want water every morning.", dense=0.8))
    wrong, *_ = generate("When do roses want water?", passage("The oven is cleaned on Fridays.", dense=0.1))
    assert right.confidence > 0.5 > wrong.confidence


def test_the_same_sentence_is_quoted_once(generate, passage):
    text = "Roses want water every morning. Roses want water every evening. Roses want water at noon."
    _, _, citations = generate("When do roses want water?", passage(text))
    spans = sorted((c.start, c.end) for c in citations)
    assert all(b <= c for (_, b), (c, _) in itertools.pairwise(spans))


def test_a_list_is_quoted_with_its_lead_in(generate, passage):
    text = "Roses want, every morning:\n\n- one can of water\n- one spoon of ash\n- nothing else at all"
    _, _, citations = generate("What do roses want in the morning?", passage(text))
    assert citations[0].quote == text


def test_a_quote_is_no_longer_than_600_characters_unless_one_sentence_is(generate, passage):
    long = "Roses want water, " * 40 + "every morning."
    _, _, citations = generate("When do roses want water?", passage(f"{long} Bread is baked. {long}"))
    assert citations[0].quote == long
    short = "Roses want water every single morning of the year. "
    _, _, citations = generate("When do roses want water?", passage((short * 40).strip()))
    assert all(500 < len(citation.quote) <= 600 for citation in citations)


def test_a_further_quote_comes_from_the_document_of_the_first(generate, passage):
    here = passage(
        "Roses want water every morning. " + "Bread is baked in an oven. " * 30 + "Roses want water at noon."
    )
    there = passage("Roses want water in the evening.", 1, score=0.9)
    _, _, citations = generate("When do roses want water?", here, there)
    assert {citation.document_id for citation in citations} == {"d0"}
    assert len(citations) > 1


def test_a_short_section_beside_the_answer_is_quoted_when_it_answers_too(generate, passage):
    found = passage("Summer\n\nRoses want water every morning.\n\nWinter\n\nRoses want water once a week.")
    _, _, citations = generate("When do roses want water?", found)
    assert citations[0].quote == "Roses want water every morning.\n\nWinter\n\nRoses want water once a week."


def test_a_footnote_of_the_document_is_not_taken_for_a_citation(generate, passage):
    _, text, citations = generate("When do roses want water?", passage("Roses want water every morning [1][3]."))
    assert text == "Roses want water every morning. [1]"
    assert [citation.quote for citation in citations] == ["Roses want water every morning [1][3]."]
