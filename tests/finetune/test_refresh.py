"""What is live, made anew of more examples, beside itself as it is."""

from dataclasses import replace
from datetime import UTC, datetime
from time import sleep
from types import SimpleNamespace

import numpy as np

from finetune.gate import Terms
from finetune.instruments import Instruments
from finetune.questions import Question
from finetune.refresh import refresh
from finetune.types import Anchor, Example
from retrieval.learned import Learned

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
LIVE = Learned("live")


def example(number):
    question = f"question {number}"
    anchor = Anchor(f"d{number}", "0" * 64)
    giver = f"u:{number % 4}"
    return Example(question, question, anchor, 1, 0.5, ("up",), (f"f{number}",), (giver,), question, NOON)


def vectors(texts):
    """As unlike as can be, each text."""
    made = np.zeros((len(texts), 500), dtype=np.float32)
    made[np.arange(len(texts)), [int(text.split()[1]) for text in texts]] = 1
    return made


def instruments(total, anew_is_better=True, slow_ms=0.0, bends=False):
    """What is made anew puts the right document first, what is live second.

    Args:
        total: All questions there are: who was given fewer is asked none of those.
        anew_is_better: Or it ranks as what is live does.
        slow_ms: That it takes longer.
        bends: Whether planted votes bury the right documents.
    """

    def fit(recipe, examples):
        assert recipe == ("memory",)
        known = {one.question for one in examples}
        bent = bends and any(one.id == "planted" for one in examples)
        return Learned("bent" if bent else "anew", memory=SimpleNamespace(examples=known))

    def rank(learned, texts):
        asked = [f"d{text.split()[1]}" for text in texts]
        if learned.id == "live":
            return [["other", right] for right in asked]
        known = learned.memory.examples
        assert not known & set(texts) or len(known) == total
        sleep(slow_ms / 1000)
        if learned.id == "bent":
            return [[*(f"x{n}" for n in range(9)), right] for right in asked]
        return [[right, "other"] if anew_is_better else ["other", right] for right in asked]

    return Instruments(fit, rank, vectors, admit=lambda planted: [*all_of(total), *planted_rows(planted)])


def all_of(total):
    return [example(number) for number in (*range(40), *range(100, 60 + total))]


def planted_rows(votes):
    vote = votes[0]
    return [replace(example(100), id="planted", anchor=vote.anchor, givers=(vote.giver,))]


def judged(new, general=(), **options):
    everything = all_of(40 + new)
    made = instruments(len(everything), **options)
    return refresh(("memory",), (LIVE, everything[:40]), everything, made, Terms(general=general))


def outcomes(report):
    return {check.name: check.outcome for check in report.checks}


def test_what_knows_more_and_ranks_better_passes_on_the_new_questions_alone():
    report = judged(60)
    assert (report.verdict, report.questions) == ("passed", 60)
    # The right document moves from the second place to the first: 1 - 1/log2(3) = .369
    assert round(report.gain.value, 3) == 0.369


def test_until_enough_questions_are_new_nothing_is_measured():
    report = judged(10)
    assert (report.verdict, report.more_questions) == ("not_enough_data", 15)
    assert "10 of 25 questions that are new to what is live" in report.summary


def test_what_ranks_no_better_made_anew_is_refused():
    assert judged(60, anew_is_better=False).verdict == "refused"


def test_nothing_new_is_not_enough():
    assert judged(0).more_questions == 25


def test_what_costs_golden_questions_is_refused_made_anew_too():
    # Only what is live puts "other" first, which is right for these.
    golden = [Question(f"g{n}", f"golden {n}", (Anchor("other", ""),), f"g{n}", NOON, ()) for n in range(400, 430)]
    report = judged(60, general=golden)
    assert report.verdict == "refused"
    assert report.reasons[0].startswith("general: -0.3691")


def test_what_passes_has_paid_everything():
    found = outcomes(judged(60))
    assert (found["latency"], found["canary"], found["general"]) == ("passed", "passed", "not_measured")


def test_what_is_slower_made_anew_is_refused():
    report = judged(60, slow_ms=3.0)
    assert report.verdict == "refused"
    assert report.reasons[0].startswith("latency: p95")
    assert "canary" not in outcomes(report)


def test_what_one_person_could_bury_made_anew_is_refused():
    report = judged(60, bends=True)
    assert report.verdict == "refused"
    assert report.reasons[0].startswith("canary: the votes of one person")


def test_what_gained_nothing_is_asked_nothing_more():
    assert set(outcomes(judged(60, anew_is_better=False))) == {"leaks", "slices"}
