"""What there is to know about the quality of a collection, as far as the reader may see its documents."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, case, desc, func, or_, select

from retrieval.catalog import Catalog
from retrieval.errors import InvalidInputError
from retrieval.finding import Finding
from retrieval.finding_tables import document_profiles, findings, signature_bands
from retrieval.likeness import likeness
from retrieval.store import Store, listed, one_of
from retrieval.types import Document, Principal

MAX_PAGE = 1_000
_WORST = 20
_MAX_GROUPS = 200
_MAX_FIRSTS = 50  # of one band: what thousands of unlike documents share is a template, and is compared no further
_WEIGHT = case((findings.c.severity == "high", 100), (findings.c.severity == "medium", 10), else_=1)
_FINDING = [column for column in findings.c if column.name not in {"revision_id", "ordinal"}]


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one kind of finding of one severity occurs."""

    kind: str
    rule: str
    severity: str
    findings: int
    documents: int


@dataclass(frozen=True, slots=True)
class Known:
    """A document as a report names it."""

    id: str
    title: str
    uri: str


@dataclass(frozen=True, slots=True)
class Worst:
    """A document with much found in it; ``weight`` counts high 100, medium 10 and low 1."""

    document: Known
    weight: int
    findings: int


@dataclass(frozen=True, slots=True)
class Group:
    """Documents that are nearly the same.

    Attributes:
        likeness: The least estimated similarity of one of them to the first.
        exact: All have the same text but for case and white space.
    """

    documents: tuple[Known, ...]
    likeness: float
    exact: bool


@dataclass(frozen=True, slots=True)
class QualityReport:
    """A collection's quality, about the documents that the reader may read.

    Attributes:
        documents: How many there are.
        examined: How many of them were examined; those ingested by an older version were not.
        affected: How many have a finding.
        redacted: In how many something was redacted.
        tallies: The gravest first, then the most frequent.
        worst: The twenty with the most.
        duplicates: The largest groups first, at most 200.
        languages: Documents by language, the main one first.
        other_language: Documents in another than the main language, at most twenty.
        ages: Documents by the year in which they say they were last updated; ``unsaid`` where they say nothing.
        stale: Documents that are stale today, at most twenty of ``stale_count``.
    """

    documents: int
    examined: int
    affected: int
    redacted: int
    tallies: tuple[Tally, ...]
    worst: tuple[Worst, ...]
    duplicates: tuple[Group, ...]
    languages: Mapping[str, int]
    other_language: tuple[Known, ...]
    ages: Mapping[str, int]
    stale: tuple[Known, ...]
    stale_count: int

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)


class QualityReports(Store):
    """Makes reports from what ``FindingsLog`` keeps.

    Args:
        engine: Made by ``open_engine``, its database brought up to date by the migrations.
        catalog: Says what the reader may see.
    """

    def __init__(self, engine: Any, catalog: Catalog) -> None:
        super().__init__(engine)
        self._catalog = catalog

    def report(
        self, collection: str, *, principal: Principal, similarity: float, stale_after_days: int, today: date
    ) -> QualityReport:
        """Report on a collection.

        Args:
            collection: Which.
            principal: Who asks; documents that they may not read are not counted anywhere.
            similarity: From what similarity documents count as nearly the same.
            stale_after_days: After how many days a document that says when it was updated is stale.
            today: What that is counted from.

        Returns:
            The report.

        Raises:
            NotFoundError: There is no such collection.
        """
        documents = self._documents(collection, principal)
        ids = listed(documents)
        profiles = self._rows(_profiles(), ids)
        languages = Counter(row.language for row in profiles)
        main = next((language for language, _ in languages.most_common() if language != "unknown"), None)
        oldest = today - timedelta(days=stale_after_days)
        stale = self._rows(
            _profiles().where(or_(document_profiles.c.updated_on < oldest, document_profiles.c.valid_until < today)),
            ids,
        )
        per_document = self._rows(_per_document(), ids)
        return QualityReport(
            documents=len(documents),
            examined=len(profiles),
            affected=len(per_document),
            redacted=sum(bool(row.redacted) for row in profiles),
            tallies=tuple(Tally(*row) for row in self._rows(_tallies(), ids)),
            worst=tuple(Worst(_known(documents[r.revision_id]), r.weight, r.found) for r in per_document[:_WORST]),
            duplicates=self._groups(documents, ids, similarity),
            languages=dict(languages.most_common()),
            other_language=_first(documents, (r for r in profiles if r.language not in {main, "unknown"})),
            ages=_ages(profiles),
            stale=_first(documents, stale),
            stale_count=len(stale),
        )

    def findings(
        self, collection: str, *, principal: Principal, kind: str | None = None, after: int = 0, limit: int = 50
    ) -> list[tuple[Known, Finding]]:
        """Return a page of the findings in documents that the principal may read.

        Args:
            collection: Which.
            principal: Who asks.
            kind: Only of this kind.
            after: How many to leave out.
            limit: Most findings to return, 1 to 1,000.

        Returns:
            The gravest first; fewer than ``limit`` only on the last page.

        Raises:
            NotFoundError: There is no such collection.
            InvalidInputError: The limit is out of range.
        """
        if not 1 <= limit <= MAX_PAGE or after < 0:
            raise InvalidInputError(f"limit is {limit}; a page holds 1 to {MAX_PAGE} findings")
        documents = self._documents(collection, principal)
        statement = select(findings.c.revision_id, *_FINDING).where(one_of(findings.c.revision_id, "ids"))
        if kind is not None:
            statement = statement.where(findings.c.kind == kind)
        ordered = statement.order_by(desc(_WEIGHT), findings.c.revision_id, findings.c.ordinal)
        rows = self._rows(ordered.offset(after).limit(limit), listed(documents))
        return [(_known(documents[row.revision_id]), _finding(row)) for row in rows]

    def _documents(self, collection: str, principal: Principal) -> dict[str, Document]:
        """By live revision."""
        self._catalog.collection(collection, principal=principal)
        found = self._catalog.every_document(principal=principal, collection=collection)
        return {document.live_revision_id: document for document in found if document.live_revision_id}

    def _rows(self, statement: Select[Any], ids: str) -> Sequence[Any]:
        with self._reading() as connection:
            return connection.execute(statement, {"ids": ids}).all()

    def _groups(self, documents: Mapping[str, Document], ids: str, similarity: float) -> tuple[Group, ...]:
        """Put together what shares a band and is alike enough, each compared with the first of a group only."""
        buckets = self._rows(_shared_bands(), ids)
        wanted = listed({row.revision_id for row in buckets})
        known = {row.revision_id: row for row in self._rows(_signatures(), wanted)}
        leaders: dict[str, str] = {}
        by_band: dict[int, set[str]] = {}
        for row in buckets:  # in the order of the revisions, so that a group is the same each time
            leader = leaders.get(row.revision_id)
            firsts = by_band.setdefault(row.value, set())
            if leader is None:
                own = known[row.revision_id].signature
                leader = next((f for f in sorted(firsts) if likeness(own, known[f].signature) >= similarity), None)
                if leader:
                    leaders[row.revision_id] = leader
            if len(firsts) < _MAX_FIRSTS:
                firsts.add(leader or row.revision_id)
        return _grouped(documents, known, leaders)


