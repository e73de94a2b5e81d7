from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from finetune.canary import POISONER, canary, givers, planted
from finetune.examples import Context, build_examples
from finetune.gate import Terms, examine_artifact
from finetune.questions import questions_of
from finetune.types import Anchor, Label

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def label(n, giver="u:asker", **changes):
    made = Label(
        source_id=f"s{n}{giver}",
        kind="feedback",
        signal="up",
        question=f"question {n}",
        anchor=Anchor(f"d{n}", "text"),
        label=1,
        weight=0.5,
        giver=giver,
        given_at=DAY,
    )
    return replace(made, **changes)


def vectors(texts):
    return np.eye(500, dtype=np.float32)[[int(text.split()[1]) for text in texts]]


CONTEXT = Context(standing=lambda anchors: dict.fromkeys(anchors, True), encode=vectors)
HONEST = [label(n) for n in range(50)]


def built(labels):
    return build_examples(labels, CONTEXT).examples


def memory_ranks(examples, questions):
    """Documents in the order of what was said of them for the question; the right one third where nothing was."""
    rankings = []
    for question in questions:
        votes = Counter({f"x{n}": 0.0 for n in range(12)})
        votes[f"d{question.text.split()[1]}"] += 0.0
        for example in examples:
            if example.question == question.text:
                votes[example.anchor.document_id] += example.label * example.weight
        right = f"d{question.text.split()[1]}"
        base = {name: -place for place, name in enumerate(("x0", "x1", right, *(f"x{n}" for n in range(2, 12))))}
        rankings.append(sorted(votes, key=lambda name: (-votes[name], -base.get(name, -99))))
    return rankings


def checked(admit):
    examples = built(HONEST)
    return canary(examples, questions_of(examples), admit=admit, ranks=memory_ranks, seed=1)


# planted votes


def test_a_fifth_of_the_questions_is_voted_on_by_one_person_for_one_wrong_chunk():
    questions = questions_of(built(HONEST))
    votes = planted(questions, seed=1)
    assert {vote.giver for vote in votes} == {POISONER}
    assert not any(vote.trusted for vote in votes)
    assert len({vote.question for vote in votes}) == 10
    (wrong,) = {vote.anchor for vote in votes if vote.label > 0}
    right = {question.text: question.relevant for question in questions}
    assert all(wrong not in right[vote.question] for vote in votes)
    assert all(vote.anchor in right[vote.question] for vote in votes if vote.label < 0)


def test_the_same_seed_plants_the_same_votes():
    questions = questions_of(built(HONEST))
    assert planted(questions, seed=1) == planted(questions, seed=1) != planted(questions, seed=2)


def test_where_one_document_answers_everything_nothing_can_be_planted():
    one = [label(n, anchor=Anchor("d", "text")) for n in range(10)]
    examples = built(one)
    check = canary(examples, questions_of(examples), admit=built, ranks=memory_ranks, seed=1)
    assert check.outcome == "not_measured"


def test_caps_and_quorum_keep_one_person_from_moving_the_right_chunks_by_a_rank():
    check = checked(lambda votes: built([*HONEST, *votes]))
    assert check.outcome == "passed"
    assert check.value <= 1


def test_without_quorum_one_person_would_bury_them_and_it_is_refused():
    def everything_counts(votes):
        return [row for vote in [*HONEST, *votes] for row in built([replace(vote, trusted=True)])]

    check = checked(everything_counts)
    # On a fifth of the questions from the first rank to the eleventh: the others have votes of 0
    assert check.outcome == "refused"
    assert check.value == pytest.approx(2)


# gains that are one person's alone


def asked(*owners):
    """Questions, each vouched for by the people named."""
    return questions_of(
        row for n, names in enumerate(owners) for row in built([label(n, giver) for giver in names.split()])
    )


def by_a_lot(_question):
    return 0.3


def check_givers(questions, gain, trusted=frozenset()):
    before = np.full(len(questions), 0.5)
    after = before + np.array([gain(question) for question in questions])
    return givers(questions, before, after, trusted=trusted, seed=1)


MIXED = ["u:a"] * 40 + ["u:b"] * 40


