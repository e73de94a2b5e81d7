"""Learning as the server holds it: the candidates, what is tried, and what serves."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from app.voices import Voices
from finetune.artifact import Artifacts
from finetune.engines import Engines
from finetune.interleaving import Credit, in_share, own_outcome, team_outcome
from finetune.registry import POINTER, Candidate, Registry
from finetune.rerankers import Rerankers
from finetune.serving import ServingState
from finetune.shadow import Question, Shadow
from finetune.trials import Kind, Trial, Trials
from retrieval.catalog import Catalog
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.feedback_types import Feedback, Reading
from retrieval.replay import searched_for
from retrieval.retrieve import Retriever
from retrieval.types import Interaction, Principal

FOLDER = "learning"
"""In the data directory: what was trained, and on what."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What becomes of candidates.

    Attributes:
        retriever: Searches by what is live.
    """

    artifacts: Artifacts
    registry: Registry
    trials: Trials
    serving: ServingState
    shadow: Shadow
    retriever: Retriever
    voices: Voices | None = None

    @property
    def trouble(self) -> str:
        """Why what is live does not serve, or not whole; empty when it does."""
        now = self.serving.now
        return now.trouble or (self.voices.trouble(now.live.voice) if self.voices and now.live.voice else "")

    def check(self, candidate_id: str) -> Candidate:
        """Return a candidate that can be promoted, once its files were read anew.

        Raises:
            NotFoundError: There is none of this id, or its files are gone.
            ConflictError: It did not pass the gate, or documents are still being embedded by its own embedder.
            ModelError: Its files are not what was written, or were made for another embedder.
        """
        candidate = self.registry.get(candidate_id)
        if not candidate.may_serve:
            raise ConflictError(f"candidate {candidate_id[:12]} did not pass the gate")
        self._check(candidate)
        return candidate

    def promote(self, candidate_id: str, *, approved_by: str) -> Candidate:
        """Make a candidate live, once its files were read anew.

        Returns:
            It.

        Raises:
            NotFoundError: There is none of this id, or its files are gone.
            ConflictError: It did not pass the gate, or documents are still being embedded by its own embedder.
            ModelError: Its files are not what was written, or were made for another embedder.
        """
        self.check(candidate_id)
        promoted = self.registry.promote(candidate_id, approved_by=approved_by)
        self.serving.refresh()
        return promoted

    def rollback(self, candidate_id: str | None = None, *, reason: str = "rolled back") -> tuple[str, str | None]:
        """Take a candidate out of service, what is live when None; what was live before it is live again.

        Returns:
            What was to go, and what is live now.

        Raises:
            NotFoundError: There is no such candidate.
            ConflictError: Nothing learned serves, or the candidate never did.
        """
        gone = candidate_id or self.registry.live()
        if gone is None:
            raise ConflictError("nothing learned serves: there is nothing to go back from")
        if self.registry.get(gone).live_at is None:
            raise ConflictError(f"candidate {gone[:12]} never was live")
        now = self.registry.rollback(gone, usable=self.serving.usable, reason=reason)
        self.serving.refresh()
        return gone, now

    def withdraw(self, candidate_ids: Collection[str], *, reason: str) -> str | None:
        """Keep candidates from ever serving again, and delete their files.

        Returns:
            What is live now; None when nothing learned serves.
        """
        now = self.registry.withdraw(candidate_ids, usable=self.serving.usable, reason=reason)
        self.serving.refresh()
        self.serving.forget(candidate_ids)
        for candidate_id in candidate_ids:
            self.artifacts.remove(candidate_id)
        return now

    def begin(self, candidate_id: str, kind: Kind, *, share: float, by: str) -> Trial:
        """Begin a trial, once the candidate's files were read anew.

        Returns:
            It, running.

        Raises:
            NotFoundError: There is no such candidate, or its files are gone.
            InvalidInputError: The share is out of range, or the candidate words answers and is not tried by shares.
            ConflictError: The candidate did not pass the gate, another trial runs, or documents are still being
                embedded by its own embedder.
            ModelError: Its files are not what was written, or were made for another embedder.
        """
        candidate = self.registry.get(candidate_id)
        if candidate.rung == "generator" and kind != "share":
            raise InvalidInputError(
                f"a candidate that words answers ranks nothing anew: {kind} would measure nothing; try it by share"
            )
        self.trials.check(candidate_id, kind, share=share)  # before documents are embedded for what may not be tried
        self._check(candidate)
        trial = self.trials.start(candidate_id, kind, share=share, by=by)
        self.serving.refresh()
        return trial

    def _check(self, candidate: Candidate) -> None:
        self.serving.check(candidate.id)
        if self.voices is not None and candidate.manifest.get("generator"):
            self.voices.check(candidate.id)

    def stop(self, *, reason: str) -> Trial:
        """Stop the trial that runs.

        Returns:
            It.

        Raises:
            NotFoundError: None does.
        """
        trial = self.trials.running()
        if trial is None:
            raise NotFoundError("no trial runs")
        ended = self.trials.end(trial.id, "stopped", reason=reason)
        self.serving.refresh()
        return ended

    def asked(self, interaction: Interaction, *, principal: Principal) -> None:
        """Have an answer measured for the trial that runs."""
        now = self.serving.now
        trial, challenger = now.trial, now.challenger
        took_ms = interaction.timings_ms.get("retrieve")
        if trial is None or challenger is None or took_ms is None:
            return
        if trial.kind == "share":
            self.shadow.took(trial, candidate=in_share(trial.id, principal.id, trial.share), took_ms=took_ms)
        elif trial.kind == "shadow":
            shown = [passage.chunk.id for passage in interaction.passages]
            where = (interaction.collection, interaction.filters)
            question = Question(searched_for(interaction), principal, *where, shown, took_ms)
            self.shadow.offer(trial, challenger, question)

    def credited(self, interaction: Interaction, said: Feedback | Reading) -> None:
        """Count what somebody said about an answer, or did with it, for the trial in which it was made."""
        trial = self._trial_of(interaction)
        credit = None if trial is None else _credit(trial, interaction, said)
        if trial is not None and credit is not None and self.trials.credit(trial.id, credit).state != "running":
            self.serving.refresh()

    def taken_back(self, interaction: Interaction, readings: Sequence[Reading]) -> None:
        """Count an answer for its trial by what its asker did with it alone: they took back what they said."""
        trial = self._trial_of(interaction)
        if trial is None:
            return
        left = [credit for reading in readings if (credit := _credit(trial, interaction, reading))]
        deciding = next((credit for credit in left if credit.outcome), left[0] if left else None)
        if self.trials.recount(trial.id, interaction.id, deciding).state != "running":
            self.serving.refresh()

    def _trial_of(self, interaction: Interaction) -> Trial | None:
        trial = self.serving.now.trial
        return None if trial is None or interaction.asked_at < trial.started_at else trial


def _credit(trial: Trial, interaction: Interaction, said: Feedback | Reading) -> Credit | None:
    # What an administrator says about the answers of many would count as the word of many.
    if said.principal_id != interaction.principal_id:
        return None
    if trial.kind == "interleave":
        outcome = team_outcome(interaction, said, candidate=trial.candidate_id, live=trial.against or "")
    else:
        outcome = own_outcome(said) if trial.kind == "share" else None
    return None if outcome is None else Credit(interaction.id, interaction.principal_id, outcome, datetime.now(UTC))


@contextmanager
def open_rollout(
    folder: Path,
    retriever: Retriever,
    engines: Engines | None = None,
    rerankers: Rerankers | None = None,
    voices: Voices | None = None,
) -> Iterator[Rollout]:
    """Load what is learned, and follow it; what cannot be loaded leaves a server that serves nothing learned.

    Args:
        folder: The data directory.
        retriever: To search by what is live.
        engines: Of candidates with an embedder of their own.
        rerankers: Of candidates with a cross-encoder of their own.
        voices: Of candidates by which the language model answers.
    """
    catalog = retriever.catalog
    artifacts = Artifacts(folder / FOLDER / "candidates")
    registry, trials = Registry(catalog.engine), Trials(catalog.engine)
    _point_again(catalog, registry)
    with ExitStack() as stack:
        shadow = stack.enter_context(closing(Shadow(retriever, trials)))
        state = ServingState(artifacts, catalog, retriever.embedder, trials, engines=engines, rerankers=rerankers)
        state.failed = shadow.failed
        serving = stack.enter_context(closing(state))
        serving.start()
        if voices is not None and serving.now.live.voice:
            voices.trouble(serving.now.live.voice)  # to read a large model takes seconds, which no question waits for
        learning = serving if voices is None else voices.heard(serving)
        yield Rollout(artifacts, registry, trials, serving, shadow, replace(retriever, learning=learning), voices)


def _point_again(catalog: Catalog, registry: Registry) -> None:
    """Point at what was live when a backup was made: pointers are of one machine, and no backup holds them."""
    if catalog.index_pointer(POINTER) is not None:
        return
    live = next((one.id for one in registry.newest(limit=1000) if one.state == "live"), None)
    if live is not None:
        catalog.set_index_pointer(POINTER, live)
