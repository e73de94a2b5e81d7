"""What documents, their revisions and what is seen of them look like in the API."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.routes.answer_bodies import BoxBody, box_body
from ingestion.pages import Highlight
from retrieval.history import KeptRevision
from retrieval.listing import Listed
from retrieval.metadata import MAX_KEYS, MAX_VALUE_CHARS
from retrieval.types import Chunk, Document


class DocumentBody(BaseModel):
    """One document."""

    id: str
    collection: str = Field(examples=["default"])
    title: str = Field(examples=["Annual leave"])
    uri: str = Field(examples=["file:///srv/handbook/people/leave.md"])
    media_type: str = Field(examples=["text/markdown"])
    size_bytes: int
    revision_id: str
    created_at: datetime
    updated_at: datetime
    source_id: str | None = Field(description="The source that keeps it in step; null for uploads and paths.")
    metadata: dict[str, str] = Field(examples=[{"department": "legal"}])


class ListedDocumentBody(DocumentBody):
    """One document of a list."""

    chunks: int = Field(description="How many chunks of it are searched.")
    revisions: int = Field(description="How many revisions of it are kept.")
    findings: int = Field(description="How many findings there are in it.")
    access: list[str] | None = Field(
        default=None, description="Keys of who may read it; only where the documents that you look after are listed."
    )
    access_version: int | None = None
    access_set_by: str | None = Field(default=None, description="Who set the list by hand.")


class DocumentsBody(BaseModel):
    """A page of documents."""

    documents: list[ListedDocumentBody]
    next: str | None = Field(description="Give this as `after` to get the next page; null on the last.")


class MetadataBody(BaseModel):
    """What a document is to be found by."""

    model_config = ConfigDict(extra="forbid")

    metadata: dict[str, str] = Field(
        max_length=MAX_KEYS,
        description=f"At most {MAX_KEYS} keys of A-Z a-z 0-9 . _ - with values of up to {MAX_VALUE_CHARS} characters.",
        examples=[{"department": "legal", "year": "2026"}],
    )


class DocumentTextBody(DocumentBody):
    """One document with the text that citations point into."""

    revision: int = Field(description="Number of the revision, from 1.")
    revised_at: datetime = Field(description="When the revision was taken in.")
    text: str


class OpenedDocumentBody(DocumentTextBody):
    """One document with its text, and what can be seen of the file it was made of."""

    pages: int | None = Field(description="How many pages can be seen; null where the file has none or is broken.")
    original: bool = Field(description="Whether the file of this revision is kept, and can be downloaded.")


class RevisionBody(BaseModel):
    """One state of a document."""

    id: str
    number: int = Field(description="From 1, in the order in which they were taken in.")
    created_at: datetime = Field(description="When it was taken in.")
    title: str
    media_type: str
    size_bytes: int
    chunks: int = Field(description="0 for one that is searched no more.")
    live: bool = Field(description="Readers see it now.")


class RevisionsBody(BaseModel):
    """A page of the revisions of a document, the newest first."""

    revisions: list[RevisionBody]
    next: int | None = Field(description="Give this as `before` to get the next page; null on the last.")


class RectangleBody(BaseModel):
    """A rectangle on a page, in points (1/72 inch) from the top left; of pictures in pixels."""

    left: float
    top: float
    right: float
    bottom: float


class PlaceBody(BaseModel):
    """Where a part of a chunk stands in the original."""

    start: int = Field(description="Characters into the text of the revision.")
    end: int
    page: int | None = Field(description="Page, slide or sheet, where the format has one.")
    box: BoxBody | None


class ChunkBody(BaseModel):
    """A stretch of text that is found as one."""

    id: str
    ordinal: int = Field(description="From 0, in reading order.")
    start: int = Field(description="Characters into the text of the revision.")
    end: int
    text: str
    context: str = Field(description="What the search knows of it besides: title, headings, head of a table.")
    section: list[str] = Field(description="Headings above it, outermost first.")
    page: int | None = Field(description="Where it begins.")
    places: list[PlaceBody]
    tokens: int = Field(description="As the embedder counts them, with the context.")


class ChunksBody(BaseModel):
    """A page of the chunks of a revision, in reading order."""

    revision_id: str
    chunks: list[ChunkBody]
    next: int | None = Field(description="Give this as `after` to get the next page; null on the last.")


class HighlightBody(BaseModel):
    """Where on one page a stretch of text stands."""

    page: int
    width_pt: float = Field(description="Of the page as it is shown, in points; of a picture in pixels, as the boxes.")
    height_pt: float
    exact: bool = Field(description="The boxes hold these words and no others; otherwise they are somewhere within.")
    boxes: list[RectangleBody] = Field(description="One for each line of text.")


class HighlightsBody(BaseModel):
    """Where a stretch of text stands, page by page."""

    revision_id: str
    pages: list[HighlightBody] = Field(description="Empty where it could not be found on any page.")


def document_body(document: Document) -> DocumentBody:
    """Shape a document for the API."""
    return DocumentBody(
        id=document.id,
        collection=document.collection,
        title=document.title,
        uri=document.uri,
        media_type=document.media_type,
        size_bytes=document.size_bytes,
        revision_id=document.live_revision_id or "",
        created_at=document.created_at,
        updated_at=document.updated_at,
        source_id=document.source_id,
        metadata=dict(document.metadata),
    )


def listed_body(listed: Listed, *, managed: bool) -> ListedDocumentBody:
    """Shape a document of a list for the API, with its access list for who looks after it."""
    document = listed.document
    counts = {"chunks": listed.chunks, "revisions": listed.revisions, "findings": listed.findings}
    body = document_body(document).model_dump() | counts
    if managed:
        body |= {"access": sorted(document.acl), "access_version": document.access_version}
        body |= {"access_set_by": document.access_set_by}
    return ListedDocumentBody(**body)


def revision_body(revision: KeptRevision) -> RevisionBody:
    """Shape a revision for the API."""
    return RevisionBody(
        id=revision.id,
        number=revision.number,
        created_at=revision.created_at,
        title=revision.title,
        media_type=revision.media_type,
        size_bytes=revision.size_bytes,
        chunks=revision.chunks,
        live=revision.live,
    )


def chunk_body(chunk: Chunk) -> ChunkBody:
    """Shape a chunk for the API."""
    places = [
        PlaceBody(
            start=place.start, end=place.end, page=place.page, box=None if place.box is None else box_body(place.box)
        )
        for place in chunk.places
    ]
    return ChunkBody(
        id=chunk.id,
        ordinal=chunk.ordinal,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        context=chunk.context,
        section=list(chunk.section),
        page=next((place.page for place in chunk.places if place.page is not None), None),
        places=places,
        tokens=chunk.token_count,
    )


def highlight_body(highlight: Highlight) -> HighlightBody:
    """Shape where on a page something stands for the API."""
    return HighlightBody(
        page=highlight.page,
        width_pt=highlight.width_pt,
        height_pt=highlight.height_pt,
        exact=highlight.exact,
        boxes=[RectangleBody(left=box.x0, top=box.y0, right=box.x1, bottom=box.y1) for box in highlight.boxes],
    )
