"""Headings become questions that somebody might ask, or none."""

import pytest

from app.heading_questions import question_of


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Carrying days over", "What does “Annual leave” say about carrying days over?"),
        ("2.1 Carrying days over", "What does “Annual leave” say about carrying days over?"),
        ("Section 4: Carrying over", "What does “Annual leave” say about carrying over?"),
        ("The Berlin office", "What does “Annual leave” say about The Berlin office?"),
        ("VAT on meals", "What does “Annual leave” say about VAT on meals?"),
        ("CARRYING DAYS OVER", "What does “Annual leave” say about Carrying days over?"),
        ("ANNUAL LEAVE", "What should I know about Annual leave?"),
        ("Annual leave", "What should I know about annual leave?"),
        ("Who approves leave?", "Who approves leave?"),
        ("Who approves leave", "Who approves leave?"),
        ("How to apply for leave", "How do I apply for leave?"),
        ("What to do when you are ill", "What do I do when you are ill?"),
        ("When is leave lost", "When is leave lost?"),
        ("Can I sell leave", "Can I sell leave?"),
        ("How many days you have", "What does “Annual leave” say about how many days you have?"),
        ("What you need", "What does “Annual leave” say about what you need?"),
    ],
)
def test_a_heading_becomes_a_plain_question(heading, question):
    assert question_of(heading, "Annual leave", "en") == question
    assert question_of(heading, "Annual leave", "unknown") == question


@pytest.mark.parametrize(
    "heading",
    [
        *("", "2026", "1.2.3", "A", "Introduction", "3. Contents", "FAQ", "Anhang", "—", "§ 4"),
        *("see https://example.com/a", "ann@example.com", "x" * 81, " ".join(["word"] * 13), "a “quoted” heading"),
    ],
)
def test_a_heading_that_says_nothing_by_itself_becomes_none(heading):
    assert question_of(heading, "Annual leave", "en") is None


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("de", "Was steht in „Urlaub“ über „Resturlaub im Folgejahr“?"),
        ("fr", "Que dit « Urlaub » sur « Resturlaub im Folgejahr » ?"),
        ("ja", "Urlaub: Resturlaub im Folgejahr?"),
    ],
)
def test_the_question_is_in_the_language_of_its_document(language, question):
    assert question_of("Resturlaub im Folgejahr", "Urlaub", language) == question


@pytest.mark.parametrize("title", ["", "report_2026.pdf", "Untitled", "x" * 90, "Meals"])
def test_a_title_that_says_nothing_is_not_named(title):
    assert question_of("Meals", title, "en") == "What should I know about Meals?"
    assert (
        question_of("Mahlzeiten", title, "de") == "Was steht in den Dokumenten über „Mahlzeiten“?" or title == "Meals"
    )
