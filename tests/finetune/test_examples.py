"""Which examples follow from labels, and which labels are left out."""

import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from finetune.examples import Context, build_examples
from finetune.types import Anchor, Label

AT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
GONE = "gone"
SHUT = "shut"


def standing(anchors):
    return {anchor: anchor.document_id != SHUT for anchor in anchors if anchor.document_id != GONE}


def encode(questions):
    """Questions with the same first word are nearly the same, others have nothing in common."""
    words = sorted({question.split()[0].casefold() for question in questions})
    vectors = np.zeros((len(questions), len(words) + 1), dtype=np.float32)
    for row, question in enumerate(questions):
        vectors[row, words.index(question.split()[0].casefold())] = 1
        vectors[row, -1] = 0.2 * (len(question) % 2)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


CONTEXT = Context(standing, encode)


def label(question="Leave", chunk="a", **more):
    return Label(
        **{
            "source_id": f"f-{question}-{chunk}-{more.get('giver', 'u:ann')}",
            "kind": "feedback",
            "signal": "correction",
            "question": question,
            "anchor": Anchor(chunk, "0" * 64),
            "label": 1,
            "weight": 1.0,
            "giver": "u:ann",
            "given_at": AT,
        }
        | more
    )


def built(*labels, context=CONTEXT):
    return build_examples(labels, context)


def rows(*labels):
    """(question, document) -> label times weight."""
    made = built(*labels).examples
    return {(one.question, one.anchor.document_id): pytest.approx(one.label * one.weight) for one in made}


def test_without_labels_there_are_no_examples():
    assert built() == build_examples([], CONTEXT)
    assert (built().examples, built().dropped, built().givers) == ((), {}, ())


def test_one_label_is_one_example():
    (one,) = built(label(asker="u:bob", signal="up", weight=0.25)).examples
    assert (one.question, one.label, one.weight, one.givers, one.askers) == ("Leave", 1, 0.25, ("u:ann",), ("u:bob",))
    assert (one.signals, one.sources, one.given_at, one.open) == (("up",), ("f-Leave-a-u:ann",), AT, True)


def test_what_several_say_adds_up_to_one_at_most():
    ups = [label(giver=f"u:{n}", weight=0.3, signal="up") for n in range(3)]
    assert rows(*ups) == {("Leave", "a"): 0.9}
    assert rows(*ups, label(giver="u:4")) == {("Leave", "a"): 1.0}


def test_only_thumbs_up_gives_only_right_chunks():
    made = built(*(label(f"Question{n}", f"d{n}", signal="up", weight=0.5) for n in range(20)))
    assert {one.label for one in made.examples} == {1}
    assert len(made.examples) == 20


def test_a_chunk_that_is_gone_takes_its_labels_along():
    made = built(label(chunk=GONE), label())
    assert [one.anchor.document_id for one in made.examples] == ["a"]
    assert made.dropped == {"labels whose chunk is gone or changed": 1}


def test_what_not_everybody_may_read_is_marked():
    made = built(label(chunk=SHUT), label())
    assert {one.anchor.document_id: one.open for one in made.examples} == {"a": True, SHUT: False}


def test_one_person_demotes_nothing():
    made = built(label(label=-1))
    assert made.examples == ()
    assert made.dropped == {"demotions that only one person wants": 1}
    # Nor under two spellings of the same question.
    assert built(label(label=-1), label("LEAVE ", label=-1)).examples == ()


def test_two_people_or_one_who_is_trusted_demote():
    assert rows(label(label=-1, weight=0.7), label(label=-1, weight=0.2, giver="u:bob")) == {("Leave", "a"): -0.9}
    assert rows(label(label=-1, weight=0.7, trusted=True)) == {("Leave", "a"): -0.7}


def test_accounts_that_vote_together_against_the_rest_demote_like_one_person():
    words = [f"Word{n}" for n in range(6)]
    praised = [label(word, word, signal="up", weight=0.5, giver=f"u:{word}") for word in words]
    against = [label(word, word, label=-1, giver=giver) for word in words for giver in ("u:eve1", "u:eve2")]
    assert {one.label for one in built(*praised, *against).examples} == {1}
    # Where one more person agrees on their own, two people say so.
    seconded = label("Word0", "Word0", label=-1, giver="u:cleo")
    assert {one.question for one in built(*praised, *against, seconded).examples if one.label < 0} == {"Word0"}


def test_raters_who_contradict_each_other_cancel_out():
    against = [label(label=-1, giver=giver, weight=0.5) for giver in ("u:bob", "u:cleo")]
    made = built(label(), *against)
    assert made.examples == ()
    assert made.dropped == {"rows that raters contradict each other on": 1}
    # Of two against one a third of what was said is left.
    assert rows(label(weight=0.5), *against) == {("Leave", "a"): -0.5}


