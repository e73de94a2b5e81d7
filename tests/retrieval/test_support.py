"""Sentences against what they cite: what a reader would call wrong must not come out supported."""

import json
import random
import re
from pathlib import Path

import pytest

from retrieval.cite import cite
from retrieval.generators.extractive import _readable
from retrieval.prompt import Draft, Quote
from retrieval.sentences import sentence_spans
from retrieval.support import check_sentence, check_sentences
from retrieval.types import Citation
from retrieval.words import content_words

HANDBOOK = Path(__file__).resolve().parents[2] / "../shared/data/tts-handbook/corpus.jsonl"


def _citation(quote, number=1, title=""):
    return Citation(number, "d", "r", "c", title, "u", (), None, None, 0, len(quote), quote)


def _verdict(sentence, quote, title=""):
    (found,) = check_sentences(f"{sentence} [1]", [_citation(quote, title=title)])
    return found.verdict


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("Award leave expires one year after it is issued.", "Award leave expires one year after it is issued."),
        ("Your comp time expires one year after it was earned.", "Comp time expires one year after it is earned."),
        ("You are entitled to five days of leave.", "You are entitled to 5 days of administrative leave for the move."),
        ("Up to 1,000 dollars are paid.", "We pay up to 1000 dollars; 1000 are paid at most."),
        ("Never delete the commit.", "Do not delete the commit itself."),
        ("You can create public repositories without approval.", "You need no approval to create public repositories."),
        ("Alle erhalten 30 Tage.", "Alle erhalten 30 Tage Urlaub im Jahr."),
        ("每周工作五天。", "我们每周工作五天。"),
        ("Cards arrive 7 to 10 business days later.", "Your cards will arrive 7-10 business days after that."),
    ],
)
def test_what_the_quote_says_is_supported_in_other_words_too(sentence, quote):
    assert _verdict(sentence, quote) == "supported"


@pytest.mark.parametrize(
    ("sentence", "quote", "missing"),
    [
        ("You get 8 hours per pay period.", "You get 6 hours per pay period.", "8"),
        ("You get six days per pay period.", "You get 6 hours per pay period.", "6 days"),
        ("Open from 9 to 5 on Monday.", "Open from 9 to 4 on Monday, from 8 until 5 on Friday.", "5"),
        ("Turn off your computer.", "DO NOT turn off your computer", "not"),
        ("Award leave does not expire one year after issue.", "Award leave expires one year after issue.", "not"),
        ("Award leave won’t expire one year after issue.", "Award leave expires one year after issue.", "won't"),
        ("Credit hours cannot be accrued.", "You can have up to 24 credit hours accrued.", "cannot"),
        ("Der Urlaub verfällt nicht im März.", "Der Urlaub verfällt im März.", "nicht"),
    ],
)
def test_a_wrong_number_unit_or_denial_is_unsupported(sentence, quote, missing):
    (found,) = check_sentences(f"{sentence} [1]", [_citation(quote)])
    assert (found.verdict, found.missing) == ("unsupported", tuple(missing.split()))


@pytest.mark.parametrize(
    ("sentence", "quote", "missing"),
    [
        ("GSA processes new badges every Monday.", "GSA processes new badges every Wednesday.", "monday"),
        ("Lunch breaks are paid.", "Lunch breaks are unpaid.", "paid"),
        ("Write an email to it@gsa.gov.", "Write an email to devops@gsa.gov.", "it@gsa.gov"),
        ("Zoom Connect is preferred over guests.", "Slack Connect is preferred over guests.", "zoom"),
    ],
)
def test_a_name_or_word_put_in_place_of_another_is_partly_supported(sentence, quote, missing):
    (found,) = check_sentences(f"{sentence} [1]", [_citation(quote)])
    assert (found.verdict, found.missing) == ("partly", (missing,))


def test_one_sentence_is_judged_by_all_that_it_cites():
    citations = [_citation("Roses are watered every morning."), _citation("Oaks are not watered.", 2)]
    assert check_sentence("Roses are watered every morning.", citations) == ("supported", ())
    assert check_sentence("Roses are not watered every morning.", citations) == ("unsupported", ("not",))
    assert check_sentence("Roses are watered every morning.", ()) == ("unsupported", ())


def test_a_sentence_of_the_quote_is_supported_whatever_stands_beside_it():
    quote = "1. Roses are watered every morning.\n2. Roses are never watered every morning in winter."
    assert _verdict("Roses are watered every morning.", quote) == "supported"


def test_a_part_of_a_sentence_that_denies_is_not_supported():
    assert _verdict("Roses are watered every morning.", "It is not true that roses are watered every morning.") == (
        "unsupported"
    )


def test_thresholds_by_hand():
    quote = "Roses, oaks, tulips, ferns and lilies are watered."
    # Content words: 5 of 6 stand there (.83); 4 of 6 (.67); 2 of 5 (.4).
    assert _verdict("Roses oaks tulips ferns lilies mulched", quote) == "supported"
    assert _verdict("Roses oaks tulips ferns mulched pruned", quote) == "partly"
    assert _verdict("Roses oaks mulched pruned sold", quote) == "unsupported"


def test_title_and_headings_say_what_a_quote_is_about():
    assert _verdict("Time-off awards expire after one year.", "They expire after one year.") == "partly"
    assert _verdict("Time-off awards expire after one year.", "They expire after one year.", "Time-off awards") == (
        "supported"
    )


def test_a_sentence_without_a_mark_is_unsupported():
    found = check_sentences("Roses are watered. Oaks are not. [1]", [_citation("Oaks are not.")])
    assert [(v.verdict, v.citations) for v in found] == [("unsupported", ()), ("supported", (1,))]


