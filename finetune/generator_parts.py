"""Rows of a language model -> those it is taught by, and those it is measured by; pure.

The newest fifth of the corrected questions is held out, with everything that was said about questions like them. That
it still declines is measured, and taught, by questions over passages of others: nothing there answers them.
"""

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from finetune.examples import Encode
from finetune.folds import newest
from finetune.generator_rows import Row, Rows
from finetune.groups import Groups, near_duplicates
from finetune.types import Need
from finetune.verdict import LEAST_QUESTIONS
from retrieval.prompt import NOT_ANSWERED

HELD_OUT = 0.2

LEAST_CORRECTED = 50
"""Approved corrections from which it is worth the time."""

LEAST_JUDGED = 200
"""Comparisons, or thumbs, from which the same holds for them."""

LEAST_TO_MEASURE = round(LEAST_QUESTIONS / HELD_OUT)
"""Corrected questions of which the fifth that is held out can tell anything."""

MOST_ASKED = 100
"""Questions that a model is measured by: on a processor each takes seconds, twice."""

_DECLINED_OF = (
    5  # one row in so many more teaches to decline: taught answers alone, a model answers whatever it is asked
)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Parted:
    """What becomes of rows.

    Attributes:
        training: What is taught by.
        held_out: Corrections to measure by, the newest first.
        groups: Of each of them.
        declining: What is to be declined: prompts whose reply says that there is no answer.
    """

    training: Rows
    held_out: tuple[Row, ...]
    groups: tuple[str, ...]
    declining: tuple[Row, ...]


def need(corrections: int, lacks: str) -> Need:
    """Say what the language model still needs to be taught, as far as a count tells.

    Args:
        corrections: Approved ones that give an answer; a training looks at each, and counts those that cite.
        lacks: What the server has not got, in words.

    Returns:
        As of every other rung, but of corrections.
    """
    return Need("generator", corrections, LEAST_CORRECTED, lacks, "approved correction")


def missing(rows: Rows) -> str:
    """Say in words what rows lack to be taught by; empty where they are enough."""
    corrected, judged = len(rows.corrected), max(len(rows.pairs), len(rows.thumbs))
    if corrected >= LEAST_CORRECTED or judged >= LEAST_JUDGED:
        return ""
    more, others = LEAST_CORRECTED - corrected, LEAST_JUDGED - judged
    needed = f"{more} more approved corrections that cite, or {others} more comparisons or thumbs"
    return f"{needed}, of what everybody may read"


def part(rows: Rows, encode: Encode, *, known: Iterable[str] = ()) -> Parted:
    """Part rows so that nothing is measured by what it was taught.

    Args:
        rows: All.
        encode: Of the embedder, to tell questions that are nearly the same.
        known: Questions that what is live was taught by: it is not measured by them or their like.

    Returns:
        The parts; whole groups of questions lie in one of them.
    """
    known = frozenset(known)
    groups = _groups(rows, known, encode)
    corrected = _newest(rows.corrected, groups)
    declined = _newest([row for row in rows.thumbs if row.liked and row.reply == NOT_ANSWERED], groups)
    away = {groups[row.question] for row in (*corrected, *declined)}
    told = {groups[question] for question in known}

    def left(some: Iterable[Row]) -> tuple[Row, ...]:
        return tuple(row for row in some if groups[row.question] not in away)

    training = Rows(left(rows.corrected), left(rows.preferred), left(rows.thumbs))
    held_out = sorted((row for row in corrected if groups[row.question] not in told), key=said_at, reverse=True)[
        :MOST_ASKED
    ]
    elsewhere = list(unanswerable(held_out, groups, corrected))
    liked = [row for row in declined if groups[row.question] not in told]
    taught = tuple(unanswerable(training.corrected[::_DECLINED_OF], groups, training.corrected))
    return Parted(
        replace(training, corrected=(*training.corrected, *taught)),
        tuple(held_out),
        tuple(groups[row.question] for row in held_out),
        (*liked, *elsewhere)[:MOST_ASKED],
    )


def unanswerable(rows: Sequence[Row], groups: "_Named", others: Sequence[Row]) -> Iterable[Row]:
    """Yield the questions of rows over the passages of other rows, which are of other documents: to be declined.

    Args:
        rows: Whose questions are asked.
        groups: Of questions.
        others: Whose passages are shown instead.
    """
    for place, row in enumerate(rows):
        # From another place for each, so that no passages stand for nothing but declining.
        for other in (*others[place + 1 :], *others[: place + 1]):
            strange = groups[other.question] != groups[row.question] and not set(other.documents) & set(row.documents)
            if strange and (asked := _asked_instead(other, row)) is not None:
                yield asked
                break


_Named = dict[str, str]
"""Question -> name of its group."""


def _groups(rows: Rows, known: AbstractSet[str], encode: Encode) -> _Named:
    questions = sorted({*(row.question for row in rows.all), *known})
    groups = Groups(questions)
    if questions:
        nearest = near_duplicates(encode(questions))
        groups.join_by((questions[like], question) for question, like in zip(questions, nearest, strict=True))
    # Two answers that were compared, and what was said about one of them, stand on the same.
    groups.join_by((source, row.question) for row in rows.all for source in row.sources)
    return {question: groups.name(question) for question in questions}


def _newest(rows: Sequence[Row], groups: _Named) -> list[Row]:
    apart = newest([groups[row.question] for row in rows], [said_at(row) for row in rows], share=HELD_OUT)
    return [row for row, away in zip(rows, apart, strict=True) if away]


def said_at(row: Row) -> datetime:
    """Return when something was said; long ago where nobody knows."""
    return row.given_at or _LONG_AGO


def _asked_instead(row: Row, asked: Row) -> Row | None:
    """Put a question in the place of a row's own; None where the prompt does not show it as it is."""
    role, text = row.messages[-1]
    head, found, tail = text.rpartition(row.question)
    if not found or not row.question:
        return None
    return replace(
        row,
        messages=(*row.messages[:-1], (role, head + asked.question + tail)),
        reply=NOT_ANSWERED,
        worse="",
        question=asked.question,
        sources=_both(row.sources, asked.sources),
        people=_both(row.people, asked.people),
        documents=_both(row.documents, asked.documents),
    )


def _both(one: Collection[str], other: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))
