"""Golden questions, as what a candidate must not cost."""

from datetime import UTC, datetime

from eval.questions import Question as GoldenQuestion
from finetune.general import general_questions
from retrieval.types import Document, Turn

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def document(name, collection="default"):
    readers = frozenset({"g:everyone"})
    return Document(
        f"{collection}-{name}", collection, f"upload:{name}", name, "text/plain", readers, "r", 1, NOON, NOON
    )


def golden(text, *names, **more):
    return GoldenQuestion(text, text, relevant=dict.fromkeys(names, 1.0), **more)


def test_a_golden_question_stands_for_the_documents_it_names():
    (question,) = general_questions([golden("How long is leave?", "leave.md", "gone.md")], [document("leave.md")])
    assert (question.text, question.documents) == ("How long is leave?", {"default-leave.md"})


def test_a_name_that_two_collections_have_means_both():
    found = general_questions([golden("Leave?", "a.md")], [document("a.md"), document("a.md", "other")])
    assert found[0].documents == {"default-a.md", "other-a.md"}


def test_what_cannot_be_measured_is_passed_over():
    asked = [
        golden("Nothing is known?"),
        golden("Its document is gone?", "gone.md"),
        golden("Nobody looked at it?", "a.md", draft=True),
        golden("And then?", "a.md", history=(Turn("What is first?", "That."),)),
    ]
    assert general_questions(asked, [document("a.md")]) == []


def test_the_same_text_is_asked_once():
    twice = [golden("Leave?", "a.md"), golden("leave? ", "a.md")]
    assert len(general_questions(twice, [document("a.md")])) == 1