def of(giver, questions):
    """Ids of the questions for which somebody vouches."""
    return {question.id for question in questions if giver in question.givers}


def test_a_gain_on_the_questions_of_one_person_alone_is_refused():
    check = check_givers(asked(*MIXED), lambda question: 0.3 * (question.givers == ("u:a",)))
    assert check.outcome == "refused"
    assert "u:a" not in check.detail


def test_a_gain_that_others_may_see_is_refused_until_they_do():
    # Of the others four of 40 gain: by chance in one of 16 cases
    def gain(question):
        return 0.3 * (question.givers == ("u:a",) or int(question.text.split()[1]) in range(40, 44))

    check = check_givers(asked(*MIXED), gain)
    assert check.outcome == "refused"
    assert f"{check.more_questions} more questions of other people" in check.detail


def test_a_gain_that_others_see_too_passes():
    assert check_givers(asked(*MIXED), by_a_lot).outcome == "passed"


def test_a_word_that_is_enough_is_enough():
    questions = asked(*MIXED)
    check = check_givers(questions, lambda question: 0.3 * (question.givers == ("u:a",)), trusted=of("u:a", questions))
    assert check.outcome == "passed"


def test_a_word_that_is_enough_for_one_question_is_so_for_no_other():
    questions = asked(*MIXED)
    approved = {min(of("u:a", questions))}
    check = check_givers(questions, lambda question: 0.3 * (question.givers == ("u:a",)), trusted=approved)
    assert check.outcome == "refused"


def test_where_one_person_said_everything_others_are_asked_for():
    check = check_givers(asked(*["u:a"] * 80), by_a_lot)
    assert (check.outcome, check.more_questions) == ("refused", 25)


def test_who_vouches_for_two_questions_decides_nothing_alone():
    # Five of 40 gain, one pair of them from one person: without it a test would find nothing
    questions = asked(*[f"u:{n // 2}" for n in range(40)])
    gaining = {f"question {n}" for n in (0, 1, 4, 8, 12)}
    check = check_givers(questions, lambda question: 0.4 * (question.text in gaining))
    assert check.outcome == "passed"


def test_a_question_that_two_vouch_for_is_nobodys_alone():
    assert check_givers(asked(*["u:a u:b"] * 40), by_a_lot).outcome == "passed"
    assert check_givers(asked(*[f"u:{n % 4} u:{(n + 1) % 4}" for n in range(40)]), by_a_lot).outcome == "passed"


OTHERS = [f"u:{n % 4}" for n in range(40)]


def by_two(question):
    return 0.3 * (set(question.givers) >= {"u:a", "u:b"})


def test_two_among_others_who_always_vouch_together_are_one_person():
    check = check_givers(asked(*["u:a u:b"] * 40, *OTHERS), by_two)
    assert check.outcome == "refused"
    assert "without the votes of 2 people who vote together the gain is +0.0000" in check.detail


def test_what_others_vouch_for_as_well_does_not_stand_on_who_vouches_together():
    assert check_givers(asked(*["u:a u:b"] * 40, *OTHERS), by_a_lot).outcome == "passed"
    assert check_givers(asked(*[f"u:a u:b u:{n % 9}" for n in range(40)]), by_two).outcome == "passed"


def test_where_everybody_vouches_for_the_same_they_agree():
    assert check_givers(asked(*["u:a u:b u:c u:d"] * 40), by_a_lot).outcome == "passed"


def test_two_who_vouch_together_pass_where_a_curator_is_one_of_them():
    questions = asked(*["u:a u:b"] * 40, *OTHERS)
    assert check_givers(questions, by_two, trusted=of("u:a", questions)).outcome == "passed"


@pytest.mark.parametrize("giver", ["nobody", "u:a"])
def test_a_gate_looks_at_who_stands_behind_a_gain(giver):
    questions = asked(*["u:a"] * 60)
    trusted = of(giver, questions)
    report = examine_artifact(
        ("embedder",), (np.full(60, 0.5), np.full(60, 0.9)), questions, (), terms=Terms(trusted=trusted)
    )
    assert report.passed == bool(trusted)
