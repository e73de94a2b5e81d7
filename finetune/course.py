"""A training run on its way: what it learns from and with, where it keeps what it makes, whom it tells."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune.artifact import Artifacts
from finetune.examples import Built, Context
from finetune.lab import Lab
from finetune.questions import Question
from finetune.registry import Registry
from finetune.reporting import Reporter
from finetune.runs import Outcome, Progress, TrainingRun, TrainingRuns
from finetune.sets import TrainingSets
from finetune.teaching import Teaching
from finetune.types import Label, RungName, TrainingSet
from retrieval.embed import Embedder
from retrieval.rerank import Reranker

SEED = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """Where what a training makes is kept."""

    runs: TrainingRuns
    sets: TrainingSets
    artifacts: Artifacts
    registry: Registry


@dataclass(frozen=True, slots=True)
class Adapting:
    """What the embedder is trained with.

    Attributes:
        model: Its folder or hub id.
        embedder: Loads it with an adapter from its folder.
        folder: Where adapters lie, by training set and kind, until the run has ended: one that was killed goes on with
            them.
        scratch: For what is gone when the run ends.
        limit_s: That the run may take.
        device: cuda where there is one when None.
    """

    model: str | Path
    embedder: Callable[[Path], Embedder]
    folder: Path
    scratch: Path
    limit_s: float
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Reranking:
    """What the cross-encoder is trained with.

    Attributes:
        model: Its folder or hub id.
        reranker: Loads it with an adapter from its folder.
        folder: See ``Adapting``.
        limit_s: Likewise.
        device: Likewise.
    """

    model: str | Path
    reranker: Callable[[Path], Reranker]
    folder: Path
    limit_s: float
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """What a training learns from, and with.

    Attributes:
        lab: Opens the laboratory.
        gather: Reads everything that people said and did.
        context: What labels are held against.
        manifest: Says what examples stand on.
        general: Questions for which it must not get worse; those that are learned from are passed over.
        base: Fingerprint of the embedder.
        reporter: Is told figures besides.
        adapting: Trains the embedder; None where it is behind an endpoint.
        reranking: Trains the cross-encoder; None where the server has none.
        teaching: Teaches the language model; None where the server has none of its own.
        lacks: What the server has not got, in words, by the rung that needs it.
    """

    lab: Callable[[], AbstractContextManager[Lab]]
    gather: Callable[[Lab], Sequence[Label]]
    context: Callable[[Lab], Context]
    manifest: Callable[[Built], dict[str, Any]]
    general: Callable[[Lab], Sequence[Question]]
    base: str
    reporter: Reporter
    adapting: Adapting | None = None
    reranking: Reranking | None = None
    teaching: Teaching | None = None
    lacks: Mapping[RungName, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Course:
    """A run with its training set.

    Attributes:
        labels: What was gathered; the set may be of an earlier moment.
        live: Candidate that is live; None where nothing is.
        rungs: Of what is live.
    """

    run: TrainingRun
    kept: Kept
    means: Means
    labels: Sequence[Label]
    training_set: TrainingSet
    live: str | None
    rungs: tuple[RungName, ...]

    def tell(self, stage: str, share: float, message: str = "") -> None:
        """Say how far it is; see ``Progress``."""
        self.kept.runs.tell(self.run.id, Progress(stage, round(share, 3), message))

    def conclude(self, outcome: Outcome) -> None:
        """Note what came out for a rung."""
        self.kept.runs.concluded(self.run.id, outcome)

    def concluded(self) -> dict[RungName, Outcome]:
        """Return what came out so far, by rung."""
        return {outcome.rung: outcome for outcome in self.kept.runs.get(self.run.id).outcomes}