def test_a_mark_that_names_nothing_is_none():
    (found,) = check_sentences("Roses are watered. [7]", [_citation("Roses are watered.")])
    assert (found.verdict, found.citations) == ("unsupported", ())


def test_a_quote_of_several_sentences_carries_its_mark_at_the_end():
    quote = "Roses are watered daily. Oaks are not.\n1. Go on."
    found = check_sentences("Roses are watered daily. Oaks are not.\n1. Go on. [1]", [_citation(quote)])
    assert [(v.verdict, v.citations) for v in found] == [("supported", (1,))] * 3


def test_the_mark_of_another_paragraph_does_not_count():
    found = check_sentences("Roses are watered.\n\nRoses are watered. [1]", [_citation("Roses are watered.")])
    assert [v.verdict for v in found] == ["unsupported", "supported"]


def test_marks_stand_before_or_after_the_full_stop_or_open_the_line():
    citations = [_citation("Roses are watered."), _citation("Oaks are not.", 2)]
    for text in (
        "Roses are watered [1]. Oaks are not [2].",
        "Roses are watered. [1] Oaks are not. [2]",
        "[1] Roses are watered.\n[2] Oaks are not.",
        "Roses are watered.\n[1]\nOaks are not.\n[2]",
    ):
        found = check_sentences(text, citations)
        assert [(v.verdict, v.citations) for v in found] == [("supported", (1,)), ("supported", (2,))], text


def test_several_citations_together_support_a_sentence():
    citations = [_citation("Roses are watered daily."), _citation("Oaks are watered weekly.", 2)]
    (found,) = check_sentences("Roses are watered daily, oaks weekly. [1][2]", citations)
    assert (found.verdict, found.citations) == ("supported", (1, 2))


def test_headings_and_lead_ins_claim_nothing():
    text = "Watering\n\nThese are the rules:\n- Roses are watered. [1]"
    (found,) = check_sentences(text, [_citation("Roses are watered.")])
    assert text[found.start : found.end] == "- Roses are watered."
    # With a number, or as the end of the answer, it is a claim.
    assert len(check_sentences("Within 5 days:\n- Roses are watered. [1]", [_citation("Roses are watered.")])) == 2
    assert len(check_sentences("Roses are watered", [])) == 1


def test_spans_are_those_of_the_sentences_without_marks():
    text = "Roses are watered [1]. “Oaks” are not. [1]"
    found = check_sentences(text, [_citation("Roses are watered.")])
    assert [text[v.start : v.end] for v in found] == ["Roses are watered [1].", "“Oaks” are not."]


@pytest.mark.parametrize("text", ["", " \n", "[1]", "...", "| --- |"])
def test_where_nothing_is_said_there_is_no_verdict(text):
    assert check_sentences(text, [_citation("Roses.")]) == ()


def test_content_words_are_folded_and_without_function_words():
    assert content_words("How many of YOUR Twelve vacation-days aren't paid?") == {
        *("many", "12", "vacation", "days", "paid"),
    }


@pytest.fixture(scope="module")
def pages():
    if not HANDBOOK.exists():
        pytest.skip("../shared/data/tts-handbook is not beside the repository")
    return [json.loads(line)["text"] for line in HANDBOOK.read_text(encoding="utf-8").splitlines()]


def _sentences(pages):
    """A sentence a page, with the sentence before and after it as its quote."""
    for text in pages:
        spans = [(s, e) for s, e in sentence_spans(text) if 6 <= len(text[s:e].split()) <= 40]
        for place in range(1, len(spans) - 1, 7):
            start, end = spans[place]
            quote = text[spans[place - 1][0] : spans[place + 1][1]]
            if len(quote) < 600:
                yield text[start:end], quote


def _share(pairs, verdict):
    found = [min((v.verdict for v in check_sentences(f"{s} [1]", [_citation(q)])), default="") for s, q in pairs]
    assert len(found) > 100
    return sum(v == verdict for v in found) / len(found)


def test_changed_handbook_sentences_are_found(pages):
    rng = random.Random(5)
    pairs = list(_sentences(pages))
    assert _share(pairs, "supported") == 1.0
    numbered = [(re.sub(r"(?<=\w )(\d+)", lambda m: str(int(m.group()) + 3), s, count=1), s, q) for s, q in pairs]
    assert _share([(changed, q) for changed, s, q in numbered if changed != s], "supported") <= 0.02
    denied = [(re.sub(r"\b(is|are|can|must|should|will)\b(?! not)", r"\1 not", s, count=1), s, q) for s, q in pairs]
    assert _share([(changed, q) for changed, s, q in denied if changed != s], "supported") <= 0.02
    strangers = [(rng.choice(pairs)[0], q) for _, q in pairs]
    assert _share(strangers, "unsupported") >= 0.97


def test_verbatim_quotes_of_handbook_pages_are_supported(pages, passage):
    rng = random.Random(1)
    checked = 0
    for text in pages:
        spans = sentence_spans(text)
        firsts = rng.sample(range(len(spans)), min(3, len(spans)))
        quotes = tuple(Quote(0, spans[i][0], spans[min(i + rng.randint(0, 3), len(spans) - 1)][1]) for i in firsts)
        said = "\n\n".join(f"{_readable(text[q.start : q.end])} [{n}]" for n, q in enumerate(quotes, start=1))
        answer, citations = cite(Draft(said, quotes, 0.9, "extractive"), [passage(text)])
        verdicts = check_sentences(answer, citations)
        assert {v.verdict for v in verdicts} <= {"supported"}, answer
        checked += len(verdicts)
    assert checked > 500
