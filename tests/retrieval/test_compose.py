import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.compose import MAX_ANSWER_CHARS, Composer, without
from retrieval.errors import ModelError
from retrieval.events import Cited, Judged, Token
from retrieval.guard_types import Mask
from retrieval.support import check_sentences


@pytest.fixture
def passages(passage):
    return (
        passage("Roses are watered daily. Oaks are not watered.", 0, start=10),
        passage("Bread is baked at 7 in the morning. Rolls are baked at 9.", 1, start=50),
    )


def compose(passages, text, *, cuts=None, **options):
    events = []
    composer = Composer(passages, events.append, **options)
    for piece in cuts(text) if cuts else [text]:
        composer.feed(piece)
    composer.finish()
    return composer, events


def test_what_is_told_piece_by_piece_is_the_text(passages):
    said = "Roses are watered daily [1]. Bread is baked at 7 [2][9].\n\nRolls come later [2]."
    composer, events = compose(passages, said, cuts=list)
    assert "".join(e.text for e in events if isinstance(e, Token)) == composer.text
    assert composer.text == "Roses are watered daily [1]. Bread is baked at 7 [2].\n\nRolls come later [3]."
    assert [c.quote for c in composer.citations] == [
        "Roses are watered daily.",
        "Bread is baked at 7 in the morning.",
        "Rolls are baked at 9.",
    ]


def test_a_citation_is_told_before_the_words_that_hold_its_number(passages):
    _, events = compose(passages, "Roses are watered daily [1]. Oaks are not [1].", cuts=list)
    said = ""
    known = set()
    for event in events:
        if isinstance(event, Cited):
            known.add(f"[{event.citation.number}]")
        elif isinstance(event, Token):
            said += event.text
            assert all(mark in known for mark in ("[1]", "[2]") if mark in said)
    assert known == {"[1]", "[2]"}


def test_sentences_are_judged_when_their_paragraph_is_whole(passages):
    _, events = compose(passages, "Bread is baked at 8 [2].\n\nRoses are watered daily [1].", cuts=list)
    kinds = [type(e) for e in events]
    verdicts = [e.verdict for e in events if isinstance(e, Judged)]
    assert [v.verdict for v in verdicts] == ["unsupported", "supported"]
    # The first verdict does not wait for the end of the answer.
    assert kinds.index(Judged) < len(kinds) - 1 - kinds[::-1].index(Token)


def test_verdicts_told_on_the_way_are_those_of_the_whole_text(passages):
    composer, _ = compose(
        passages, "# Baking\n\nBread is baked at 7 [2]. Nobody knows.\n\n- Roses daily [1]", cuts=list
    )
    assert tuple(composer.verdicts) == check_sentences(composer.text, composer.citations)


def test_unsupported_sentences_are_left_out_where_that_is_wanted(passages):
    said = "Roses are watered daily [1]. Bread is baked at 8 [2]. It is free.\n\nRolls are baked at 9 [2]."
    composer, events = compose(passages, said, cuts=list, unsupported="remove")
    assert composer.text == "Roses are watered daily [1].\n\nRolls are baked at 9 [2]."
    assert composer.removed == 2
    assert [c.quote for c in composer.citations] == ["Roses are watered daily.", "Rolls are baked at 9."]
    assert "".join(e.text for e in events if isinstance(e, Token)) == composer.text
    assert {v.verdict for v in composer.verdicts} == {"supported"}


def test_a_model_that_declines_says_nothing(passages):
    for said in ("NOT ANSWERED", " NOT ANSWERED\n", "NOT ANSWERED: nothing here says so [1]"):
        composer, events = compose(passages, said, cuts=list)
        assert (composer.text, events) == ("", [])


def test_words_that_only_begin_like_declining_are_told(passages):
    assert compose(passages, "NOT on Sundays [1].", cuts=list)[0].text == "NOT on Sundays [1]."


def test_what_may_not_be_cited_any_more_gets_no_number(passages):
    composer, _ = compose(
        passages, "Roses daily [1]. Bread at 7 [2].", may_cite=lambda passage: passage.chunk.id == "c1"
    )
    assert composer.text == "Roses daily. Bread at 7 [1]."
    assert [c.chunk_id for c in composer.citations] == ["c1"]