def test_a_demotion_that_one_person_wants_takes_nothing_from_what_another_praised():
    made = built(label(signal="up", weight=0.5), label(label=-1, signal="wrong_source", weight=0.7, giver="u:bob"))
    (one,) = made.examples
    assert (one.label, one.weight, one.givers, one.sources) == (1, 0.5, ("u:ann",), ("f-Leave-a-u:ann",))
    assert made.dropped == {"demotions that only one person wants": 1}
    # A curator's word is enough.
    assert rows(label(weight=0.5), label(label=-1, weight=0.7, giver="u:judge", trusted=True)) == {("Leave", "a"): -0.7}


def test_whose_word_is_enough_is_not_outvoted():
    others = [label(label=-1, giver=f"u:{number}") for number in range(3)]
    assert rows(label(trusted=True), *others) == {("Leave", "a"): 1.0}
    made = built(label(trusted=True), label(trusted=True, giver="u:judge", label=-1), *others)
    assert made.examples == ()


def test_a_chunk_that_answers_nearly_the_same_question_is_not_wrong():
    wrong = [label("Leave days", label=-1, giver=giver) for giver in ("u:bob", "u:cleo")]
    made = built(label("Leave"), *wrong)
    assert [(one.question, one.label) for one in made.examples] == [("Leave", 1)]
    assert made.dropped == {"wrong chunks that answer nearly the same question": 1}
    assert ("Pay", "a") in rows(label("Leave"), *(label("Pay", label=-1, giver=g) for g in ("u:bob", "u:cleo")))


def test_questions_that_differ_in_case_and_spacing_are_one():
    made = built(label("Leave  days?"), label("leave days?", giver="u:bob", chunk="b"))
    assert {one.question for one in made.examples} == {"Leave days?"}


def test_groups_hold_near_duplicates_conversations_and_reformulations_together():
    made = built(
        label("Leave", "a"),
        label("Leave days", "b"),
        label("Pay", "c", conversation="c1"),
        label("Bonus", "d", conversation="c1"),
        label("Wage", "e", source_id="f9"),
        label("Salary", "f", source_id="f9", signal="reformulated"),
        label("Parking", "g"),
    )
    groups = {one.question: one.group for one in made.examples}
    assert len(set(groups.values())) == 4
    for first, second in (("Leave", "Leave days"), ("Pay", "Bonus"), ("Wage", "Salary")):
        assert groups[first] == groups[second]


def test_what_is_asked_of_documents_that_are_not_for_all_changes_no_row_of_the_others():
    said = [label(f"question{n} of leave", chunk=f"a{n}") for n in range(8)]
    hidden = [label(f"QUESTION{n} of leave", chunk=SHUT, given_at=AT) for n in range(8)]
    told = [[replace(one, group="") for one in built(*labels).examples if one.open] for labels in (said, said + hidden)]
    assert told[0] == told[1]


def test_questions_are_scrubbed_before_anything_else():
    context = Context(standing, encode, lambda text: text.replace("ann@example.com", "[email 1]"))
    made = built(label("Who is ann@example.com?"), context=context)
    assert [one.question for one in made.examples] == ["Who is [email 1]?"]


@pytest.mark.parametrize("question", ["Ünïcode «ĸ» 🏖️?", "שלום עולם", "a\u0301b", "\udc80 lone", "x" * 4000, "\u200b a"])
def test_any_words_make_an_example(question):
    (one,) = built(label(question)).examples
    assert len(one.id) == 64


def test_the_outcome_does_not_depend_on_the_order():
    labels = [
        label(f"Question{n % 7}", f"d{n % 5}", giver=f"u:{n % 4}", label=1 if n % 3 else -1, given_at=AT + timedelta(n))
        for n in range(120)
    ]
    first = built(*labels)
    random.Random(7).shuffle(labels)
    again = built(*labels)
    ids = [(one.id, one.label, round(one.weight, 9), one.group) for one in first.examples]
    assert [(one.id, one.label, round(one.weight, 9), one.group) for one in again.examples] == ids
    assert again.dropped == first.dropped


def test_a_poisoners_votes_are_outweighed_and_seen():
    honest = [label(f"Question{n}", f"d{n}", giver=giver) for n in range(10) for giver in ("u:ann", "u:bob")]
    planted = [label(f"Question{n}", "planted", giver="u:eve") for n in range(10)]
    against = [label(f"Question{n}", f"d{n}", giver="u:eve", label=-1) for n in range(10)]
    made = built(*honest, *planted, *against)
    mine = {one.weight for one in made.examples if one.anchor.document_id == "planted"}
    assert max(mine) <= 0.1
    # Ten against the right chunks, all together half of what each may say in a week: every right chunk stays right.
    assert all(one.label > 0 for one in made.examples)
    assert made.givers[0].giver == "u:eve"
    assert made.givers[0].outlier


def test_ten_thousand_labels_take_seconds():
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(5000, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = [
        label(f"Q{n // 2:05}", f"d{n % 997}", giver=f"u:{n % 50}", label=1 if n % 5 else -1) for n in range(10_000)
    ]
    context = Context(standing, lambda questions: vectors[: len(questions)])
    began = time.process_time()
    assert len(built(*labels, context=context).examples) > 5000
    assert time.process_time() - began < 20
