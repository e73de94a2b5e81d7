"""What a gate says of a candidate, and by which rules; pure, seeded.

A candidate passes when, over questions that it did not learn from,

1. the one-sided 95 % lower bound of what it gains (bootstrap over groups of questions) is above 0,
2. chance alone gains as much in fewer than 3.5 % of permutations, after Holm over the candidates of one run,
3. all gains together come to more than one question could undo, and
4. no check refuses it.

Both of 1 and 2, and 3.5 rather than 5 %, so that of candidates that gain nothing one in twenty passes at most.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from eval.power import ALPHA, more_questions
from eval.statistics import Difference, FloatArray, holm
from finetune.gain import Spread
from finetune.questions import Question

LEAST_QUESTIONS = 25
"""Groups of labelled questions below which nothing is measured."""

LEAST_TOTAL = 0.63
"""nDCG over all questions that a gain must come to: what one question loses that falls from the second place to none. A
candidate that gains a trifle on many may lose as much on the next, and no test over the others can know it."""

_NAMED = 10  # questions that gain, and that lose, the most
_ROUNDING = 1e-9
_DIGITS = 4

Decision = Literal["passed", "refused", "not_enough_data"]
Outcome = Literal["passed", "refused", "not_enough_data", "not_measured"]


@dataclass(frozen=True, slots=True)
class Check:
    """One condition beside the gain.

    Attributes:
        detail: What was found, in words.
        value: What was measured; None where nothing was.
        limit: What it is held against.
        more_questions: How many more it takes to tell, where there is not enough data.
    """

    name: str
    outcome: Outcome
    detail: str
    value: float | None = None
    limit: float | None = None
    more_questions: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """nDCG@10 of one question; ``question`` is its id, and its words are nowhere."""

    question: str
    before: float
    after: float

    @property
    def value(self) -> float:
        """What it gained."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class GateReport:
    """Whether a candidate may be offered for promotion, and why.

    Attributes:
        recipe: Rungs of the candidate.
        against: Rungs of what is live; empty when nothing is learned.
        reasons: Of the verdict, in words; never empty.
        more_questions: How many more labelled questions it takes, where there is not enough data.
        gain: Over groups of questions; None where nothing was measured.
        p_adjusted: Of the gain, one-sided, after Holm over the candidates of the run.
        checks: In the order they were made; those after the one that refused are left out.
        gains: Questions that gain the most, the most first.
        losses: Questions that lose the most, the most first.
        questions: Labelled questions that were measured.
        seal: Id of the sealed test when it was opened for this candidate; it is never opened again.
        spread: How the gain lies over the questions; None where nothing was measured.
    """

    recipe: tuple[str, ...]
    against: tuple[str, ...]
    verdict: Decision
    reasons: tuple[str, ...]
    more_questions: int | None
    gain: Difference | None
    p_adjusted: float | None
    checks: tuple[Check, ...]
    gains: tuple[Change, ...]
    losses: tuple[Change, ...]
    questions: int
    seed: int
    seal: str | None = None
    spread: Spread | None = None

    @property
    def passed(self) -> bool:
        """Whether it may be offered."""
        return self.verdict == "passed"

    @property
    def summary(self) -> str:
        """Say it in one line."""
        names = " + ".join(self.recipe) or "nothing"
        if self.verdict == "not_enough_data":
            more = "" if self.more_questions is None else f": {_more(self.more_questions)}"
            return f"{names}: not enough data{more}; {self.reasons[0]}"
        return f"{names}: {self.verdict}; {'; '.join(self.reasons)}"

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, figures rounded to four digits."""
        gain = None if self.gain is None else self.gain.as_json()
        fields: dict[str, Any] = _rounded(asdict(self))
        return fields | {"gain": gain, "summary": self.summary}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "GateReport":
        """Read what ``as_json`` wrote."""
        fields = {name: value[name] for name in cls.__dataclass_fields__ if name != "spread"}
        fields["spread"] = Spread.from_json(value.get("spread"))
        for name in ("recipe", "against", "reasons"):
            fields[name] = tuple(fields[name])
        fields["checks"] = tuple(Check(**check) for check in fields["checks"])
        for name in ("gains", "losses"):
            fields[name] = tuple(Change(**change) for change in fields[name])
        if fields["gain"] is not None:
            fields["gain"] = Difference(**fields["gain"])
        return cls(**fields)


def gained(gain: Difference, p_adjusted: float | None) -> bool:
    """Say whether a gain is more than chance: rules 1 to 3 of this module."""
    if gain.questions < LEAST_QUESTIONS or gain.value is None or gain.bound is None or p_adjusted is None:
        return False
    enough = gain.value * gain.questions > LEAST_TOTAL
    return enough and gain.bound > _ROUNDING and p_adjusted < ALPHA


def missing_for(gain: Difference) -> int | None:
    """Say how many more questions it takes to find the gain that was seen, in 4 of 5 tries.

    Returns:
        At least 1; None where no gain was seen, or one so small that ten times the questions would not tell.
    """
    n = gain.questions
    if n < LEAST_QUESTIONS:
        return LEAST_QUESTIONS - n
    if gain.value is None or gain.value <= _ROUNDING or gain.detectable is None:
        return None
    least = math.floor(LEAST_TOTAL / gain.value) + 1
    return more_questions(n, found_from=gain.detectable, wanted=gain.value, least=least)


def decide(
    gain: Difference, p_adjusted: float | None, checks: Sequence[Check]
) -> tuple[Decision, tuple[str, ...], int | None]:
    """Give the verdict, its reasons, and how many more questions it takes.

    Args:
        gain: Of the candidate.
        p_adjusted: After Holm over the candidates of the run.
        checks: That were made.

    Returns:
        ``refused`` when a check refuses or nothing is gained; ``not_enough_data`` when a gain was seen that may be
        chance, or a check cannot tell; otherwise ``passed``.
    """
    if refused := tuple(f"{check.name}: {check.detail}" for check in checks if check.outcome == "refused"):
        return "refused", refused, None
    found, missing = _in_words(gain), missing_for(gain)
    if gain.questions < LEAST_QUESTIONS:
        return "not_enough_data", (f"{gain.questions} of {LEAST_QUESTIONS} labelled questions",), missing
    if not gained(gain, p_adjusted):
        if missing is None:
            return "refused", (f"no gain found: {found}",), None
        return "not_enough_data", (f"what was gained may be chance: {found}",), missing
    if open_ := [check for check in checks if check.outcome == "not_enough_data"]:
        reasons = tuple(f"{check.name}: {check.detail}" for check in open_)
        return (
            "not_enough_data",
            reasons,
            max((check.more_questions for check in open_ if check.more_questions), default=None),
        )
    return "passed", (found,), None


def together(reports: Sequence[GateReport]) -> list[GateReport]:
    """Hold what was found of the candidates of one run against how many they were (Holm), whoever measured them.

    Args:
        reports: Of all of them.

    Returns:
        The reports in order; one whose gain may be chance beside so many others passes no more.
    """
    adjusted = holm([None if report.gain is None else report.gain.p_better for report in reports])
    return [_adjusted(report, p) for report, p in zip(reports, adjusted, strict=True)]


def _adjusted(report: GateReport, p: float) -> GateReport:
    if report.p_adjusted is None or p <= report.p_adjusted:
        return report
    return checked(replace(report, p_adjusted=p))


def checked(report: GateReport, *more: Check) -> GateReport:
    """Return a report of a gain with more checks, and the verdict that follows."""
    if report.gain is None:
        return report
    checks = (*report.checks, *more)
    verdict, reasons, questions = decide(report.gain, report.p_adjusted, checks)
    return replace(report, checks=checks, verdict=verdict, reasons=reasons, more_questions=questions)


def too_few(recipe: Sequence[str], against: Sequence[str], questions: int, *, seed: int) -> GateReport:
    """Return the report where there are too few questions to measure anything.

    Args:
        recipe: Rungs of the candidate.
        against: Rungs of what is live.
        questions: Groups of labelled questions at hand.
        seed: Of the run.
    """
    # Made anew, what is live is measured by what it does not know.
    kind = "questions that are new to what is live" if tuple(recipe) == tuple(against) else "labelled questions"
    said = (f"{questions} of {LEAST_QUESTIONS} {kind}, nearly the same ones counted once",)
    missing = LEAST_QUESTIONS - questions
    unmeasured = (None, None, (), (), ())
    return GateReport(tuple(recipe), tuple(against), "not_enough_data", said, missing, *unmeasured, questions, seed)


def changes(
    questions: Sequence[Question], before: FloatArray, after: FloatArray
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Return the questions that gain and that lose the most, ten of each at most.

    Args:
        questions: That were measured.
        before: Score of each, shape (questions,).
        after: Score of each, shape (questions,).
    """
    all_ = [Change(question.id, float(b), float(a)) for question, b, a in zip(questions, before, after, strict=True)]
    gains = sorted((one for one in all_ if one.value > _ROUNDING), key=lambda one: (-one.value, one.question))
    losses = sorted((one for one in all_ if one.value < -_ROUNDING), key=lambda one: (one.value, one.question))
    return tuple(gains[:_NAMED]), tuple(losses[:_NAMED])


def _in_words(gain: Difference) -> str:
    if gain.value is None:
        return "nothing was measured"
    bound = "" if gain.bound is None else f", at least {gain.bound:+.4f}"
    detectable = "" if gain.detectable is None else f"; {gain.detectable:.4f} would have been found"
    return f"nDCG@10 {gain.value:+.4f}{bound} on {gain.questions} questions{detectable}"


def _more(count: int) -> str:
    return f"{count} more question{'' if count == 1 else 's'}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value
