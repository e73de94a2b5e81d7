"""A world in which the right document of question n is d<n>, and every recipe says where it puts it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from eval.statistics import holm
from finetune.checks import general, latency, sealed, slices
from finetune.gain import MAX_DRAWN, gain_of, spread_of
from finetune.gate import SEALED_FROM, Terms, examine, examine_artifact, seal_of
from finetune.instruments import Instruments
from finetune.questions import questions_of
from finetune.types import Anchor, Example
from finetune.verdict import LEAST_QUESTIONS, Check, GateReport, decide, gained, missing_for, together
from retrieval.learned import Learned

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def second(_n):
    return 2


RANKS = {
    "": second,
    "memory": lambda n: (1, 2, 2)[n % 3],  # a third of the questions rise from the second rank to the first
    "fusion": lambda n: (1, 2, 3)[n % 3],  # as many fall as rise, but to the third
    "query_adapter": lambda n: (5, 2, 2)[n % 3],
    "reranker": second,
}


def row(n, **changes):
    example = Example(
        id=f"e{n}",
        question=f"question {n}",
        anchor=Anchor(f"d{n}", "text"),
        label=1,
        weight=1.0,
        signals=("given",),
        sources=(f"s{n}",),
        givers=("u:curator", "u:other"),
        group=f"g{n}",
        given_at=DAY + timedelta(days=n),
    )
    return replace(example, **changes)


def rows(count, **changes):
    return [row(n, **changes) for n in range(count)]


class World:
    """Learns nothing and ranks by the name of the recipe; remembers what it was given."""

    def __init__(self, ranks=None):
        self.ranks = RANKS | (ranks or {})
        self.fitted, self.asked = [], []

    def fit(self, recipe, examples):
        self.fitted.append((recipe, [example.question for example in examples]))
        return Learned("+".join(recipe))

    def rank(self, learned, questions):
        self.asked.append((learned.id, list(questions)))
        return [self._ranking(learned.id, int(question.split()[1])) for question in questions]

    def _ranking(self, recipe, n):
        others = [f"x{place}" for place in range(9)]
        place = self.ranks[recipe](n) - 1
        return [*others[:place], f"d{n}", *others[place:]]

    @staticmethod
    def vectors(texts):
        return np.eye(1000, dtype=np.float32)[[int(text.split()[1]) for text in texts]]

    def instruments(self, **options):
        return Instruments(self.fit, self.rank, self.vectors, **options)


def judged(recipe, examples, world=None, live=(), **terms):
    world = world or World()
    (report,) = examine([(recipe,)], live, examples, world.instruments(), Terms(**terms))
    return report


def outcomes(report):
    return {check.name: check.outcome for check in report.checks}


# what passes and what does not


def test_a_candidate_that_gains_passes():
    report = judged("memory", rows(60))
    assert report.passed
    # A third rises from the second rank, 1 / log2(3) = .6309, to the first: (1 - .6309) / 3
    assert report.gain.value == pytest.approx(0.1230, abs=1e-4)
    assert report.gain.bound > 0
    assert report.questions == 60


def test_a_candidate_that_loses_as_often_as_it_gains_does_not():
    # A third gains .3691, a third loses .6309 - .5 = .1309
    better = judged("fusion", rows(60))
    assert better.gain.value == pytest.approx((0.3691 - 0.1309) / 3, abs=1e-4)
    worse = judged("fusion", rows(60), World({"fusion": lambda n: (1, 4, 4)[n % 3]}))
    assert worse.verdict == "refused"
    assert worse.reasons[0].startswith("no gain found")


def test_a_candidate_that_loses_is_refused():
    report = judged("query_adapter", rows(60))
    assert report.verdict == "refused"
    assert report.gain.value < 0
    assert report.more_questions is None


def test_a_candidate_that_changes_nothing_is_refused():
    report = judged("reranker", rows(60))
    assert report.verdict == "refused"
    assert report.gain.value == 0


def test_with_few_questions_it_says_how_many_more_and_measures_nothing():
    world = World()
    report = judged("memory", rows(10), world)
    assert (report.verdict, report.more_questions) == ("not_enough_data", LEAST_QUESTIONS - 10)
    assert world.fitted == []
    assert (
        report.summary
        == "memory: not enough data: 15 more questions; 10 of 25 labelled questions, nearly the same ones counted once"
    )


@pytest.mark.parametrize("examples", [[], rows(1), rows(60, label=-1)])
def test_without_labelled_questions_there_is_not_enough_data(examples):
    assert judged("memory", examples).verdict == "not_enough_data"


def test_questions_of_one_group_are_one_observation():
    examples = [row(n, group=f"g{n // 10}") for n in range(200)]
    report = judged("memory", examples)
    # 200 questions, 20 groups
    assert (report.verdict, report.more_questions) == ("not_enough_data", 5)


def test_a_gain_that_may_be_chance_asks_for_more_questions():
    # Two of 30 questions gain .37: a permutation test cannot tell it from luck
    report = judged("memory", rows(30), World({"memory": lambda n: 1 if n < 2 else 2}))
    assert report.verdict == "not_enough_data"
    assert report.more_questions == missing_for(report.gain) > 0


def test_what_is_live_is_made_anew_too_and_is_what_counts():
    world = World()
    report = judged("fusion", rows(60), world, live=("memory",))
    assert report.verdict == "refused"
    assert report.against == ("memory",)
    assert {recipe for recipe, _ in world.fitted} == {("memory",), ("fusion",)}


# what was learned from is not measured


def test_nothing_is_measured_by_what_learned_from_it():
    world = World()
    judged("memory", rows(60), world)
    folds = {}
    for (recipe, known), (name, asked) in zip(world.fitted, world.asked, strict=False):
        assert "+".join(recipe) == name
        assert not set(known) & set(asked)
        folds.setdefault(recipe, []).extend(asked)
    assert all(len(asked) == len(set(asked)) == 60 for asked in folds.values())


def test_nearly_the_same_question_in_another_group_is_not_learned_from():
    class Twins(World):
        @staticmethod
        def vectors(texts):
            # Questions 2k and 2k + 1 are one question in other words
            return np.eye(1000, dtype=np.float32)[[int(text.split()[1]) // 2 for text in texts]]

    world = Twins()
    judged("memory", rows(60), world)
    for (_, known), (_, asked) in zip(world.fitted, world.asked, strict=False):
        places = {int(question.split()[1]) // 2 for question in known}
        assert not places & {int(question.split()[1]) // 2 for question in asked}


def test_a_candidate_that_remembers_what_it_was_not_given_is_refused_by_name():
    class Cheat(World):
        def fit(self, recipe, examples):
            super().fit(recipe, examples)
            return Learned("+".join(recipe), memory=SimpleNamespace(examples=tuple(f"e{n}" for n in range(60))))

    report = judged("memory", rows(60), Cheat())
    assert report.verdict == "refused"
    assert report.reasons[0].startswith("leaks: example e")


def test_a_file_that_learned_from_the_questions_is_refused_however_well_it_does():
    questions = questions_of(rows(60))
    scores = np.full(60, 0.5), np.ones(60)
    leaked = examine_artifact(("embedder",), scores, questions, rows(1), vectors=World.vectors)
    assert leaked.verdict == "refused"
    assert "example e0" in leaked.reasons[0]
    clean = examine_artifact(("embedder",), scores, questions, [row(n) for n in range(60, 90)], vectors=World.vectors)
    assert clean.passed


# the sealed test


def test_the_newest_questions_are_sealed_until_the_end():
    world = World()
    report = judged("memory", rows(SEALED_FROM), world)
    assert report.passed
    assert outcomes(report)["sealed"] == "passed"
    newest = {f"question {n}" for n in range(SEALED_FROM - SEALED_FROM // 5, SEALED_FROM)}
    assert not any(newest & set(known) for _, known in world.fitted)
    assert {name for name, asked in world.asked if newest & set(asked)} == {"", "memory"}


def test_the_sealed_test_opens_once():
    first = judged("memory", rows(SEALED_FROM))
    assert first.seal is not None
    again = judged("memory", rows(SEALED_FROM), opened={first.seal}, seed=2)
    assert again.verdict == "refused"
    assert "opens once" in again.reasons[0]
    assert again.seal is None


def test_what_does_not_gain_leaves_the_sealed_test_shut():
    world = World()
    report = judged("query_adapter", rows(SEALED_FROM), world)
    assert report.seal is None
    assert f"question {SEALED_FROM - 1}" not in {question for _, asked in world.asked for question in asked}


def test_a_gain_that_only_the_past_had_is_refused():
    newest = SEALED_FROM - SEALED_FROM // 5
    report = judged("memory", rows(SEALED_FROM), World({"memory": lambda n: 1 if n < newest else 9}))
    assert report.verdict == "refused"
    assert report.reasons[0].startswith("sealed")


def test_a_seal_depends_on_recipe_and_questions_alone():
    questions = questions_of(rows(3))
    assert seal_of(("memory",), questions) == seal_of(("memory",), questions[::-1])
    assert seal_of(("memory",), questions) != seal_of(("memory", "fusion"), questions)
    assert seal_of(("memory",), questions) != seal_of(("memory",), questions[:2])


# what it must not cost


def test_a_general_set_that_loses_is_refused():
    others = questions_of([row(n) for n in range(500, 560)])
    ranks = {"memory": lambda n: 1 if n < 500 else 4}
    report = judged("memory", rows(60), World(ranks), general=others)
    assert outcomes(report)["general"] == "refused"


def test_a_small_general_set_that_cannot_rule_a_loss_out_asks_for_more():
    change = np.array([0.07, -0.07] * 10)
    check = general(np.full(20, 0.5), 0.5 + change, [str(n) for n in range(20)], seed=1)
    assert check.outcome == "not_enough_data"
    assert check.more_questions > 0
    same = general(np.full(20, 0.5), np.full(20, 0.5), [str(n) for n in range(20)], seed=1)
    assert same.outcome == "passed"


def test_nobody_is_sent_for_thousands_of_golden_questions():
    # One of 25 falls from the second place to none: -.0148, which 2,060 questions could tell from -.02
    lost = np.where(np.arange(25) == 0, 0.37, 0.0)
    found = general(np.full(25, 0.8), 0.8 - lost, [str(n) for n in range(25)], seed=1)
    assert (found.outcome, found.more_questions) == ("not_enough_data", None)
    gain = judged("memory", rows(60)).gain
    assert decide(gain, 0.001, [found])[::2] == ("not_enough_data", None)


def test_a_kind_of_question_that_loses_is_refused_from_thirty_questions_on():
    def kind(example):
        return ["few"] if int(example.id[1:]) < 29 else ["many"]

    def loser(first):
        return World({"memory": lambda n: 3 if (n < 29) == first else 1})

    examples = rows(130)
    few = judged("memory", examples, loser(first=True), slices=kind)
    assert outcomes(few)["slices"] == "passed"
    assert few.passed
    questions = questions_of(examples, slices=kind)
    lost = np.array([-0.06 if question.slices == ("many",) else 0.5 for question in questions])
    check = slices(questions, np.zeros(130), lost)
    assert check.outcome == "refused"
    assert check.value == pytest.approx(-0.06)


def test_a_candidate_may_take_a_tenth_longer():
    before = np.full(50, 100.0)
    assert latency(before, before * 1.1).outcome == "passed"
    assert latency(before, before * 1.12).outcome == "refused"


def test_a_millisecond_is_no_slowness():
    assert latency(np.full(50, 2.0), np.full(50, 2.9)).outcome == "passed"


def test_the_sealed_test_may_lose_a_little_by_chance():
    assert sealed(np.full(40, 0.5), np.full(40, 0.48)).outcome == "passed"
    assert sealed(np.full(40, 0.5), np.full(40, 0.47)).outcome == "refused"


# several candidates, chance and reports


def test_every_candidate_of_a_run_makes_the_others_harder_to_believe():
    ranks = {"fusion": lambda n: 1 if n % 12 == 0 else 2}
    alone = judged("fusion", rows(60), World(ranks))
    among = examine([("fusion",), ("query_adapter",), ("reranker",)], (), rows(60), World(ranks).instruments(), Terms())
    assert among[0].gain == alone.gain
    assert among[0].p_adjusted == pytest.approx(3 * alone.p_adjusted)
    assert [report.p_adjusted for report in among] == pytest.approx(
        list(holm([report.gain.p_better for report in among]))
    )
    assert alone.passed
    assert not among[0].passed


def test_what_was_measured_apart_counts_among_the_candidates_of_the_run_too():
    ranks = {"fusion": lambda n: 1 if n % 12 == 0 else 2}
    alone = judged("fusion", rows(60), World(ranks))
    assert alone.passed
    apart = [replace(judged("reranker", rows(60), World(ranks)), against=("reranker",)) for _ in range(2)]
    first, *others = together([alone, *apart])
    assert first.p_adjusted == pytest.approx(3 * alone.p_adjusted)
    assert first.verdict == "not_enough_data"
    assert first.more_questions >= 1
    assert [report.verdict for report in others] == ["refused", "refused"]
    assert together([alone]) == [alone]


def test_what_was_never_measured_counts_for_nothing_among_candidates():
    few = judged("memory", rows(5))
    good = judged("memory", rows(60))
    assert together([few, good]) == [few, good]


@pytest.mark.parametrize("n", [25, 100])
def test_of_candidates_that_gain_nothing_one_in_twenty_passes_at_most(n):
    rng, passed, runs = np.random.default_rng(3), 0, 100
    for seed in range(runs):
        changed = np.where(rng.random(n) < 2 / 3, 0.0, rng.choice([-1, 1], n) * rng.choice([0.13, 0.37, 0.63], n))
        gain = gain_of(np.full(n, 0.5), 0.5 + changed, [str(place) for place in range(n)], seed=seed)
        passed += gained(gain, gain.p_better)
    # 3.5 % of 100, two standard deviations above it
    assert passed <= 7


def test_a_gain_needs_both_the_bound_and_the_permutations():
    gain = judged("memory", rows(60)).gain
    assert gained(gain, 0.03)
    assert not gained(gain, 0.04)
    assert not gained(replace(gain, bound=-0.001), 0.01)
    assert not gained(replace(gain, questions=24), 0.01)


def test_a_gain_that_one_question_could_undo_is_none():
    # .02 on 30 of 60 questions is no chance; one that falls from the second place to none loses .63
    trifle = gain_of(np.full(60, 0.5), np.repeat([0.5, 0.52], 30), [str(n) for n in range(60)], seed=1)
    assert trifle.bound > 0
    assert trifle.p_better < 0.01
    assert not gained(trifle, trifle.p_better)
    assert decide(trifle, trifle.p_better, [])[0] == "not_enough_data"


def test_what_a_check_cannot_tell_is_not_passed():
    gain = judged("memory", rows(60)).gain
    unsure = Check("general", "not_enough_data", "few", more_questions=7)
    assert decide(gain, 0.001, [unsure]) == ("not_enough_data", ("general: few",), 7)
    assert decide(gain, 0.001, [unsure, Check("leaks", "refused", "e1")])[0] == "refused"


def test_a_report_names_the_questions_that_change_the_most_and_quotes_none():
    report = judged("fusion", rows(60))
    ids = {question.id for question in questions_of(rows(60))}
    assert len(report.gains) == len(report.losses) == 10
    assert {change.question for change in (*report.gains, *report.losses)} < ids
    assert all(change.value > 0 for change in report.gains)
    assert all(change.value < 0 for change in report.losses)
    assert "question 1" not in json.dumps(report.as_json())


def test_a_report_says_how_the_gain_lies_over_the_questions_and_names_none():
    report = judged("fusion", rows(60))
    spread = report.spread
    assert len(spread.differences) == 60
    assert list(spread.differences) == sorted(spread.differences, reverse=True)
    assert sum(spread.differences) / 60 == pytest.approx(report.gain.value)
    assert {kind.name for kind in spread.kinds} >= {"readers=everybody"}
    assert all(kind.low <= kind.value <= kind.high for kind in spread.kinds)


def test_of_more_questions_than_a_picture_shows_apart_some_are_drawn_from_end_to_end():
    # 2,000 differences from -1 to +1: of 500 evenly taken the ends and the mean stay
    asked = [replace(questions_of(rows(1))[0], group=str(place)) for place in range(2000)]
    spread = spread_of(asked, np.zeros(2000), np.linspace(-1, 1, 2000), seed=1)
    assert len(spread.differences) == MAX_DRAWN
    assert (spread.differences[0], spread.differences[-1]) == (1, -1)
    assert sum(spread.differences) == pytest.approx(0, abs=1e-9)


def test_a_report_of_a_time_before_it_held_the_spread_is_read():
    old = {name: value for name, value in judged("fusion", rows(60)).as_json().items() if name != "spread"}
    assert GateReport.from_json(old).spread is None


@pytest.mark.parametrize("count", [10, 60, SEALED_FROM])
def test_a_report_survives_json(count):
    report = judged("memory", rows(count))
    text = json.dumps(report.as_json())
    again = GateReport.from_json(json.loads(text))
    assert json.dumps(again.as_json()) == text
    assert (again.verdict, again.recipe, again.seal, again.checks) == (
        report.verdict,
        report.recipe,
        report.seal,
        tuple(replace(check, value=None if check.value is None else round(check.value, 4)) for check in report.checks),
    )


def test_the_same_seed_gives_the_same_report():
    first, again = judged("fusion", rows(60)), judged("fusion", rows(60)[::-1])
    assert first.gain == again.gain
    assert (first.gains, first.losses) == (again.gains, again.losses)


def test_it_says_how_far_it_is():
    heard = []
    examine([("memory",)], (), rows(60), World().instruments(tell=heard.append))
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert len(heard) == 10
