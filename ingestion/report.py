"""What an ingest reports: progress while it runs, counts when it is done."""

from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["added", "updated", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not ingested, and why, in words for people."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What just happened to one document."""

    done: int
    total: int
    name: str
    outcome: Outcome
    reason: str | None = None


@dataclass(slots=True)
class Report:
    """Counts of one ingest; ``chunks`` are those written in it. Filled in while it runs."""

    documents: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: list[Failure] = field(default_factory=list)
    chunks: int = 0
    seconds: float = 0.0

    def note(self, name: str, outcome: Outcome, reason: str | None = None) -> Progress:
        """Count one document.

        Returns:
            The progress to tell.
        """
        if outcome == "failed":
            self.failed.append(Failure(name, reason or ""))
        else:
            setattr(self, outcome, getattr(self, outcome) + 1)
        done = self.added + self.updated + self.unchanged + len(self.failed)
        return Progress(done, self.documents, name, outcome, reason)
