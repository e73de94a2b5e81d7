import pytest

from retrieval.bm25 import Bm25Encoder, Bm25Settings
from retrieval.reading import abbreviations, read

TERMS = Bm25Encoder(Bm25Settings()).terms


@pytest.fixture
def lines(passage):
    def run(text):
        return read(passage(text).chunk, TERMS).lines

    return run


def test_a_heading_is_no_line_but_its_row_is_counted(passage):
    reading = read(passage("Roses\n\nThey want water every morning.").chunk, TERMS)
    assert reading.rows == 2
    assert [(line.row, line.section) for line in reading.lines] == [(1, 1)]
    assert TERMS("roses") <= reading.lines[0].beside


def test_a_list_item_has_the_terms_of_its_lead_in_however_far_above(lines):
    read_lines = lines("To be eligible, bring:\n- a passport\n- a photo of yourself\n- a stamped envelope")
    assert all(TERMS("eligible") <= line.beside for line in read_lines[1:])


def test_a_lead_in_ends_with_its_list(lines):
    last = lines("To be eligible, bring:\n- a passport\n\nOffices are closed on Fridays. They open on Mondays.")[-1]
    assert not TERMS("eligible") & last.beside


@pytest.mark.parametrize(
    ("line", "has_amount"),
    [
        ("3. Ask your supervisor first.", False),
        ("3. Ask two weeks before.", True),
        ("Timecards are due on Friday.", True),
        ("Ask your supervisor first.", False),
    ],
)
def test_the_number_of_a_list_item_is_no_amount(lines, line, has_amount):
    assert lines(line)[0].has_amount == has_amount


def test_questions_fragments_and_lead_ins_are_flawed(lines):
    flaws = [lines(text)[0].flaws for text in ("It is due then.", "Is it due then?", "- Due then", "It is due then:")]
    assert flaws == [0.0, 1.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("text", "short", "spelt_out"),
    [
        ("Complete a Privacy Threshold Analysis (PTA).", "PTA", "privacy threshold analysis"),
        ("The Department of Veterans Affairs (DVA) pays.", "DVA", "department of veterans affairs"),
        ("Flexible spending accounts (FSAs) expire.", "FSA", "flexible spending accounts"),
    ],
)
def test_an_abbreviation_stands_for_the_words_whose_initials_it_is(text, short, spelt_out):
    assert abbreviations(text, TERMS) == {short: TERMS(spelt_out)}


def test_capitals_in_brackets_that_are_no_initials_stand_for_nothing():
    assert abbreviations("Bring your own laptop (NOTE) to work.", TERMS) == {}
