import random

import pytest

from retrieval.expand import widen
from retrieval.types import Chunk, Passage, Place


class Book:
    """A revision whose chunks are parted by given gaps; every word is a token."""

    def __init__(self, *parts, name="r", sections=None):
        # Texts stand at even places, what parts them at odd ones.
        self.text = "".join(parts)
        self.name = name
        self.around = {}
        start = 0
        for ordinal, text in enumerate(parts[::2]):
            end = start + len(text)
            section = (sections[ordinal],) if sections else ()
            place = Place(start, end, ordinal + 1)
            chunk = Chunk(
                f"{name}{ordinal}", "d", name, ordinal, start, end, text, "", section, len(text.split()), (place,)
            )
            self.around[chunk.id] = (chunk, self.text[end : end + 4])
            start = end + len(parts[2 * ordinal + 1] if 2 * ordinal + 1 < len(parts) else "")

    def passages(self, *ordinals):
        chunks = [self.around[f"{self.name}{ordinal}"][0] for ordinal in ordinals]
        return [Passage(chunk, "default", "T", "u", 1 - rank / 10) for rank, chunk in enumerate(chunks)]


def lines(*texts, name="r", sections=None):
    parts = [part for text in texts for part in (text, "\n\n")][:-1]
    return Book(*parts, name=name, sections=sections)


def test_a_passage_grows_behind_and_before_in_turn_until_the_budget_is_spent():
    book = lines("one a", "two b", "three c", "four d", "five e")
    (wider,) = widen(book.passages(2), book.around, budget_tokens=7)
    # Two tokens each: with 7, the passage and two more, the one behind it and the one before it.
    assert wider.chunk.text == "two b\n\nthree c\n\nfour d"
    assert wider.chunk.id == "r2"
    assert book.text[wider.chunk.start : wider.chunk.end] == wider.chunk.text
    assert [place.page for place in wider.chunk.places] == [2, 3, 4]
    assert wider.chunk.token_count == 6
    assert wider.also == ()


def test_its_own_section_comes_before_its_neighbours():
    book = lines("a a", "b b", "c c", "d d", sections=["x", "x", "x", "y"])
    (wider,) = widen(book.passages(2), book.around, budget_tokens=6)
    assert wider.chunk.text == "a a\n\nb b\n\nc c"
    (wider,) = widen(book.passages(2), book.around, budget_tokens=8)
    assert wider.chunk.text == book.text


def test_hidden_text_is_never_read():
    book = Book("a a", "\n\n", "b b", " <!-- secret --> ", "c c")
    (wider,) = widen(book.passages(1), book.around, budget_tokens=100)
    assert wider.chunk.text == "a a\n\nb b"
    # Shorter than any gap that is allowed, and still no white space.
    book = Book("a a", "pin", "b b")
    (wider,) = widen(book.passages(0), book.around, budget_tokens=100)
    assert wider.chunk.text == "a a"


def test_passages_that_meet_become_one_at_the_better_place():
    book, other = lines("a a", "b b", "c c"), lines("z z", name="s")
    passages = [*book.passages(2), *other.passages(0), *book.passages(0)]
    wider = widen(passages, book.around | other.around, budget_tokens=8)
    assert [passage.chunk.text for passage in wider] == [book.text, "z z"]
    assert (wider[0].chunk.id, wider[0].also) == ("r2", ("r0",))


def test_passages_that_follow_on_each_other_are_one_even_without_budget():
    book = lines("a a", "b b", "c c")
    (wider,) = widen(book.passages(1, 0), book.around, budget_tokens=0)
    assert (wider.chunk.text, wider.chunk.id, wider.also) == ("a a\n\nb b", "r1", ("r0",))


def test_the_better_passage_grows_first():
    first, second = lines("a a", "b b"), lines("y y", "z z", name="s")
    passages = [*second.passages(0), *first.passages(0)]
    wider = widen(passages, first.around | second.around, budget_tokens=6)
    assert [passage.chunk.text for passage in wider] == ["y y\n\nz z", "a a"]


def test_what_may_not_be_read_any_more_is_left_out():
    book = lines("a a", "b b")
    assert widen(book.passages(0), {}, budget_tokens=100) == []


def test_a_passage_without_neighbours_stays_as_it_is():
    book = lines("a a")
    passages = book.passages(0)
    assert widen(passages, book.around, budget_tokens=100) == passages


@pytest.mark.parametrize("seed", range(50))
def test_wider_text_is_always_a_slice_of_its_revision_and_within_the_budget(seed):
    rng = random.Random(seed)
    parts = []
    for number in range(rng.randint(1, 12)):
        parts += [f"w{number} " * rng.randint(1, 5) + "end", rng.choice(["\n", "\n\n", " ", "", "hidden text", "x"])]
    book = Book(*parts[:-1], sections=[rng.choice("xy") for _ in range(len(parts) // 2)])
    ordinals = rng.sample(range(len(book.around)), k=rng.randint(1, min(4, len(book.around))))
    passages = book.passages(*ordinals)
    own = sum(passage.chunk.token_count for passage in passages)
    budget = rng.randint(0, 60)
    wider = widen(passages, book.around, budget_tokens=budget)
    for passage in wider:
        chunk = passage.chunk
        assert book.text[chunk.start : chunk.end] == chunk.text
        assert "hidden" not in chunk.text
        assert all(chunk.start <= place.start < place.end <= chunk.end for place in chunk.places)
    assert sum(passage.chunk.token_count for passage in wider) <= max(budget, own)
    held = {key for passage in wider for key in (passage.chunk.id, *passage.also)}
    assert held == {passage.chunk.id for passage in passages}
