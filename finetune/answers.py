"""Approved corrections -> documents of their own: found, cited and shown to a language model like any other.

The rung that needs no weights: one correction is enough. An approved answer is read by who may read all documents it
stands on (``retrieval.origins``), it is withdrawn with the feedback it came from, and it goes with its last document.
"""

import io
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from finetune.signals import MARK, folded
from ingestion.blobs import Blobs
from ingestion.examiner import Examiner
from ingestion.ingest import Ingestor
from ingestion.parsers.clean import clean
from ingestion.publish import Publisher
from ingestion.report import Incoming, Refused, Terms
from ingestion.types import Element, ParsedDocument, SourceFile, assemble
from ingestion.write import Writer
from retrieval.errors import DocumentError, InvalidInputError, NotFoundError
from retrieval.quoting import Quoted
from retrieval.types import Feedback, Interaction

SCHEME = "answer:"
KIND = {"kind": "approved answer"}
"""Metadata by which searches can be narrowed to approved answers."""

_MAX_TITLE_CHARS = 300


@dataclass(frozen=True, slots=True)
class ApprovedAnswers:
    """Keeps approved corrections as documents. Every method may be repeated.

    Attributes:
        examiner: Looks for what somebody should know, as for every document.
        chunk_tokens: Most tokens of a chunk.
        recipe: What revisions are made with now.
        scrub: Takes personal data out of the question, which becomes the title.
    """

    publisher: Publisher
    blobs: Blobs
    examiner: Examiner | None
    chunk_tokens: int
    recipe: str
    scrub: Callable[[str], str]

    def keep(self, said: Feedback, asked: Interaction) -> str | None:
        """Make the answer of an approved correction a document.

        Args:
            said: The correction.
            asked: What it is about.

        Returns:
            The uri of the document; None when the feedback is not approved, gives no answer, stands on nothing that
            says who may read it, or none of the documents that it stands on is there any more.

        Raises:
            InvalidInputError: The answer holds nothing that can be shown.
        """
        if said.approved_by is None or not said.answer:
            return None
        catalog, named = self.publisher.catalog, stands_on(said, asked)
        origins = {document_id: whole for document_id in named if (whole := catalog.whole(document_id)) is not None}
        if not origins:
            return None
        collections = [whole.collection for whole in origins.values()]
        collection = asked.collection if asked.collection in collections else collections[0]
        incoming, parse = self._written(said, asked)
        ingestor = Ingestor(
            parse, self.publisher.embedder, Writer(catalog), self.chunk_tokens, parse_workers=1, examiner=self.examiner
        )
        # Nobody reads it, nor counts its words, before it has the list that its origins have in common.
        terms = Terms(collection, self.recipe, acl=frozenset(), metadata=KIND)
        (made,) = ingestor.ingest([incoming], terms)
        if isinstance(made, Refused):
            raise InvalidInputError(f"the answer cannot be kept: {made.error}") from made.error
        # Before anybody can be shown it; a kill leaves a revision that nobody sees and that is made again.
        catalog.set_origins_of_revision(made.staged.revision_id, named)
        catalog.make_ready([made.staged.revision_id])
        self.publisher.publish_ready()
        self.publisher.relabel()
        return incoming.file.uri

    def withdraw(self, feedback_ids: Iterable[str]) -> int:
        """Delete the answers of feedback that was replaced, or is gone.

        Returns:
            How many were deleted.
        """
        gone = self.kept(feedback_ids)
        for document_id in gone.values():
            with suppress(NotFoundError):  # another thread was faster
                self.publisher.delete(document_id)
        return len(gone)

    def kept(self, feedback_ids: Iterable[str]) -> dict[str, str]:
        """Return the documents that were made of feedback: document id by uri."""
        return self.publisher.catalog.documents_at([SCHEME + feedback_id for feedback_id in feedback_ids])

    def _written(self, said: Feedback, asked: Interaction) -> tuple[Incoming, "_Parse"]:
        title = " ".join(self.scrub(clean(asked.question)).split())[:_MAX_TITLE_CHARS]
        text = f"# {title}\n\n{said.answer}\n"
        sha256, size_bytes = self.blobs.put(io.BytesIO(text.encode("utf-8", "replace")))
        file = SourceFile(self.blobs.path(sha256), SCHEME + said.id, f"{said.id}.md")
        return Incoming(file, sha256, size_bytes), _Parse(title, said.answer or "")


@dataclass(frozen=True, slots=True)
class _Parse:
    """Gives the answer as it was approved; nothing in it is markup."""

    title: str
    answer: str

    def __call__(self, _file: SourceFile) -> ParsedDocument:
        paragraphs = [part for part in clean(self.answer).split("\n\n") if part.strip()]
        if not paragraphs:
            raise DocumentError("holds no text that a reader can see")
        return assemble(self.title, "text/markdown", [Element("paragraph", part) for part in paragraphs])


def stands_on(said: Feedback, asked: Interaction) -> list[str]:
    """Return the documents that a correction stands on, whoever may read it has to be able to read them all.

    Returns:
        Ids, sorted: those that it names as right, that hold its evidence, that its marks ``[n]`` cite, or of which it
        repeats words; without any, all that the answer was made of or offered, without what it calls wrong where
        something else is left.
    """
    right, evidence = set(said.right_documents), folded(said.evidence or "")
    marked = {int(number) for number in MARK.findall(said.answer or "")}
    right |= {citation.document_id for citation in asked.answer.citations if citation.number in marked}
    for passage in asked.passages:
        chunk = passage.chunk
        holds = bool(evidence) and evidence in folded(chunk.text)
        if chunk.id in said.right_chunks or holds or Quoted([chunk.text]).within(said.answer or ""):
            right.add(chunk.document_id)
    cited = {citation.document_id for citation in (*asked.answer.citations, *asked.answer.nearest)}
    # Calling all of them wrong would open what it says to everybody.
    return sorted(right or cited - set(said.wrong_documents) or cited)
