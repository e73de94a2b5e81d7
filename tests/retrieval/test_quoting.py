"""A text quotes another when eight words of it stand there in a row, whatever they look like."""

import pytest

from retrieval.quoting import Quoted

TEXT = (
    "Every employee earns twenty-seven days of annual leave in a full year, and five more after ten years of service."
)
KNOWN = Quoted([TEXT, "Roses are watered daily."])


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "As it says: EVERY employee   earns twenty-seven days,\nof annual leave! And so on.",
        "annual leave in a full year",
        "roses are watered daily",
        "In the garden, roses are watered daily; oaks are not watered at all, says the page of the gardeners.",
    ],
)
def test_what_repeats_words_is_a_quote(text):
    assert KNOWN.within(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "annual leave",
        "How many days of annual leave do I get in a year?",
        "Roses are watered weekly by the gardeners",
    ],
)
def test_what_speaks_of_the_same_is_none(text):
    assert not KNOWN.within(text)


def test_nothing_known_is_quoted_by_nothing():
    assert not Quoted().within(TEXT)
    assert not Quoted(["", "two words"]).within("these two words")


def test_an_answer_is_repeated_whole_or_in_part():
    assert KNOWN.repeated("Roses ARE watered daily.")
    assert KNOWN.repeated("He said: roses are watered daily. Good.")
    assert KNOWN.repeated("five more after ten years")
    assert not KNOWN.repeated("Roses are watered by the gardeners daily.")
    assert not KNOWN.repeated("a full")
