"""A person is forgotten: what they asked, said and may do; their account; every list that names them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from app.approved import approved_answers
from app.bootstrap import Services
from app.erasure_rows import ErasureRows
from app.erasure_scan import Sought
from app.forget_learning import LearningForgetting
from eval.golden_erasure import FROM_FEEDBACK, FROM_REVIEW
from ingestion.findings.people import find_people
from ingestion.findings.personal import find_personal
from ingestion.findings.redact import Removal, redact_line
from ingestion.findings.secrets import find_secrets
from retrieval.errors import NotFoundError
from retrieval.quoting import Quoted
from retrieval.types import Principal

_MARK = "[removed]"
_LOOKED_AT = 1_000
_SAMPLES = 5
_SAMPLE_MIN_CHARS = 20


@dataclass(frozen=True, slots=True)
class UserForgetting:
    """How a person or a service is forgotten. Every step can be repeated."""

    services: Services
    rows: ErasureRows

    def check(self, subject: str) -> None:
        """Raise where there is no such user, or they are the last administrator.

        Their account stops working at once: what they could still say would have to be looked for again.

        Raises:
            NotFoundError: There is none.
            ConflictError: Nobody else administers.
        """
        self._stopped(subject)

    def erase(self, subject: str, receipt: dict[str, Any]) -> Sought:
        """Take a user out of every store.

        Args:
            subject: Their id.
            receipt: Counts are added; ``work`` holds what is needed should this be cut short.

        Returns:
            What may be found nowhere afterwards.
        """
        key = f"u:{subject}"
        names = self._stopped(subject) if self._exists(subject) else ()
        anonymise = bool(receipt.get("anonymised"))
        given = self.services.feedback.ids_of(key)
        words = () if anonymise else self._words(key)
        used = receipt.setdefault("used_by", {})
        redact = _redacting(names)
        self._forget_questions(key, given, used, redact if anonymise else None)
        used["adapters"] = []
        erased = receipt.setdefault("erased", {})
        # While it is known of which feedback they were made.
        withdrawn = approved_answers(self.services).withdraw(given)
        erased["approved_answers"] = erased.get("approved_answers", 0) + withdrawn
        for kind, count in self._of_log(key, redact if anonymise else None).items():
            erased[kind] = erased.get(kind, 0) + count
        known_as = (key, *names[:1])  # another system's feedback may know them by their user name
        labels = sum(map(self.services.given_labels.forget_giver, known_as))
        erased["given_labels"] = erased.get("given_labels", 0) + labels
        for one in known_as:
            LearningForgetting(self.services).person(one, receipt)
        for kind, count in self._of_account(subject, key).items():
            erased[kind] = erased.get(kind, 0) + count
        return Sought((subject,), words)

    def _forget_questions(
        self, key: str, given: list[str], used: dict[str, Any], redact: Callable[[str], str] | None
    ) -> None:
        """Take out of golden sets and reports what was made of what somebody said, asked, or was said of that."""
        golden, asked = self.services.golden, self._reviewed(key)
        made = {*(FROM_FEEDBACK + one for one in given), *(FROM_REVIEW + one for one in asked)}
        quoted = self._quoted(given, key, asked)
        sets = golden.anonymise_made(made, redact) if redact is not None else golden.forget_made(made)
        used["golden_sets"] = sorted({*used.get("golden_sets", ()), *sets})
        runs = self.services.runs.forget(made, quoted)
        used["evaluation_runs"] = sorted({*used.get("evaluation_runs", ()), *runs})

    def _reviewed(self, key: str) -> list[str]:
        """Return the interactions of somebody whose questions raters were given, or that are in a golden set."""
        golden = self.services.golden
        kept = {known for found in golden.sets() for known in golden.keys(found.name)}
        tasked = self.services.reviews.tasked()
        return [one for one in self.services.interactions.ids_of(key) if one in tasked or FROM_REVIEW + one in kept]

    def _exists(self, subject: str) -> bool:
        return subject in self.services.users.of_ids([subject])

    def _stopped(self, subject: str) -> tuple[str, ...]:
        user = self.services.users.get(subject)
        values = {"administrator": False, "suspended_at": user.suspended_at or datetime.now(UTC)}
        self.services.users.update(subject, **values)
        self.services.sessions.end_all(subject)
        return user.name, user.display_name

    def _words(self, key: str) -> tuple[str, ...]:
        """Return questions that nobody else asked, to look for them afterwards."""
        recent = self.services.interactions.recent(principal=Principal(key), limit=_LOOKED_AT)
        asked = {one.question.strip() for one in recent if len(one.question.strip()) >= _SAMPLE_MIN_CHARS}
        return tuple(self.services.interactions.asked_by_nobody_else(key, sorted(asked, key=len)[-_SAMPLES:]))

    def _quoted(self, given: list[str], key: str, asked_ids: list[str]) -> Quoted:
        me = Principal(key, administrator=True)  # others gave some of it
        said = [self.services.feedback.get(feedback_id, principal=me) for feedback_id in given]
        ids = [*(one.interaction_id for one in said), *asked_ids]
        asked = self.services.interactions.questions(ids, principal=me)
        texts = [text for one in said for text in (one.answer, one.evidence) if text]
        return Quoted([*texts, *asked.values()])

    def _of_log(self, key: str, redact: Callable[[str], str] | None) -> dict[str, int]:
        interactions = self.services.interactions
        counts = {"conversations": self.services.conversations.forget_all(key)}
        if redact is None:
            counts["interactions"] = interactions.forget_asker(key)
        else:
            counts["anonymised_interactions"] = interactions.anonymise_asker(key, f"u:{uuid4().hex}", redact)
        counts["feedback"] = self.services.feedback.forget_giver(key)
        counts["readings"] = self.services.readings.forget_reader(key)
        counts["reviewed_tasks"] = self.services.reviews.forget_rater(key)
        self.services.asked_vectors.forget()
        self.services.suggestions.forget()
        return counts

    def _of_account(self, subject: str, key: str) -> dict[str, int]:
        counts = {"uploads": self.services.uploads.forget(key)}
        counts["keys"] = self.services.keys.forget(subject)
        counts["sessions"] = self.services.sessions.end_all(subject)
        counts |= self.rows.forget_key(key)
        self.services.publisher.relabel()
        try:
            self.services.users.delete(subject)
        except NotFoundError:
            return counts
        return counts | {"users": 1}


def _redacting(names: tuple[str, ...]) -> Callable[[str], str]:
    def redact(text: str) -> str:
        spots = [*find_personal(text), *find_secrets(text), *find_people(text, names)]
        return redact_line(text, [Removal(spot.start, spot.end, _MARK) for spot in spots])

    return redact