def test_more_words_than_any_answer_has_are_an_error_of_the_model(passages):
    composer = Composer(passages, lambda _event: None)
    composer.feed("word " * (MAX_ANSWER_CHARS // 5))
    with pytest.raises(ModelError):
        composer.feed("w")


def test_leaving_out_a_sentence_takes_its_marks_along():
    text = "One is so [1]. Two is not [2][3]. Three is [4]."
    verdict = check_sentences(text, ())[1]
    assert without(text, [verdict]) == "One is so [1]. Three is [4]."


# fmt: off
VOCABULARY = [
    "roses", "bread", "baked", "watered", "daily", "7", "9", "[1]",
    "[2]", "[3]", "[12,1]", "[", "]", ".", "[[1]]", "![x](http://e.x/y)",
    "<b>", "NOT", "ANSWERED", "-", "#", "|", "*", "``",
    "“", "http://evil.example/?q=", "[1", "99]", "不", "。", "𝄞",
    "\n", "\n\n", "\u202e", "\x00",
]
# fmt: on


def random_words(seed):
    chance = random.Random(seed)
    return "".join(chance.choice(VOCABULARY) + chance.choice(["", " "]) for _ in range(chance.randint(0, 60)))


def check_random(passages, seed, unsupported):
    said = random_words(seed)
    chance = random.Random(-seed)

    def cuts(text):
        while text:
            size = chance.randint(1, 7)
            yield text[:size]
            text = text[size:]

    composer, events = compose(passages, said, cuts=cuts, unsupported=unsupported)
    whole, _ = compose(passages, said, unsupported=unsupported)
    assert composer.text == whole.text == "".join(e.text for e in events if isinstance(e, Token))
    by_id = {p.chunk.id: p.chunk for p in passages}
    for citation in composer.citations:
        chunk = by_id[citation.chunk_id]
        assert citation.quote
        assert chunk.text[citation.start - chunk.start : citation.end - chunk.start] == citation.quote
        assert f"[{citation.number}]" in composer.text
    assert [c.number for c in composer.citations] == list(range(1, len(composer.citations) + 1))
    return len(composer.citations)


@pytest.mark.parametrize("unsupported", ["mark", "remove"])
def test_whatever_a_model_says_every_citation_was_retrieved_and_is_verbatim(passages, unsupported):
    assert sum(check_random(passages, seed, unsupported) for seed in range(300)) > 100


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_no_text_breaks_the_composer(text):
    composer = Composer((), lambda _event: None)
    composer.feed(text)
    composer.finish()
    assert composer.citations == ()


class Hiding:
    """A guard that shows nobody a word of more than one digit, or in which an @ stands."""

    def masks(self, text):
        found = re.finditer(r"\S*(?:@|\d\S*\d)\S*", text)
        return [Mask(one.start(), one.end(), "word", "(removed)") for one in found if not one.group().startswith("[")]

    def refusal(self, _rules):
        return None


@pytest.mark.parametrize("unsupported", ["mark", "remove"])
def test_masked_words_are_the_same_however_the_stream_is_cut_and_no_part_of_them_is_told(passages, unsupported):
    text = (
        "Roses are red [1]. Write to a@b.example or 030-1234 today [2].\n\n- Bread at 7 [2]\n- Tel. 030-9999. Bye [1]"
    )
    whole, _ = compose(passages, text, cuts=lambda words: [words], guard=Hiding(), unsupported=unsupported)
    assert "@" not in whole.text
    for size in (1, 2, 3, 7):
        cut, heard = compose(
            passages,
            text,
            cuts=lambda words, size=size: [words[at : at + size] for at in range(0, len(words), size)],
            guard=Hiding(),
            unsupported=unsupported,
        )
        assert cut.text == whole.text
        assert cut.citations == whole.citations
        assert cut.masked == whole.masked
        assert not any("@" in event.text or "030" in event.text for event in heard if isinstance(event, Token))


def test_a_quote_is_shown_without_what_nobody_is_shown(passages):
    first = replace(passages[0], masks=(Mask(0, 5, "word", "(removed)"),))
    composer, _ = compose([first, *passages[1:]], "Watered daily [1].", cuts=list)
    (citation,) = composer.citations
    assert citation.quote.startswith("(removed)")
    assert citation.masked == ("word",)
    assert composer.masked == {"word": 1}
