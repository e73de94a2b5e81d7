"""What was found in documents, kept by revision: seen as soon as a revision is live, gone when it is gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import and_, delete, insert, select

from retrieval.errors import NotFoundError
from retrieval.finding import Finding
from retrieval.finding_tables import document_profiles, findings, signature_bands
from retrieval.likeness import bands_of, likeness
from retrieval.store import Store, listed, one_of
from retrieval.tables import chunks, documents, revisions

_FINDING = [column for column in findings.c if column.name not in {"revision_id", "ordinal"}]
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Profile:
    """A document as a whole.

    Attributes:
        language: ISO 639 code, or ``unknown``.
        updated_on: The latest day of which it says that it was updated or reviewed.
        valid_until: The latest day until which it says that it holds.
        text_sha256: The same for texts that differ only in case and white space.
        signature: See ``likeness``; None for a text that is too short to compare.
        redacted: How often each rule replaced something; empty where the text is as it was parsed.
    """

    language: str
    text_sha256: str
    updated_on: date | None = None
    valid_until: date | None = None
    signature: bytes | None = None
    redacted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Twin:
    """A live document that is nearly the same, or the same.

    Attributes:
        likeness: Estimated Jaccard similarity of the word sequences, 0 to 1.
        exact: The texts differ at most in case and white space.
    """

    document_id: str
    likeness: float
    exact: bool


class FindingsLog(Store):
    """Findings and profiles of revisions.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
    """

    def keep(self, revision_id: str, found: Sequence[Finding], profile: Profile) -> None:
        """Keep what was found in a revision, in the place of what was kept for it before.

        Raises:
            NotFoundError: There is no such revision.
        """
        with self._writing() as connection:
            of_revision = select(documents.c.collection_id).join(revisions, revisions.c.document_id == documents.c.id)
            collection_id = connection.scalar(of_revision.where(revisions.c.id == revision_id))
            if collection_id is None:
                raise NotFoundError(f"no revision {revision_id}")
            for table in (findings, document_profiles, signature_bands):
                connection.execute(delete(table).where(table.c.revision_id == revision_id))
            rows = [_finding_row(revision_id, ordinal, finding) for ordinal, finding in enumerate(found)]
            for at in range(0, len(rows), _ROWS_AT_ONCE):
                connection.execute(insert(findings), rows[at : at + _ROWS_AT_ONCE])
            connection.execute(insert(document_profiles).values(_profile_row(revision_id, profile)))
            if profile.signature:
                bands = set(bands_of(profile.signature))
                values = [{"revision_id": revision_id, "value": v, "collection_id": collection_id} for v in bands]
                connection.execute(insert(signature_bands), values)

    def of_revision(self, revision_id: str) -> list[Finding]:
        """Return what was found in a revision; whether somebody may see it is the caller's to ask the catalog.

        Returns:
            In the order in which it was kept.
        """
        statement = select(*_FINDING).where(findings.c.revision_id == revision_id).order_by(findings.c.ordinal)
        with self._reading() as connection:
            return [Finding(**row) for row in connection.execute(statement).mappings()]

    def profile(self, revision_id: str) -> Profile | None:
        """Return the profile of a revision; None for one that was made before there were profiles."""
        columns = [column for column in document_profiles.c if column.name != "revision_id"]
        statement = select(*columns).where(document_profiles.c.revision_id == revision_id)
        with self._reading() as connection:
            row = connection.execute(statement).mappings().one_or_none()
        return Profile(**row) if row else None

    def suspects(self, chunk_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the chunks in which something speaks to a model.

        Only for chunks that the catalog showed to the reader: nothing is checked here.
        """
        overlapping = and_(
            findings.c.revision_id == chunks.c.revision_id,
            findings.c.kind == "instruction",
            findings.c.start < chunks.c.end,
            findings.c.end > chunks.c.start,
        )
        statement = select(chunks.c.id).join(findings, overlapping).where(one_of(chunks.c.id, "ids"))
        if not chunk_ids:
            return frozenset()
        with self._reading() as connection:
            return frozenset(connection.scalars(statement, {"ids": listed(chunk_ids)}))

    def any_instructions(self) -> bool:
        """Say whether in any document something speaks to a model."""
        statement = select(findings.c.revision_id).where(findings.c.kind == "instruction").limit(1)
        with self._reading() as connection:
            return connection.scalar(statement) is not None

    def twins(self, revision_id: str, *, similarity: float) -> list[Twin]:
        """Return the live documents of the same collection that are nearly the same as a revision.

        For administrators: whether a reader may know of them is not checked.

        Args:
            revision_id: Of the document that is compared; itself and its other revisions are left out.
            similarity: Least estimated Jaccard similarity.

        Returns:
            The most alike first; empty where nothing is, or the text is too short.
        """
        own = self._own(revision_id)
        if own is None or own.signature is None:
            return []
        neighbours = (
            select(signature_bands.c.revision_id)
            .where(signature_bands.c.collection_id == own.collection_id)
            .where(signature_bands.c.value.in_(bands_of(own.signature)))
        )
        statement = (
            select(documents.c.id, document_profiles.c.signature, document_profiles.c.text_sha256)
            .join(document_profiles, document_profiles.c.revision_id == documents.c.live_revision_id)
            .where(documents.c.live_revision_id.in_(neighbours), documents.c.deleted_at.is_(None))
            .where(documents.c.id != own.document_id)
        )
        with self._reading() as connection:
            rows = connection.execute(statement).all()
        twins = [Twin(r.id, likeness(own.signature, r.signature), r.text_sha256 == own.text_sha256) for r in rows]
        return sorted((t for t in twins if t.likeness >= similarity), key=lambda t: (-t.likeness, t.document_id))

    def _own(self, revision_id: str) -> Any:
        statement = (
            select(document_profiles, documents.c.collection_id, documents.c.id.label("document_id"))
            .join(revisions, revisions.c.id == document_profiles.c.revision_id)
            .join(documents, documents.c.id == revisions.c.document_id)
            .where(document_profiles.c.revision_id == revision_id)
        )
        with self._reading() as connection:
            return connection.execute(statement).one_or_none()


def _finding_row(revision_id: str, ordinal: int, finding: Finding) -> dict[str, Any]:
    values = {column.name: getattr(finding, column.name) for column in _FINDING}
    return values | {"revision_id": revision_id, "ordinal": ordinal, "details": dict(finding.details)}


def _profile_row(revision_id: str, profile: Profile) -> dict[str, Any]:
    return {
        "revision_id": revision_id,
        "language": profile.language,
        "updated_on": profile.updated_on,
        "valid_until": profile.valid_until,
        "text_sha256": profile.text_sha256,
        "signature": profile.signature,
        "redacted": dict(profile.redacted),
    }
