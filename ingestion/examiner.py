"""Documents on their way in, held against the policy of their collection; keeps what was found."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from ingestion.policies import Policies
from ingestion.quality import Examined, examine
from ingestion.quarantine import Held, Quarantine
from ingestion.types import ParsedDocument
from retrieval.findings import FindingsLog, Profile


class Origin(NamedTuple):
    """Where a document comes from and where it goes."""

    collection: str
    uri: str
    name: str
    content_sha256: str


@dataclass(frozen=True, slots=True)
class Examiner:
    """Examines documents and keeps the outcome: beside the staged revision, or in quarantine."""

    policies: Policies
    quarantine: Quarantine
    log: FindingsLog
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def examine(self, document: ParsedDocument, origin: Origin) -> Examined:
        """Examine a document by the policy that its collection has now.

        Returns:
            What is to be chunked in the place of the document, unless the verdict is ``quarantine``.

        Raises:
            NotFoundError: There is no such collection.
        """
        policy = self.policies.policy(origin.collection)
        accepted = self.quarantine.accepted(origin.collection, origin.content_sha256)
        return examine(document, policy=policy, today=self.now().date(), accepted=accepted)

    def keep(self, revision_id: str, examined: Examined, origin: Origin) -> None:
        """Keep what was found with its staged revision; it is seen when the revision goes live, and can be repeated.

        Raises:
            NotFoundError: There is no such revision.
        """
        profile = Profile(
            language=examined.language,
            text_sha256=examined.text_sha256,
            updated_on=examined.dates.updated_on,
            valid_until=examined.dates.valid_until,
            signature=examined.signature,
            redacted=examined.redacted,
        )
        self.log.keep(revision_id, examined.findings, profile)
        self.quarantine.drop(origin.collection, origin.uri)

    def hold(self, examined: Examined, origin: Origin, *, acl: frozenset[str] | None = None) -> str:
        """Keep a document out for the reason that its policy gives.

        Args:
            examined: What was found in it.
            origin: Where it comes from.
            acl: Who is to read it once it is let in; None leaves that as it is.

        Returns:
            Its id in quarantine.

        Raises:
            NotFoundError: There is no such collection.
        """
        held = Held(
            id="",
            collection=origin.collection,
            uri=origin.uri,
            name=origin.name,
            content_sha256=origin.content_sha256,
            reason=examined.reason or "",
            findings=examined.findings,
            held_at=self.now(),
            acl=acl,
        )
        return self.quarantine.hold(held)
