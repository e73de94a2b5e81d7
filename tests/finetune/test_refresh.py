"""What is live, made anew of more examples, beside itself as it is."""

from datetime import UTC, datetime

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


def instruments(anew_is_better=True):
    """What is made anew puts the right document first, what is live second; notes what it was made of."""
    fitted = []

    def fit(recipe, examples):
        assert recipe == ("memory",)
        fitted.append({one.question for one in examples})
        return Learned("anew")

    def rank(learned, texts):
        asked = [f"d{text.split()[1]}" for text in texts]
        if learned.id == "anew":
            assert not fitted[-1] & set(texts)
        better = learned.id == "anew" and anew_is_better
        return [[right, "other"] if better else ["other", right] for right in asked]

    return Instruments(fit, rank, vectors)


def judged(new, general=(), **options):
    old = [example(number) for number in range(40)]
    everything = old + [example(number) for number in range(100, 100 + new)]
    return refresh(("memory",), (LIVE, old), everything, instruments(**options), Terms(general=general))


def test_what_knows_more_and_ranks_better_passes_on_the_new_questions_alone():
    report = judged(60)
    assert (report.verdict, report.questions) == ("passed", 60)
    # The right document moves from the second place to the first: 1 - 1/log2(3) = .369
    assert round(report.gain.value, 3) == 0.369


def test_until_enough_questions_are_new_nothing_is_measured():
    report = judged(10)
    assert (report.verdict, report.more_questions) == ("not_enough_data", 15)


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
