import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.sentences import is_heading, sentence_spans


def split(text):
    return [text[a:b] for a, b in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One ends. Two starts! Three? Four", ["One ends.", "Two starts!", "Three?", "Four"]),
        ("Ask Dr. Smith at 3 p.m. today. Then go.", ["Ask Dr. Smith at 3 p.m. today.", "Then go."]),
        ("Version 2.5 costs 3.50 EUR. Buy it.", ["Version 2.5 costs 3.50 EUR.", "Buy it."]),
        ("J. F. Kennedy spoke. He left.", ["J. F. Kennedy spoke.", "He left."]),
        ("This is plan b. It works.", ["This is plan b.", "It works."]),
        ("- first item\n- second item", ["- first item", "- second item"]),
        ("| a | b. C |\n| --- | --- |", ["| a | b. C |", "| --- | --- |"]),
        ("1. Pull the cable. Then wait.", ["1. Pull the cable.", "Then wait."]),
        ("Il est là. Ça va.", ["Il est là.", "Ça va."]),
        ("これは文です。次の文です。", ["これは文です。", "次の文です。"]),
        ("  \n \n ", []),
    ],
)
def test_text_is_split_where_a_reader_would_split_it(text, sentences):
    assert split(text) == sentences


@given(st.text(max_size=300))
def test_spans_are_in_order_and_lose_nothing_but_white_space(text):
    spans = sentence_spans(text)
    assert all(a < b for a, b in spans)
    assert all(b <= c for (_, b), (c, _) in itertools.pairwise(spans))
    kept = "".join(text[a:b] for a, b in spans)
    assert "".join(kept.split()) == "".join(text.split())


def test_a_heading_stands_alone_before_a_blank_line_without_a_mark():
    text = "Annual leave\n\nYou get 27 days.\n- an item\n\nThe end of it."
    assert is_heading(text, 0, 12)
    assert not is_heading(text, 14, 30)
    assert not is_heading(text, 31, 40)
