"""Labels of other systems -> given labels: documents found by their names, their chunks by evidence or by meaning."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

import numpy as np

from app.bootstrap import Services
from eval.golden import resolve
from finetune.caps import GiverReport, outliers
from finetune.gather import gather
from finetune.given import GivenLabel, Imported, check
from finetune.resolve import anchor_of
from finetune.signals import folded
from finetune.types import FloatArray
from retrieval.errors import InvalidInputError, NotFoundError
from retrieval.types import Chunk, Document, Principal


@dataclass(frozen=True, slots=True)
class Offered:
    """A label as another system has it.

    Attributes:
        document: Uri, id, or what its uri ends with.
        evidence: Words of the chunk that is meant, or None where only the document is known.
        label: -1 to 1.
        given_at: UTC.
    """

    question: str
    document: str
    evidence: str | None
    label: float
    giver: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A label that could not be taken, by its place among those that were offered, and why."""

    row: int
    reason: str


def take_in(
    services: Services, source: str, offered: Sequence[Offered], *, collection: str | None, by: Principal
) -> tuple[Imported, list[Refused]]:
    """Keep labels whose documents are there; of the others it is said why not.

    Args:
        services: The server's.
        source: What they come from.
        offered: In any order.
        collection: Name of the one collection their documents are in; None looks in all.
        by: The administrator; documents that they may not read are as unknown as any other.

    Returns:
        What was kept, and what was refused.

    Raises:
        NotFoundError: There is no such collection.
    """
    if collection is not None:
        services.catalog.collection(collection, principal=by)
    documents, refused = _documents(services, [one.document for one in offered], collection, by)
    kept: list[GivenLabel] = []
    problems = [Refused(row, refused[one.document]) for row, one in enumerate(offered) if one.document in refused]
    chosen = _Chosen(services, by)
    for row, one in enumerate(offered):
        if one.document in refused:
            continue
        try:
            chunk = chosen.chunk(documents[one.document], one)
            anchor = anchor_of(chunk.document_id, chunk.text)
            label = GivenLabel(source, one.question, anchor, one.label, one.giver, one.given_at)
            check(label)
        except InvalidInputError as error:
            problems.append(Refused(row, str(error)))
        else:
            kept.append(label)
    return services.given_labels.add(kept, by=by), sorted(problems, key=lambda problem: problem.row)


def giver_reports(services: Services) -> list[GiverReport]:
    """Report how each giver votes beside the others: what was said, read and given, but for questions asked again."""
    # To tell which were asked again, all of them would have to be embedded; they are votes of the same people.
    gathered = gather(services.readings, services.given_labels, nearest=lambda *_: None, encode=_unlike)
    return outliers(gathered.labels, group=lambda label: folded(label.question))


def _unlike(questions: Sequence[str]) -> FloatArray:
    return np.zeros((len(questions), 1), dtype=np.float32)


def _documents(
    services: Services, names: Sequence[str], collection: str | None, by: Principal
) -> tuple[Mapping[str, Document], Mapping[str, str]]:
    """Find documents by name; why one is not found comes second."""
    found = dict(_by_id(services, set(names), collection, by))
    wanted = set(names) - found.keys()
    known = list(services.catalog.every_document(principal=by, collection=collection)) if wanted else []
    told = resolve(wanted, known)
    # A uri is of one document in each collection only.
    by_uri: dict[str, list[Document]] = {}
    for document in known:
        by_uri.setdefault(document.uri, []).append(document)
    stems: dict[str, list[Document]] = {}
    for document in known:
        stems.setdefault(PurePosixPath(document.uri.partition(":")[2]).stem, []).append(document)
    # Judgements know documents by keys, "doc-17", where files have endings: doc-17.txt.
    found |= {name: stems[name][0] for name in told.unknown if len(stems.get(name, ())) == 1}
    refused = {name: f"there is no document {name}" for name in told.unknown if name not in found}
    refused |= {name: f"{name} may be one of {len(uris)} documents" for name, uris in told.ambiguous.items()}
    for name, uri in told.uris.items():
        if len(by_uri[uri]) == 1:
            found[name] = by_uri[uri][0]
        else:
            refused[name] = f"{name} is in {len(by_uri[uri])} collections: say which"
    return found, refused


def _by_id(
    services: Services, names: set[str], collection: str | None, by: Principal
) -> Iterator[tuple[str, Document]]:
    for name in services.catalog.readable_documents(names, principal=by):
        document = services.catalog.document(name, principal=by)
        if collection is None or document.collection == collection:
            yield name, document


class _Chosen:
    """Chooses chunks of documents; what was read and embedded for one label serves the next."""

    def __init__(self, services: Services, by: Principal) -> None:
        self._services = services
        self._by = by
        self._chunks: dict[str, list[Chunk]] = {}

    def chunk(self, document: Document, one: Offered) -> Chunk:
        chunks = self._of(document)
        if one.evidence:
            words = folded(one.evidence)
            holding = [chunk for chunk in chunks if words in folded(chunk.text)]
            if holding:
                return holding[0]
        if not chunks:
            raise InvalidInputError(f"the document {one.document} has no text")
        return chunks[0] if len(chunks) == 1 else self._nearest(chunks, one.evidence or one.question)

    def _of(self, document: Document) -> list[Chunk]:
        if document.id not in self._chunks:
            try:
                made = self._services.catalog.chunks(document.live_revision_id or "", principal=self._by)
            except NotFoundError:
                made = []  # deleted or shut since it was found
            self._chunks[document.id] = made
        return self._chunks[document.id]

    def _nearest(self, chunks: Sequence[Chunk], words: str) -> Chunk:
        embedder = self._services.embedder
        vectors = self._services.catalog.stored_vectors([chunk.id for chunk in chunks], embedder.fingerprint)
        known = [chunk for chunk in chunks if chunk.id in vectors]
        if not known:
            return chunks[0]
        scores = np.stack([vectors[chunk.id] for chunk in known]) @ embedder.embed_query(words)
        return known[int(np.argmax(scores))]
