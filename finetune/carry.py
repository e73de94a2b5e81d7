"""What a new candidate takes over from the one that is live, as it is: a candidate is always the whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from finetune.artifact import EMBEDDER, GENERATOR, RERANKER
from finetune.course import Kept
from finetune.registry import Candidate
from finetune.types import Parts, RungName
from retrieval.errors import ModelError, NotFoundError


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """What is taken over.

    Attributes:
        rungs: That made it.
        folders: Where what ``parts`` has as a folder lies; see ``Artifacts.write``.
        sets: What it was made of; see ``artifact.Recipe.carried``.
    """

    parts: Parts = field(default_factory=Parts)
    rungs: tuple[RungName, ...] = ()
    folders: Mapping[str, Path] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)


def retrieval_set(candidate: Candidate) -> str | None:
    """Return the id of the training set of what a candidate finds by; None where it learned nothing of that."""
    return candidate.carried.get("retrieval") if candidate.rung == "generator" else candidate.set_id


def generator_set(candidate: Candidate) -> str | None:
    """Return the id of the set by which a candidate's language model was taught; None where it was not."""
    return candidate.set_id if candidate.rung == "generator" else candidate.carried.get("generator")


def retrieval_rungs(candidate: Candidate) -> tuple[RungName, ...]:
    """Return the rungs that made what a candidate finds by."""
    return tuple(name for name in candidate.manifest["rungs"] if name != "generator")


def carried_retrieval(kept: Kept, live: str | None, *, base: str) -> Carried:
    """Return what the live candidate finds by.

    Args:
        kept: Where it lies.
        live: Its id; None where nothing is live.
        base: Fingerprint of the embedder.

    Returns:
        It; nothing where nothing of that was learned.

    Raises:
        NotFoundError: Its files are gone.
        ModelError: They are not what was written.
    """
    candidate = None if live is None else kept.registry.get(live)
    made_of = None if candidate is None else retrieval_set(candidate)
    if candidate is None or made_of is None:
        return Carried()
    parts = _read(kept, candidate, base)
    there = {EMBEDDER: parts.embedder, RERANKER: parts.reranker}
    path = kept.artifacts.path(candidate.id)
    folders = {name: path / name for name, part in there.items() if part is not None}
    return Carried(parts, retrieval_rungs(candidate), folders, {"retrieval": made_of})


def carried_generator(kept: Kept, live: str | None, *, base: str) -> Carried:
    """Return the adapter by which the live candidate's language model answers.

    Args:
        kept: Where it lies.
        live: Id of the candidate; None where nothing is live.
        base: Fingerprint of the embedder.

    Returns:
        It; nothing where there is none, or its files are not what was written: then it serves no more either.
    """
    candidate = None if live is None else kept.registry.get(live)
    made_of = None if candidate is None else generator_set(candidate)
    if candidate is None or made_of is None:
        return Carried()
    try:
        _read(kept, candidate, base)
        folder = kept.artifacts.path(candidate.id) / GENERATOR
    except (ModelError, NotFoundError):
        return Carried()
    return Carried(Parts(generator=GENERATOR), ("generator",), {GENERATOR: folder}, {"generator": made_of})


def _read(kept: Kept, candidate: Candidate, base: str) -> Parts:
    """Read a candidate, every byte of it checked: what is copied would seem whole for ever."""
    return kept.artifacts.read(candidate.id, base=base, dim=candidate.manifest["dim"] or 0)
