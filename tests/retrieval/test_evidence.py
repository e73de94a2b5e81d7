from dataclasses import replace

import numpy as np
import pytest

from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.evidence import EvidenceFinder
from retrieval.prompt import Prompt

TERMS = Bm25Encoder(Bm25Settings()).terms


class Alike:
    """Finds everything as like as everything else, so that words alone decide."""

    dim = 2

    def embed_query(self, _text):
        return np.array([1.0, 0.0], dtype=np.float32)


@pytest.fixture
def find():
    finder = EvidenceFinder(Alike(), TERMS, lambda _ids: {})

    def run(question, *passages, before=""):
        return finder.find(Prompt(question, passages, search_context=before))

    return run


def best(evidence, passages):
    top = max(evidence.sentences, key=lambda sentence: sentence.score)
    return passages[top.passage].chunk.text[top.start : top.end]


def test_a_number_is_preferred_where_one_is_asked_for(find, passage):
    found = passage("Leave for moving is given to anyone who asks. Leave for moving is five days for anyone.")
    assert best(find("How much leave is there for moving?", found), [found]).endswith("five days for anyone.")
    assert best(find("Who is given leave for moving?", found), [found]).endswith("to anyone who asks.")


def test_an_abbreviation_answers_a_question_that_spells_it_out(find, passage):
    found = passage(
        "A Privacy Threshold Analysis (PTA) comes first. The kitchen is cleaned every Friday. Renew the PTA every May."
    )
    evidence = find("When is a privacy threshold analysis renewed?", found)
    assert best(evidence, [found]) == "Renew the PTA every May."


def test_a_follow_up_weighs_its_own_words_above_those_before(find, passage):
    found = passage("Parental leave lasts twelve weeks for parents. Unused leave expires after a while.")
    evidence = find("Does it expire unused?", found, before="How long is parental leave?")
    assert best(evidence, [found]) == "Unused leave expires after a while."


def test_a_follow_up_is_about_what_was_said_before(find, passage):
    found = passage("Award leave must be used within a year. Parental leave must be used within a year.")
    assert best(find("When must it be used?", found, before="What is parental leave?"), [found]).startswith("Parental")
    assert best(find("When must it be used?", found, before="What is award leave?"), [found]).startswith("Award")


def test_a_document_found_more_often_is_preferred(find, passage):
    alone, once, again = (passage("Roses want water in the morning.", n, score=0.9) for n in range(3))
    again = replace(again, chunk=replace(again.chunk, document_id=once.chunk.document_id))
    first, second, third = (s.score for s in find("When do roses want water?", alone, once, again).sentences)
    assert first < second == third


@pytest.mark.parametrize("score", [-8.0, 0.5, 12.0])
def test_scores_of_any_scale_leave_the_sentences_to_decide(find, passage, score):
    found = [passage("The oven is cleaned on Fridays. Roses want water.", score=score)]
    assert best(find("Do roses want water?", *found), found) == "Roses want water."


def test_what_was_read_of_a_chunk_is_not_mixed_up_with_another(find, passage):
    one, other = passage("Roses want water every day.", 1), passage("Bread wants an oven every day.", 2)
    find("roses", one)
    evidence = find("bread", other)
    assert other.chunk.text[evidence.sentences[0].start : evidence.sentences[0].end] == other.chunk.text


def test_confidence_rises_with_each_sign(find, passage):
    base = passage("Roses want water every morning.", dense=0.4)
    sure = find("When do roses want water?", base).confidence
    assert find("When do roses want water?", replace(base, dense=0.8)).confidence > sure
    assert find("When do tulips want water?", base).confidence < sure


def test_nothing_to_read_gives_no_confidence(find, passage):
    assert find("anything").confidence == 0.0
    assert find("anything", passage("Heading only")).confidence == 0.0
