"""Which rows a language model is taught by, and which it is measured by."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from finetune.generator_parts import MOST_ASKED, missing, part
from finetune.generator_rows import Row, Rows
from retrieval.prompt import NOT_ANSWERED

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def row(number, *, question=None, document=None, **more):
    question = question or f"Question {number}?"
    messages = (("system", "Cite."), ("user", f"Passage {number}.\n\nQuestion: {question}"))
    given = {"question": question, "documents": (document or f"d{number % 7}",), "passages": 1}
    given |= {"sources": (f"f{number}", f"i{number}"), "people": ("u:ann",), "given_at": BEGAN + timedelta(days=number)}
    return Row(messages, f"Reply {number}. [1]", **(given | more))


def apart(questions):
    """Vectors of which no two are alike, but for questions that begin alike up to a star."""
    names = [question.partition("*")[0] for question in questions]
    places = {name: place for place, name in enumerate(sorted(set(names)))}
    vectors = np.zeros((len(questions), len(places)), dtype=np.float32)
    vectors[np.arange(len(questions)), [places[name] for name in names]] = 1
    return vectors


def corrected(count):
    return tuple(row(number) for number in range(count))


def numbers(rows):
    return sorted(int(one.reply.split()[1].rstrip(".")) for one in rows if one.reply != NOT_ANSWERED)


def test_the_newest_fifth_is_held_out_and_taught_to_nobody():
    parted = part(Rows(corrected(50)), apart)
    assert numbers(parted.held_out) == list(range(40, 50))
    assert numbers(parted.training.corrected) == list(range(40))
    assert len(set(parted.groups)) == 10


def test_what_was_said_about_a_question_like_one_that_is_held_out_teaches_nothing():
    rows = corrected(50)
    like = [replace(row(60 + n, question=f"Question {n}?* again"), liked=True) for n in (3, 45)]
    rows = (*(replace(one, question=f"{one.question}*") for one in rows),)
    parted = part(Rows(rows, thumbs=tuple(like)), apart)
    assert numbers(parted.training.thumbs) == [63]


def test_answers_that_were_compared_lie_on_one_side():
    newest = row(49)
    other = row(70, question="Another?", sources=newest.sources)
    parted = part(Rows(corrected(50), preferred=(other,)), apart)
    assert parted.training.preferred == ()


def test_what_is_live_is_not_measured_by_what_it_was_taught():
    parted = part(Rows(corrected(50)), apart, known=["Question 44?"])
    assert 44 not in numbers(parted.held_out)
    assert 44 not in numbers(parted.training.corrected)


def test_no_more_are_asked_than_take_minutes():
    assert len(part(Rows(corrected(600)), apart).held_out) == MOST_ASKED


def test_a_question_over_passages_of_other_documents_is_to_be_declined():
    parted = part(Rows(corrected(50)), apart)
    assert len(parted.declining) == 10
    for one in parted.declining:
        assert one.reply == NOT_ANSWERED
        text = one.messages[-1][1]
        assert text.endswith(f"Question: {one.question}")
        # The passage's number is another one's than the question's.
        assert f"Passage {one.question.split()[1].rstrip('?')}." not in text
        assert len(one.documents) == 2
    declined = [one for one in parted.training.corrected if one.reply == NOT_ANSWERED]
    assert len(declined) == 8  # one of five of forty


def test_passages_of_the_same_document_may_answer_and_are_not_declined():
    rows = tuple(row(number, document="handbook") for number in range(50))
    assert part(Rows(rows), apart).declining == ()


def test_an_answer_that_was_rightly_none_is_held_out_too():
    liked = tuple(replace(row(100 + n, question=f"Nothing {n}?"), reply=NOT_ANSWERED, liked=True) for n in range(10))
    parted = part(Rows(corrected(50), thumbs=liked), apart)
    assert {one.question for one in parted.declining} >= {"Nothing 8?", "Nothing 9?"}
    assert len(parted.training.thumbs) == 8


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (Rows(corrected(50)), ""),
        (Rows(thumbs=corrected(200)), ""),
        (Rows(preferred=corrected(200)), ""),
        (Rows(corrected(49), thumbs=corrected(10)), "1 more approved corrections that cite, or 190 more"),
        (Rows(), "50 more approved corrections that cite, or 200 more"),
    ],
)
def test_what_is_missing_is_said_in_words(rows, words):
    assert missing(rows).startswith(words)
    assert bool(missing(rows)) == bool(words)
