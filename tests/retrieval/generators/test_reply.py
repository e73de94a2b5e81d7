import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.generators.reply import Reply
from retrieval.prompt import NOT_ANSWERED


def told_and_said(*pieces, most_chars=1000):
    told = []
    reply = Reply(told.append, most_chars=most_chars)
    for piece in pieces:
        reply.add(piece)
    return told, reply.end()


def test_pieces_are_told_as_they_come():
    assert told_and_said("Roses are", " watered", " daily. [1]") == (
        ["Roses are", " watered", " daily. [1]"],
        "Roses are watered daily. [1]",
    )


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=[]), max_size=4), max_size=30))
def test_what_is_told_is_what_is_said_and_can_be_kept(pieces):
    told, said = told_and_said(*pieces)
    assert "".join(told) == said == said.strip()
    said.encode()
    assert "\0" not in said


@pytest.mark.parametrize("at", range(len(NOT_ANSWERED) + 1))
def test_that_there_is_no_answer_is_told_nobody(at):
    assert told_and_said(NOT_ANSWERED[:at], NOT_ANSWERED[at:], ".") == ([], "")


def test_words_that_only_begin_like_no_answer_are_told():
    told, said = told_and_said("NOT", " all", " roses. IS IT NO")
    assert said == "NOT all roses. IS IT NO"
    assert "".join(told) == said


def test_halves_of_a_character_are_joined_and_a_lone_half_is_left_out():
    assert told_and_said("a \ud83d", "\ude00 b \ud83d")[1] == "a \U0001f600 b"
    assert told_and_said("a \ud83d", "b")[1] == "a b"


def test_a_thought_before_the_answer_is_left_out():
    told, said = told_and_said("<th", "ink>roses", " or oaks?</thi", "nk>\n\nRoses.", " [1]")
    assert (told, said) == (["Roses.", " [1]"], "Roses. [1]")
    assert told_and_said("<think>without end") == ([], "")


def test_characters_that_nobody_sees_are_left_out():
    assert told_and_said("a\x00\x1b[31m b\n\tc\x7f\u202e")[1] == "a[31m b\n\tc"


def test_more_than_can_be_wanted_is_cut():
    told = []
    reply = Reply(told.append, most_chars=10)
    reply.add("123456")
    assert not reply.full
    reply.add("7890abcdef")
    assert reply.full
    assert reply.end() == "1234567890"
