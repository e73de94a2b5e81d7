"""Whether an adapter of the language model answers better, by what both sides said."""

from dataclasses import replace

import pytest

from finetune.generator_gate import Names, Replies, judge_generator
from finetune.generator_parts import Parted
from finetune.generator_rows import Row, Rows
from finetune.verdict import GateReport
from retrieval.prompt import NOT_ANSWERED

NAMES = Names(("memory", "generator"), ("memory",))
RIGHT = "Roses are watered daily. [1]"
BARE = "Roses are watered daily."
WRONG = "Oaks grow slowly in heavy soil. [1]"
DECLINING = (Row((), NOT_ANSWERED),) * 20


def parted(count=25, declining=DECLINING):
    rows = tuple(Row((), RIGHT, question=f"Question {n}?", passages=1) for n in range(count))
    return Parted(Rows(), rows, tuple(f"g{n}" for n in range(count)), declining)


def judged(before, after, *, declined=(20, 20), count=25):
    sides = [
        Replies([said] * count, [NOT_ANSWERED] * none + [RIGHT] * (20 - none))
        for said, none in zip((before, after), declined, strict=True)
    ]
    return judge_generator(parted(count), *sides, NAMES, seed=1)


def check(report, name):
    return next(one for one in report.checks if one.name == name)


def test_answers_that_come_to_cite_pass():
    report = judged(BARE, RIGHT)
    assert (report.verdict, report.recipe, report.against) == ("passed", NAMES.recipe, NAMES.against)
    assert (check(report, "citations").value, check(report, "likeness").value) == (1.0, 0.0)
    assert "citations +1.0000 to 1.0000" in report.summary
    assert report.gain.value == 1.0


def test_answers_that_come_to_say_what_was_corrected_pass():
    report = judged(WRONG, RIGHT)
    assert report.verdict == "passed"
    assert check(report, "likeness").value == 1.0


def test_citations_won_at_the_price_of_what_is_said_are_refused():
    report = judged(BARE, "Oaks grow slowly in heavy soil. [1]")
    assert report.verdict == "refused"
    assert check(report, "likeness").outcome == "refused"


def test_whoever_answers_what_it_declined_is_refused():
    report = judged(BARE, RIGHT, declined=(20, 18))
    assert report.verdict == "refused"
    assert "declines 18 of 20 questions whose passages answer nothing, after 20" in report.summary
    assert judged(BARE, RIGHT, declined=(20, 19)).passed


def test_what_declines_nothing_as_it_is_has_nothing_to_lose():
    assert check(judged(BARE, RIGHT, declined=(0, 0)), "abstentions").outcome == "not_measured"


def test_the_same_answers_gain_nothing():
    report = judged(RIGHT, RIGHT)
    assert (report.verdict, report.more_questions) == ("refused", None)


def test_below_25_questions_it_is_said_how_many_more_corrections_it_takes():
    report = judged(BARE, RIGHT, count=20)
    # A fifth is held out: five more of those are 25 more corrections.
    assert (report.verdict, report.more_questions) == ("not_enough_data", 25)


def test_a_model_that_was_too_slow_is_no_lack_of_corrections():
    said = [Replies([text] * 10, []) for text in (BARE, RIGHT)]
    report = judge_generator(parted(40), *said, NAMES, seed=1)
    assert (report.verdict, report.more_questions) == ("not_enough_data", None)
    assert "answered 10 of 40 questions in the time there was" in report.summary


def test_a_gain_that_may_be_chance_asks_for_more():
    before = Replies([BARE] * 25, [])
    after = Replies([RIGHT] * 2 + [BARE] * 23, [])
    report = judge_generator(parted(declining=()), before, after, NAMES, seed=1)
    assert report.verdict == "not_enough_data"
    assert report.more_questions % 5 == 0


def test_questions_of_one_group_are_one_observation():
    one = replace(parted(), groups=("g",) * 25)
    said = [Replies([text] * 25, []) for text in (BARE, RIGHT)]
    assert judge_generator(one, *said, NAMES, seed=1).verdict == "not_enough_data"


def test_a_report_can_be_kept_and_read():
    report = judged(BARE, RIGHT)
    assert GateReport.from_json(report.as_json()).summary == report.summary
    assert "Question" not in str(report.as_json())


@pytest.mark.parametrize("said", [NOT_ANSWERED, f"{NOT_ANSWERED}."])
def test_an_answer_that_is_none_is_like_no_correction(said):
    assert check(judged(said, RIGHT), "likeness").value == 1.0
