"""Whether a candidate is better than what is live, measured by questions that it did not learn from.

A recipe is judged, not an artifact: in every fold both what is live and the candidate are made anew of the other folds
and asked the questions of this one. What is then made of all examples by the same recipe knows more, not less.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from eval.statistics import Difference, FloatArray, holm
from finetune import canary, checks, costs
from finetune.folds import folds_of, newest
from finetune.gain import gain_of, spread_of
from finetune.instruments import Instruments, Recipe
from finetune.leaks import Leak, Vectors, leaks
from finetune.questions import Question, Slices, kinds, questions_of
from finetune.types import Example
from finetune.verdict import LEAST_QUESTIONS, Check, GateReport, changes, checked, decide, gained, too_few
from retrieval.learned import Learned

SEALED_FROM = 200
"""Groups of questions from which the newest fifth is kept apart: of fewer it would be too small to contradict anything,
and the folds would miss it."""

_SEALED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a candidate is judged, beside its gain.

    Attributes:
        trusted: Ids of questions for which somebody vouches whose word alone is enough.
        general: Questions that nothing is learned about.
        slices: Names the kinds of question.
        opened: Seals of earlier reports; what they sealed is not looked at again.
    """

    seed: int = 1
    trusted: AbstractSet[str] = frozenset()
    general: Sequence[Question] = ()
    slices: Slices = kinds
    opened: AbstractSet[str] = frozenset()


def examine(
    candidates: Sequence[Recipe],
    live: Recipe,
    examples: Sequence[Example],
    instruments: Instruments,
    terms: Terms | None = None,
) -> tuple[GateReport, ...]:
    """Judge the candidates of one run.

    Args:
        candidates: Recipes.
        live: Recipe of what serves; empty where nothing is learned.
        examples: The whole training set.
        instruments: Learn and rank.
        terms: What else counts.

    Returns:
        One report a candidate, in order.
    """
    return _Trial(live, examples, instruments, terms or Terms()).judge(candidates)


def examine_artifact(
    recipe: Recipe,
    scores: tuple[FloatArray, FloatArray],
    questions: Sequence[Question],
    trained_on: Sequence[Example],
    *,
    vectors: Vectors | None = None,
    terms: Terms | None = None,
) -> GateReport:
    """Judge what cannot be made anew in every fold: an embedder, or a file that was brought in.

    Args:
        recipe: What it calls itself.
        scores: nDCG@10 of each question by what is live, and by the artifact; each of shape (questions,).
        questions: It must not have learned from any of them.
        trained_on: All that it learned from.
        vectors: Find questions that are nearly the same; None compares texts and groups.
        terms: What else counts; no general set and no seal.

    Returns:
        The report; refused by name where a question leaked, however well it did. What it costs besides is measured
        apart, by ``with_costs``.
    """
    terms, (before, after) = terms or Terms(), scores
    gain = gain_of(before, after, [question.group for question in questions], seed=terms.seed)
    made = [
        checks.unleaked(leaks(trained_on, questions, vectors=vectors)),
        checks.slices(questions, before, after),
    ]
    if gained(gain, gain.p_better):
        made.append(canary.givers(questions, before, after, trusted=terms.trusted, seed=terms.seed))
    return _report(recipe, (), _Scored(questions, before, after, gain, gain.p_better), made, seed=terms.seed)


def with_costs(
    report: GateReport, sides: costs.Sides, questions: Sequence[Question], instruments: Instruments, terms: Terms
) -> GateReport:
    """Have what passed pay: golden questions, time, and planted votes, up to the first that refuses it.

    Args:
        report: Of ``examine_artifact``.
        sides: The candidate, and what is live.
        questions: For their time.
        instruments: Rank, and say how labels become examples.
        terms: With the general set.

    Returns:
        The report with these checks, and the verdict that follows; as it is where it had not passed.
    """

    def general() -> Check:
        before, after = (instruments.score(side, terms.general) for side in (sides.live, sides.candidate))
        return checks.general(before, after, [question.group for question in terms.general], seed=terms.seed)

    def latency() -> Check:
        return costs.latency(instruments, sides.live, sides.candidate, questions)

    def poisoning() -> Check:
        return costs.poisoning(instruments, sides.make, sides.examples, seed=terms.seed, kept=sides.kept)

    for check in (general, latency, poisoning):
        if report.passed:
            report = checked(report, check())
    return report


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """A candidate beside what is live, question by question; both arrays of shape (questions,)."""

    questions: Sequence[Question]
    before: FloatArray
    after: FloatArray
    gain: Difference
    p_adjusted: float | None


