"""Signatures estimate how alike texts are, and stay what they are across versions of the library."""

import random

import pytest

from ingestion.findings.duplicates import signature_of, text_sha256
from retrieval.likeness import HASHES, bands_of, likeness

STORED = "714396711c8dfd15"
WORDS = [f"word{number}" for number in range(2_000)]


def test_a_signature_is_what_it_was_when_it_was_stored():
    # Signatures are kept: if this fails, likeness.SCHEME must change and every document be examined again.
    text = " ".join(f"w{number}" for number in range(30))
    signature = signature_of(text)
    assert len(signature) == 4 * HASHES
    assert text_sha256(signature.hex())[:16] == STORED


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3])
def test_likeness_estimates_the_similarity_of_the_word_sequences(share):
    draw = random.Random(7)
    words = draw.choices(WORDS, k=1_500)
    other = [draw.choice(WORDS) if draw.random() < share else word for word in words]

    def shingles(of):
        return {tuple(of[at : at + 5]) for at in range(len(of) - 4)}

    first, second = shingles(words), shingles(other)
    truth = len(first & second) / len(first | second)
    # Standard error: sqrt(j (1 - j) / 126) <= .045; four of them.
    assert likeness(signature_of(" ".join(words)), signature_of(" ".join(other))) == pytest.approx(truth, abs=0.18)


def test_what_is_alike_shares_a_band_and_what_is_not_shares_none():
    draw = random.Random(3)
    words = draw.choices(WORDS, k=1_000)
    text, near = " ".join(words), " ".join([*words[:500], "new", *words[501:]])
    far = " ".join(draw.choices(WORDS, k=1_000))
    assert set(bands_of(signature_of(text))) & set(bands_of(signature_of(near)))
    assert not set(bands_of(signature_of(text))) & set(bands_of(signature_of(far)))


def test_short_texts_have_no_signature():
    assert signature_of("") is None
    assert signature_of("nineteen words at most are too few " * 2) is None


def test_case_and_white_space_do_not_make_another_text():
    assert text_sha256("One  TWO\n\nthree") == text_sha256("one two three")
    assert text_sha256("one two") != text_sha256("one three")
