"""Whether an adapter of the language model answers better than what is live; pure, seeded.

Two figures are held against each other's chance (Holm): the share of answers that are well cited, and how many words
they share with the correction. One has to gain surely, the other must not lose surely, and what was declined for good
reason is declined still.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.statistics import Difference, FloatArray, holm
from eval.wording import spoken, token_f1
from finetune.gain import gain_of, spread_of
from finetune.generator_parts import LEAST_TO_MEASURE, Parted, said_at
from finetune.generator_rows import Row, well_cited
from finetune.questions import Question, question_id
from finetune.verdict import LEAST_QUESTIONS, Check, Decision, GateReport, changes, gained, missing_for
from retrieval.prompt import NOT_ANSWERED

DECLINED_LOSS = -0.05
"""By which the share of what is declined may fall, of what passages do not answer."""

CITED, LIKE, DECLINED = "citations", "likeness", "abstentions"

_OF_A_FIFTH = round(LEAST_TO_MEASURE / LEAST_QUESTIONS)  # corrections that it takes to hold one more out


@dataclass(frozen=True, slots=True)
class Replies:
    """What one side said.

    Attributes:
        held_out: To each correction that was held out.
        declining: To each prompt that is to be declined.
    """

    held_out: Sequence[str]
    declining: Sequence[str]


@dataclass(frozen=True, slots=True)
class Names:
    """What is compared: rungs of the candidate, and of what is live."""

    recipe: tuple[str, ...]
    against: tuple[str, ...]


def judge_generator(parted: Parted, before: Replies, after: Replies, names: Names, *, seed: int) -> GateReport:
    """Judge an adapter by what both sides said to the same prompts.

    Args:
        parted: What was held out; replies to fewer are of the first of them.
        before: By what is live.
        after: By the adapter.
        names: Of both.
        seed: The same seed gives the same answer.

    Returns:
        The report.
    """
    count = len(after.held_out)
    rows, groups = parted.held_out[:count], parted.groups[:count]
    if len(set(groups)) < LEAST_QUESTIONS <= len(set(parted.groups)):
        return _cut_short(count, len(parted.held_out), names, seed=seed)
    if len(set(groups)) < LEAST_QUESTIONS:
        return too_few_corrections(len(set(groups)), names, seed=seed)
    scored = {
        CITED: (_cited(rows, before.held_out), _cited(rows, after.held_out)),
        LIKE: (_like(rows, before.held_out), _like(rows, after.held_out)),
    }
    gains = {name: gain_of(was, now, groups, seed=seed) for name, (was, now) in scored.items()}
    adjusted = dict(zip(gains, holm([gain.p_better for gain in gains.values()]), strict=True))
    lost = {name: gain_of(now, was, groups, seed=seed) for name, (was, now) in scored.items()}
    checks = (*(_kept(name, gains[name], lost[name]) for name in gains), _declined(before.declining, after.declining))
    best = min(gains, key=lambda name: (not gained(gains[name], adjusted[name]), adjusted[name], name != LIKE))
    verdict, reasons, more = _decided(gains, adjusted, checks)
    asked = [_question(row, group) for row, group in zip(rows, groups, strict=True)]
    told = (gains[best], adjusted[best], checks, *changes(asked, *scored[best]))
    spread = spread_of(asked, *scored[best], seed=seed)
    return GateReport(names.recipe, names.against, verdict, reasons, more, *told, len(rows), seed, spread=spread)


def too_few_corrections(held_out: int, names: Names, *, seed: int) -> GateReport:
    """Return the report where too few corrected questions are held out to measure anything.

    Args:
        held_out: Groups of them.
        names: Of what would be compared.
        seed: Of the run.
    """
    said = f"{held_out} of {LEAST_QUESTIONS} corrected questions to measure by; a fifth of them are kept for that"
    more = max(1, LEAST_QUESTIONS - held_out) * _OF_A_FIFTH
    unmeasured = (None, None, (), (), ())
    return GateReport(names.recipe, names.against, "not_enough_data", (said,), more, *unmeasured, held_out, seed)


def _cut_short(answered: int, held_out: int, names: Names, *, seed: int) -> GateReport:
    """Return the report where the model was too slow: there are corrections enough."""
    said = f"the model answered {answered} of {held_out} questions in the time there was (ATTUNE_TRAIN_TIMEOUT_S)"
    unmeasured = (None, None, (), (), ())
    return GateReport(names.recipe, names.against, "not_enough_data", (said,), None, *unmeasured, answered, seed)


def _cited(rows: Sequence[Row], replies: Sequence[str]) -> FloatArray:
    return np.array([well_cited(said, row.passages) for row, said in zip(rows, replies, strict=True)], dtype=np.float64)


def _like(rows: Sequence[Row], replies: Sequence[str]) -> FloatArray:
    pairs = zip(rows, replies, strict=True)
    return np.array([token_f1(spoken(said), spoken(row.reply)) for row, said in pairs], dtype=np.float64)


def _kept(name: str, gain: Difference, loss: Difference) -> Check:
    """See that a figure does not lose surely: the one-sided 95 % bound of its loss is not above 0."""
    surely = loss.bound if loss.bound is not None else 0.0
    return Check(name, "refused" if surely > 0 else "passed", _in_words(gain), gain.value, 0.0)


def _declined(before: Sequence[str], after: Sequence[str]) -> Check:
    count = min(len(before), len(after))
    was = np.array([_is_none(said) for said in before[:count]], dtype=np.float64)
    now = np.array([_is_none(said) for said in after[:count]], dtype=np.float64)
    if not was.any():
        return Check(DECLINED, "not_measured", "the language model declines nothing as it is")
    change = float((now - was).mean())
    words = f"declines {now.sum():.0f} of {count} questions whose passages answer nothing, after {was.sum():.0f}"
    return Check(DECLINED, "passed" if change >= DECLINED_LOSS else "refused", words, change, DECLINED_LOSS)


def _is_none(said: str) -> bool:
    return NOT_ANSWERED in said


def _decided(
    gains: dict[str, Difference], adjusted: dict[str, float], checks: Sequence[Check]
) -> tuple[Decision, tuple[str, ...], int | None]:
    if refused := tuple(f"{check.name}: {check.detail}" for check in checks if check.outcome == "refused"):
        return "refused", refused, None
    found = tuple(f"{name} {_in_words(gain)}" for name, gain in gains.items())
    if any(gained(gain, adjusted[name]) for name, gain in gains.items()):
        return "passed", found, None
    needed = [more for gain in gains.values() if (more := missing_for(gain)) is not None]
    if not needed:
        return "refused", ("no gain found", *found), None
    return "not_enough_data", ("what was gained may be chance", *found), min(needed) * _OF_A_FIFTH


def _in_words(gain: Difference) -> str:
    if gain.value is None or gain.after is None:
        return "nothing was measured"
    bound = "" if gain.bound is None else f", at least {gain.bound:+.4f}"
    return f"{gain.value:+.4f} to {gain.after:.4f}{bound} on {gain.questions} questions"


def _question(row: Row, group: str) -> Question:
    return Question(question_id(row.question), "", (), group, said_at(row), row.people)
