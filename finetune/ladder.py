"""The ladder: which rungs are open, and by which recipes they would make a candidate; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finetune.recipe import RUNGS, TRAINED_ONCE, in_order
from finetune.rungs.embedder import AdaptedEmbedder
from finetune.rungs.reranker import AdaptedReranker
from finetune.types import Need, RungName


@dataclass(frozen=True, slots=True)
class Step:
    """A candidate to be tried.

    Attributes:
        rung: That is new in it.
        recipe: All rungs that make it, in order.
    """

    rung: RungName
    recipe: tuple[RungName, ...]


def needs(questions: int, lacks: Mapping[RungName, str]) -> list[Need]:
    """Say what each rung still needs.

    Args:
        questions: Labelled ones at hand.
        lacks: What the server has not got, in words, by the rung that needs it.

    Returns:
        In the order of the ladder.
    """
    once = [(rung.name, rung.least) for rung in (AdaptedEmbedder, AdaptedReranker)]
    least = [*((rung.name, rung.least) for rung in RUNGS), *once]
    return [Need(name, questions, count, lacks.get(name, "")) for name, count in least]


def steps(
    asked: Sequence[RungName], live: Sequence[RungName], *, questions: int, lacks: Mapping[RungName, str] | None = None
) -> list[Step]:
    """Choose the candidates to be tried.

    Args:
        asked: Each is tried alone on top of what is live. None asked for: each step adds one more rung to the last,
            so that the whole ladder is among them; but a reranker stands on what is live and on memory.
        live: Rungs of what is live.
        questions: Labelled ones at hand; a rung that needs more is left out.
        lacks: See ``needs``; a rung that lacks something is left out.

    Returns:
        Steps of different recipes; that of what is live is among them: made anew, of more.
    """
    there = [need.rung for need in needs(questions, lacks or {}) if need.open and (not asked or need.rung in asked)]
    made: dict[tuple[RungName, ...], Step] = {}
    below = tuple(live)
    for rung in there:
        if rung not in TRAINED_ONCE:
            stands_on = below
        elif asked:
            stands_on = tuple(live)
        else:
            # With the others above it an embedder gains half as much again (docs/decisions/0018-adapted-embedder.md).
            stands_on = below if rung == "embedder" else (*live, "memory")
        recipe = in_order((*stands_on, rung))
        made.setdefault(recipe, Step(rung, recipe))
        if not asked and rung not in TRAINED_ONCE:
            below = recipe
    return list(made.values())