@dataclass(frozen=True, eq=False)
class _Trial:
    live: Recipe
    examples: Sequence[Example]
    instruments: Instruments
    terms: Terms
    open: list[Question] = field(default_factory=list)
    sealed: list[Question] = field(default_factory=list)
    leaked: dict[Recipe, list[Leak]] = field(default_factory=dict)
    made: dict[Recipe, Learned] = field(default_factory=dict)

    def judge(self, candidates: Sequence[Recipe]) -> tuple[GateReport, ...]:
        self._part()
        groups = [question.group for question in self.open]
        if len(set(groups)) < LEAST_QUESTIONS:
            return tuple(too_few(recipe, self.live, len(set(groups)), seed=self.terms.seed) for recipe in candidates)
        scores = self._scores({self.live, *candidates})
        before = scores[self.live]
        gains = [gain_of(before, scores[recipe], groups, seed=self.terms.seed) for recipe in candidates]
        adjusted = holm([gain.p_better for gain in gains])
        return tuple(
            self._judged(recipe, _Scored(self.open, before, scores[recipe], gain, p))
            for recipe, gain, p in zip(candidates, gains, adjusted, strict=True)
        )

    def _part(self) -> None:
        """Keep the newest questions apart, where there are enough."""
        questions = questions_of(self.examples, slices=self.terms.slices)
        groups = [question.group for question in questions]
        share = _SEALED_SHARE if len(set(groups)) >= SEALED_FROM else 0.0
        apart = newest(groups, [question.asked_at for question in questions], share=share)
        self.open.extend(question for question, away in zip(questions, apart, strict=True) if not away)
        self.sealed.extend(question for question, away in zip(questions, apart, strict=True) if away)

    def _scores(self, recipes: Iterable[Recipe]) -> Mapping[Recipe, FloatArray]:
        """Return nDCG@10 of the open questions by each recipe, made without them."""
        order = sorted(recipes)
        scores = {recipe: np.zeros(len(self.open)) for recipe in order}
        folds = folds_of([question.group for question in self.open], seed=self.terms.seed)
        count = int(folds.max()) + 1
        for fold in range(count):
            places = np.flatnonzero(folds == fold)
            held = [self.open[place] for place in places]
            training = self._without([*held, *self.sealed])
            for done, recipe in enumerate(order, start=1):
                learned = self.instruments.fit(recipe, training)
                self._see_that_it_forgot(recipe, learned, training)
                scores[recipe][places] = self.instruments.score(learned, held)
                if self.instruments.tell is not None:
                    self.instruments.tell((fold * len(order) + done) / (count * len(order)))
        return scores

    def _without(self, questions: Sequence[Question]) -> list[Example]:
        """Return the examples that know nothing of questions: not of the same, nor of nearly the same."""
        known = {leak.example for leak in leaks(self.examples, questions, vectors=self.instruments.vectors)}
        return [example for example in self.examples if example.id not in known]

    def _see_that_it_forgot(self, recipe: Recipe, learned: Learned, training: Sequence[Example]) -> None:
        """Note the rows that memory holds and was not given."""
        given = {example.id for example in training}
        held = () if learned.memory is None else learned.memory.examples
        self.leaked.setdefault(recipe, []).extend(
            Leak(example, "held out", "same text") for example in sorted(set(held) - given)
        )

    def _judged(self, recipe: Recipe, scored: _Scored) -> GateReport:
        made, seal = [checks.unleaked(self.leaked[recipe]), checks.slices(self.open, scored.before, scored.after)], None
        if gained(scored.gain, scored.p_adjusted):
            for check in (self._givers, self._general, self._latency, self._canary):
                if all(one.outcome != "refused" for one in made):
                    made.append(check(recipe, scored))
            if all(one.outcome in {"passed", "not_measured"} for one in made):
                check_, seal = self._sealed(recipe)
                made.append(check_)
        return _report(recipe, self.live, scored, made, seed=self.terms.seed, seal=seal)

    def _givers(self, recipe: Recipe, scored: _Scored) -> Check:
        del recipe
        trusted, seed = self.terms.trusted, self.terms.seed
        return canary.givers(self.open, scored.before, scored.after, trusted=trusted, seed=seed)

    def _general(self, recipe: Recipe, scored: _Scored) -> Check:
        del scored
        asked = self.terms.general
        before, after = (self.instruments.score(self._learned(one), asked) for one in (self.live, recipe))
        return checks.general(before, after, [question.group for question in asked], seed=self.terms.seed)

    def _latency(self, recipe: Recipe, scored: _Scored) -> Check:
        return costs.latency(self.instruments, self._learned(self.live), self._learned(recipe), scored.questions)

    def _canary(self, recipe: Recipe, scored: _Scored) -> Check:
        del scored
        make = partial(self.instruments.fit, recipe)
        return costs.poisoning(self.instruments, make, self.examples, seed=self.terms.seed)

    def _sealed(self, recipe: Recipe) -> tuple[Check, str | None]:
        """Open the sealed test, once."""
        if not self.sealed:
            return Check("sealed", "not_measured", f"with fewer than {SEALED_FROM} questions none are kept apart"), None
        seal = seal_of(recipe, self.sealed)
        if seal in self.terms.opened:
            return Check("sealed", "refused", "it was opened for this candidate before, and opens once"), None
        before, after = (self.instruments.score(self._learned(one), self.sealed) for one in (self.live, recipe))
        return checks.sealed(before, after), seal

    def _learned(self, recipe: Recipe) -> Learned:
        """Return what a recipe makes of all but the sealed questions."""
        if recipe not in self.made:
            self.made[recipe] = self.instruments.fit(recipe, self._without(self.sealed))
        return self.made[recipe]


def seal_of(recipe: Recipe, questions: Iterable[Question]) -> str:
    """Name the sealed test of a candidate: the same recipe and questions are the same test, whatever the seed."""
    names = [*recipe, "", *sorted(question.id for question in questions)]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _report(
    recipe: Recipe,
    live: Recipe,
    scored: _Scored,
    made: Sequence[Check],
    *,
    seed: int,
    seal: str | None = None,
) -> GateReport:
    verdict, reasons, more = decide(scored.gain, scored.p_adjusted, made)
    gains, losses = changes(scored.questions, scored.before, scored.after)
    return GateReport(
        recipe=recipe,
        against=live,
        verdict=verdict,
        reasons=reasons,
        more_questions=more,
        gain=scored.gain,
        p_adjusted=scored.p_adjusted,
        checks=tuple(made),
        gains=gains,
        losses=losses,
        questions=len(scored.questions),
        seed=seed,
        seal=seal,
        spread=spread_of(scored.questions, scored.before, scored.after, seed=seed),
    )
