"""Personal data is found where it stands, and nothing else is taken for it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingestion.findings.people import find_people
from ingestion.findings.personal import find_personal

GUARD = Path(__file__).resolve().parents[4] / "shared" / "data" / "guard" / "pii.train.jsonl"
CHARS = 150_000


def found(text):
    return {(spot.rule, text[spot.start : spot.end]) for spot in find_personal(text)}


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        ("Write to ann.lee+hr@mail.example.co.uk today", "email", "ann.lee+hr@mail.example.co.uk"),
        ("ann@example.com", "email", "ann@example.com"),
        ("Call (212) 555-0143 at noon", "phone", "(212) 555-0143"),
        ("Reception: +49 30 901820", "phone", "+49 30 901820"),
        ("Fax: 555-0143 x12", "phone", "555-0143 x12"),
        ("my card is 4111 1111 1111 1111.", "credit_card", "4111 1111 1111 1111"),
        ("Mastercard 2223003122003222", "credit_card", "2223003122003222"),
        ("pay to GB82 WEST 1234 5698 7654 32 now", "iban", "GB82 WEST 1234 5698 7654 32"),
        ("pay to de89370400440532013000", "iban", "de89370400440532013000"),
        ("from 192.168.7.12", "ip_address", "192.168.7.12"),
        ("from 2001:db8:85a3::8a2e:370:7334", "ip_address", "2001:db8:85a3::8a2e:370:7334"),
        ("SSN 536-90-4399", "us_ssn", "536-90-4399"),
        ("PESEL 44051401359", "pl_pesel", "44051401359"),
        ("codice fiscale RSSMRA85T10A562S", "it_fiscal_code", "RSSMRA85T10A562S"),
        ("Her NHS number is 943 476 5919", "uk_nhs", "943 476 5919"),
        ("| name | mail |\n| - | - |\n| Ann | ann@example.com |", "email", "ann@example.com"),
    ],
)
def test_a_personal_value_is_found_with_its_exact_span(text, rule, value):
    assert (rule, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a@",
        "@b.com",
        "see @handle and user@host",
        "Version 1.2.3.4.5 of 2024-01-15 to 15.01.2024",
        "Revenue was 1,234,567,890 and 12 345 678 in 2019 - 2023",
        "Order 4111111111111112 was shipped",  # the checksum fails
        "The sin of pride, page 46 45 42 860",  # no Canadian number: its checksum fails
        "ISBN 978-3-16-148410-0",
        "ticket 44051401359",  # a valid PESEL, but nothing says that it is one
    ],
)
def test_what_only_looks_personal_is_left_alone(text):
    assert found(text) == set()


def test_of_two_that_overlap_one_is_kept():
    spots = find_personal("Phone: 4111 1111 1111 1111")
    assert [spot.rule for spot in spots] == ["credit_card"]


@pytest.mark.parametrize(
    "unit",
    [
        "a@",
        "a@a.a",
        "ab@cd.com ",
        "(",
        "1111 ",
        "1",
        "ssn 1 ",
        "1.",
        "a:",
        "+1 212 555 1234 ",
        "GB29 NWBK 6016 1331 9268 19 ",
    ],
)
def test_near_misses_cost_time_in_proportion_to_the_text(unit):
    text = unit * (CHARS // len(unit))
    started = time.process_time()
    find_personal(text)
    assert (
        time.process_time() - started < 5
    )  # a quarter of a second to a second on a free core; quadratic would be minutes


@pytest.mark.skipif(not GUARD.exists(), reason=f"the spans of {GUARD} are not here")
def test_recall_and_precision_on_labelled_spans():
    kinds = {
        "EMAIL_ADDRESS": "email",
        "CREDIT_CARD": "credit_card",
        "IBAN_CODE": "iban",
        "IP_ADDRESS": "ip_address",
        "US_SSN": "us_ssn",
        "PHONE_NUMBER": "phone",
    }
    missed, labelled, wrong = dict.fromkeys(kinds.values(), 0), dict.fromkeys(kinds.values(), 0), 0
    for line in GUARD.read_text().splitlines():
        row = json.loads(line)
        spots = find_personal(row["text"])
        spans = [(s["start"], s["end"], kinds[s["type"]]) for s in row["spans"] if s["type"] in kinds]
        for start, end, kind in spans:
            labelled[kind] += 1
            missed[kind] += not any(s.rule == kind and s.start < end and start < s.end for s in spots)
        wrong += sum(not any(k == s.rule and s.start < b and a < s.end for a, b, k in spans) for s in spots)
    assert missed.pop("phone") <= 0.15 * labelled["phone"]
    assert set(missed.values()) == {0}
    assert wrong <= 2


def people(text, *names):
    return [text[spot.start : spot.end] for spot in find_people(text, names)]


def test_people_of_the_directory_are_found_as_whole_words():
    text = "Anna Berg's desk; ANNA BERG; Annabel Berger; Anna\nBerg; J. O'Brien met Ann-Marie Lee."
    assert people(text, "Anna Berg", "J. O'Brien", "Ann-Marie Lee") == [
        "Anna Berg",
        "ANNA BERG",
        "Anna\nBerg",
        "J. O'Brien",
        "Ann-Marie Lee",
    ]


def test_an_ordinary_word_is_not_taken_for_a_name():
    text = "Will it rain? It will. Mark said that Will left; mark the day. Ask anna berg."
    assert people(text, "Will", "Anna Berg") == ["Will"]
    assert text.index("Will left") == find_people(text, ("Will",))[0].start


def test_the_longest_name_wins_and_scripts_without_capitals_work():
    assert people(
        "Anna Berg Lund wrote to 王小明 and to محمد علي.", "Anna", "Anna Berg Lund", "王小明", "محمد علي"
    ) == [
        "Anna Berg Lund",
        "王小明",
        "محمد علي",
    ]


def test_without_a_directory_nobody_is_found():
    assert people("Anna Berg was here") == []


def test_no_library_for_models_is_loaded_to_find_it():
    # Seconds of every worker's first document, and 200 MB for as long as it lives.
    said = (
        "import sys; from ingestion.findings.personal import find_personal\n"
        "print(len(list(find_personal('mail ada@example.com'))), 'transformers' in sys.modules)\n"
        "import transformers"  # it is hidden from nobody else, and not for long
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "1 False\n"
