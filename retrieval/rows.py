"""What the catalog hands out and takes in besides the shared nouns, and how nouns become rows and come back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from pydantic_core import to_jsonable_python

from retrieval.errors import InvalidInputError
from retrieval.types import Box, Chunk, Place


@dataclass(frozen=True, slots=True)
class StagedRevision:
    """A new state of a document, before anybody sees it.

    Attributes:
        content_sha256: Of the original bytes, hex.
        recipe: Parser, chunker and embedder fingerprint.
        acl: Principal keys that may read the document once this is published; empty means nobody, None keeps what the
            document has, and lets in everybody who may read the collection when it is new.
        source_id: The source that keeps the document in step; None for uploads and paths given once.
        source_version: What the source calls this state of it, where it does.
        metadata: What the document's becomes; None keeps what it has.
    """

    title: str
    media_type: str
    size_bytes: int
    content_sha256: str
    recipe: str
    text: str
    acl: frozenset[str] | None
    source_id: str | None = None
    source_version: str | None = None
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RevisionKey:
    """Which revision of which document, and since when."""

    id: str
    document_id: str
    created_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Known:
    """What the live revision of a document was made from, to tell whether it changed."""

    document_id: str
    content_sha256: str
    recipe: str
    acl: frozenset[str]
    source_version: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    acl_is_kept: bool = False  # somebody set it by hand: no source or upload changes it


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A chunk that its reader may read now, with what is needed to cite it.

    The chunk is decoded each time it is asked for: of 200 candidates a question shows ten, and decoding all of them
    takes as long as finding them.

    Attributes:
        row: What ``to_chunks`` takes, then collection name, title, uri and when the document changed.
    """

    row: Sequence[Any]

    @property
    def chunk(self) -> Chunk:
        """The chunk as it was added."""
        return to_chunks([self.row])[0]

    @property
    def collection(self) -> str:
        """Name of the collection."""
        return str(self.row[-4])

    @property
    def title(self) -> str:
        """Title of the document."""
        return str(self.row[-3])

    @property
    def uri(self) -> str:
        """Where the document came from."""
        return str(self.row[-2])

    @property
    def updated_at(self) -> datetime:
        """When the document's live revision was published (UTC)."""
        moment = self.row[-1]
        known = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
        return known.replace(tzinfo=UTC) if known.tzinfo is None else known.astimezone(UTC)


def chunk_row(chunk: Chunk) -> dict[str, Any]:
    """Return the columns of a chunk.

    Returns:
        Column name to value; each place is ``[start, end, page]`` with the four sides of its box behind them when
        it has one, because names would double the size of the row.
    """
    places = [
        [place.start, place.end, place.page]
        if place.box is None
        else [place.start, place.end, place.page, place.box.x0, place.box.y0, place.box.x1, place.box.y1]
        for place in chunk.places
    ]
    return {
        "id": chunk.id,
        "document_id": chunk.document_id,
        "revision_id": chunk.revision_id,
        "ordinal": chunk.ordinal,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "context": chunk.context,
        "section": list(chunk.section),
        "token_count": chunk.token_count,
        "places": places,
    }


def check_chunk(chunk: Chunk, revision_id: str, document_id: str, text: str) -> None:
    """Check that a chunk is of a revision, and a slice of its text.

    Raises:
        InvalidInputError: It is not.
    """
    if (chunk.revision_id, chunk.document_id) != (revision_id, document_id):
        raise InvalidInputError(f"chunk {chunk.id} is not of revision {revision_id}")
    if text[chunk.start : chunk.end] != chunk.text:
        raise InvalidInputError(f"chunk {chunk.id} is not the text at {chunk.start}:{chunk.end} of its revision")
    if not storable(chunk.context):
        raise InvalidInputError(f"the context of chunk {chunk.id} holds NUL or a lone surrogate")


def to_chunks(rows: Sequence[Sequence[Any]]) -> list[Chunk]:
    """Return the chunks in rows that start with the columns of ``chunk_row``, section and places as JSON text.

    Returns:
        One chunk a row, in order.
    """
    # All rows in one call: two calls of json.loads a row took half the time of the gate.
    sections = json.loads(f"[{','.join([row[8] for row in rows])}]")
    places = json.loads(f"[{','.join([row[10] for row in rows])}]")
    made = []
    for row, section, of_chunk in zip(rows, sections, places, strict=True):
        key, document_id, revision_id, ordinal, start, end, text, context, _, token_count = row[:10]
        where = tuple([_place(*place) for place in of_chunk])
        origin = (key, document_id, revision_id, ordinal)
        made.append(Chunk(*origin, start, end, text, context, tuple(section), token_count, where))
    return made


def _place(start: int, end: int, page: int | None = None, *sides: float) -> Place:
    return Place(start, end, page, Box(*sides) if sides else None)


def storable(words: str) -> bool:
    """Say whether both databases can hold a text: PostgreSQL refuses NUL, both refuse lone surrogates.

    Returns:
        False for such a text; no stored id, name or uri can be equal to it.
    """
    try:
        return b"\x00" not in words.encode()
    except UnicodeEncodeError:
        return False


def to_json(noun: Any) -> Any:
    """Return a noun as plain JSON.

    Returns:
        Dictionaries for nouns, lists for tuples, ISO 8601 for moments.
    """
    # Not asdict and a walk: they took longer over an interaction than the database does.
    return to_jsonable_python(noun)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def from_json(kind: Any, value: Any) -> Any:
    """Build what a type says from plain JSON; a field that an older version did not write takes its default.

    Returns:
        A value equal to the one that ``to_json`` was given.
    """
    if value is None or kind is Any:
        return value
    if get_origin(kind) is not None:
        return _from_generic(get_origin(kind), get_args(kind), value)
    if is_dataclass(kind):
        given = {name: from_json(hint, value[name]) for name, hint in _hints(cast(Any, kind)).items() if name in value}
        return cast(Any, kind)(**given)
    if kind is datetime:
        return datetime.fromisoformat(value)
    # JSON writes 2.0 as it likes.
    return float(value) if kind is float else value


def _from_generic(origin: Any, arguments: tuple[Any, ...], value: Any) -> Any:
    if origin in {Union, UnionType}:
        return from_json(next(entry for entry in arguments if entry is not type(None)), value)
    if origin is tuple:
        return tuple(from_json(arguments[0], entry) for entry in value)
    if origin is Mapping:
        return {key: from_json(arguments[1], entry) for key, entry in value.items()}
    return value  # a Literal
