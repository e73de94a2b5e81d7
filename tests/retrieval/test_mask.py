"""What nobody is shown is never told, whole or in part, however a stream is cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.guard_types import Mask, masked
from retrieval.mask import MaskedWords, calm_chars

SECRET = re.compile(
    r"[\w.]+@[\w.]+|\d(?:(?:[ -]?| [/-] )\d){6,}|-----BEGIN KEY-----.*?-----END KEY-----|[A-Za-z0-9_]{24,}", re.DOTALL
)


def masks(text):
    return [Mask(found.start(), found.end(), "secret", "(removed)") for found in SECRET.finditer(text)]


def told(text, pieces):
    """Feed words as a composer does: cut between words, the space with the word behind it."""
    words, out = MaskedWords(masks), []
    assert "".join(pieces) == text
    for piece in pieces:
        out.append(words.take(piece))
    out.append(words.end())
    return out


def by_words(text):
    return re.findall(r"\s*\S+|\s+$", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to anna@example.com. Roses are red.", "Write to (removed) Roses are red."),
        ("Call 030 123 4567 today. It is 9 am.", "Call (removed) today. It is 9 am."),
        ("Card 4111 1111 1111 1111", "Card (removed)"),
        ("Call 212 / 555 / 0134 today.", "Call (removed) today."),
        ("It is 078 - 05 - 1120 here.", "It is (removed) here."),
        ("From 10 - as a rule - to 20.", "From 10 - as a rule - to 20."),
        ("The key:\n-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----\nis old.", "The key:\n(removed)\nis old."),
        ("It is ghp_0123456789abcdefghijklmn, I think.", "It is (removed), I think."),
        ("You get 27 days [1]. In 2026 it is 30 [2].", "You get 27 days [1]. In 2026 it is 30 [2]."),
    ],
)
def test_what_is_masked_is_the_same_word_by_word_and_at_once(text, expected):
    assert "".join(told(text, by_words(text))) == "".join(told(text, [text])) == expected


def test_a_sentence_without_numbers_goes_ahead_word_by_word():
    pieces = told("Roses are watered daily [1] by all", by_words("Roses are watered daily [1] by all"))
    assert pieces == ["", "Roses", " are", " watered", " daily [1]", "", " by", " all"]


def test_the_beginning_of_an_address_or_a_number_waits():
    words = MaskedWords(masks)
    assert words.take("Call 030 123") == "Call"
    assert words.take(" 4567 now") == ""
    assert words.take(". Bye now") == " (removed) now. Bye"


def test_a_small_number_waits_only_for_the_word_behind_it():
    words = MaskedWords(masks)
    assert words.take("You get 27") == "You get"
    assert words.take(" days off") == " 27 days"


def test_a_mask_that_reaches_into_a_slice_hides_what_it_covers():
    text = "abcSECRETdef"
    hidden = [Mask(3, 9, "secret", "*")]
    assert masked(text, hidden) == "abc*def"
    assert masked(text, hidden, 0, 5) == "abc*"
    assert masked(text, hidden, 5, 12) == "*def"
    assert masked(text, hidden, 4, 6) == "*"
    assert masked(text, hidden, 9, 12) == "def"


WORDS = st.sampled_from([
    "roses", "27", "a.b@c.de", "030", "123", "4567", "[1]", "[2,", "3]", "-----BEGIN", "KEY-----", "-----END", ".",
    "No.", "ok!", "\n", "\n\n", "x" * 30, "GB29", "a:b:c", "Red.", "::1",
])  # fmt: skip


@given(st.lists(st.tuples(WORDS, st.sampled_from(["", " ", "  "])), max_size=40), st.data())
def test_no_cut_changes_what_is_told(parts, data):
    text = "".join(word + space for word, space in parts)
    places = [found.start() for found in re.finditer(r"\s+", text)]
    cuts = sorted(data.draw(st.sets(st.sampled_from(places)) if places else st.just(set())))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(told(text, pieces)) == "".join(told(text, [text]))


@given(st.text(alphabet="ab1@. \n[]-:", max_size=80))
def test_what_is_calm_of_a_beginning_is_calm_of_the_whole(text):
    for end in (found.start() for found in re.finditer(r"\s+", text)):
        assert calm_chars(text[:end], 0) <= calm_chars(text, 0)


def test_a_long_answer_takes_no_time():
    words = MaskedWords(masks)
    text = "1.a:" * 5_000
    for at in range(0, len(text), 7):
        words.take(text[at : at + 7])
    assert words.end()