def _grouped(
    documents: Mapping[str, Document], known: Mapping[str, Any], leaders: Mapping[str, str]
) -> tuple[Group, ...]:
    members: dict[str, list[str]] = {}
    for revision_id, leader in leaders.items():
        first = leader
        while first in leaders:  # it found its own leader later
            first = leaders[first]
        if first != revision_id:
            members.setdefault(first, [first]).append(revision_id)
    groups = [
        Group(
            documents=tuple(_known(documents[revision_id]) for revision_id in group),
            likeness=min(likeness(known[first].signature, known[other].signature) for other in group),
            exact=len({known[other].text_sha256 for other in group}) == 1,
        )
        for first, group in members.items()
    ]
    return tuple(sorted(groups, key=lambda g: (-len(g.documents), -g.likeness))[:_MAX_GROUPS])


def _profiles() -> Select[Any]:
    columns = (column for column in document_profiles.c if column.name != "signature")
    ordered = select(*columns).order_by(document_profiles.c.updated_on, document_profiles.c.revision_id)
    return ordered.where(one_of(document_profiles.c.revision_id, "ids"))


def _tallies() -> Select[Any]:
    named = findings.c.kind, findings.c.rule, findings.c.severity
    found = func.sum(findings.c.count)
    return (
        select(*named, found, func.count(findings.c.revision_id.distinct()))
        .where(one_of(findings.c.revision_id, "ids"))
        .group_by(*named)
        .order_by(desc(func.max(_WEIGHT)), desc(found), findings.c.rule)
    )


def _per_document() -> Select[Any]:
    weight = func.sum(_WEIGHT * findings.c.count).label("weight")
    return (
        select(findings.c.revision_id, weight, func.sum(findings.c.count).label("found"))
        .where(one_of(findings.c.revision_id, "ids"))
        .group_by(findings.c.revision_id)
        .order_by(desc(weight), findings.c.revision_id)
    )


def _shared_bands() -> Select[Any]:
    visible = one_of(signature_bands.c.revision_id, "ids")
    shared = select(signature_bands.c.value).where(visible).group_by(signature_bands.c.value).having(func.count() > 1)
    return (
        select(signature_bands.c.revision_id, signature_bands.c.value)
        .where(one_of(signature_bands.c.revision_id, "ids"), signature_bands.c.value.in_(shared))
        .order_by(signature_bands.c.revision_id, signature_bands.c.value)
    )


def _signatures() -> Select[Any]:
    table = document_profiles
    return select(table.c.revision_id, table.c.signature, table.c.text_sha256).where(one_of(table.c.revision_id, "ids"))


def _ages(profiles: Sequence[Any]) -> dict[str, int]:
    said = Counter(str(row.updated_on.year) for row in profiles if row.updated_on)
    unsaid = sum(row.updated_on is None for row in profiles)
    return dict(sorted(said.items())) | ({"unsaid": unsaid} if unsaid else {})


def _first(documents: Mapping[str, Document], rows: Iterable[Any]) -> tuple[Known, ...]:
    return tuple(_known(documents[row.revision_id]) for row in list(rows)[:_WORST])


def _known(document: Document) -> Known:
    return Known(document.id, document.title, document.uri)


def _finding(row: Any) -> Finding:
    return Finding(**{column.name: getattr(row, column.name) for column in _FINDING})
