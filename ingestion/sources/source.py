"""What every source of documents can do, and how one is opened by its kind and arguments."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Entry:
    """One document as its source lists it.

    Attributes:
        uri: Its lasting name, unique in a collection.
        name: File name for people and for guessing a title; never used as a path.
        version: What the source calls this state. Equal versions are surely the same bytes; None has to be fetched to
            know.
        size_bytes: None where the source does not say.
    """

    uri: str
    name: str
    version: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """What the administrator of the machine lets sources do; no caller of the API can widen it.

    Attributes:
        document_max_bytes: Largest document that is fetched.
        web: Whether web pages may be fetched at all.
        web_hosts: The only hosts that may be, as ``host`` or ``host:port``; empty means every public one.
        web_private_hosts: ``host:port`` that may be reached although their address is private.
        secrets: JSON file of named credentials, ``{"name": {"option": "value"}}``; None has none.
        reader_prefixes: Dotted names that LlamaHub readers may begin with, besides ``llama_index.readers.``.
    """

    document_max_bytes: int = 2 * 2**30
    web: bool = False
    web_hosts: tuple[str, ...] = ()
    web_private_hosts: tuple[str, ...] = ()
    secrets: Path | None = None
    reader_prefixes: tuple[str, ...] = ()


class Source(Protocol):
    """A place that lists documents and hands them out; for one thread at a time.

    Attributes:
        kind: As ``open_source`` takes it.
        unreadable: Beginnings of uris that could not be listed, valid when ``entries`` is used up: whether the
            documents under them still exist is unknown, so none of them may be deleted.
    """

    kind: str
    unreadable: list[str]

    def entries(self) -> Iterator[Entry]:
        """List every document once, in the same order while nothing changes.

        What was listed may be fetched while the listing goes on.

        Raises:
            SourceError: The source as a whole cannot be reached or was lost on the way: nothing may be deleted.
        """
        ...

    def fetch(self, entry: Entry) -> AbstractContextManager[BinaryIO]:
        """Open one document; the block closes it.

        Raises:
            DocumentError: This document cannot be had; the others go on.
            SourceError: The source as a whole is gone.
        """
        ...

    def close(self) -> None:
        """Let go of connections and temporary files; may be called again."""
        ...


class Arguments(BaseModel):
    """What a kind of source needs to know; its JSON schema is shown to people who make one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source.

    Attributes:
        arguments: What it takes.
        open: Makes one; raises ``InvalidInputError`` for arguments that the limits do not allow.
    """

    name: str
    summary: str
    arguments: type[Arguments]
    open: Callable[[Any, SourceLimits], Source]


def kinds() -> dict[str, Kind]:
    """Return every kind of source by its name."""
    from ingestion.sources.folder import KIND as FOLDER
    from ingestion.sources.object_store import KIND as OBJECT_STORE
    from ingestion.sources.reader import KIND as READER
    from ingestion.sources.web import KIND as WEB

    return {kind.name: kind for kind in (FOLDER, WEB, OBJECT_STORE, READER)}


def open_source(kind: str, arguments: Mapping[str, Any], *, limits: SourceLimits) -> Source:
    """Open a source; nothing is listed or fetched yet.

    Args:
        kind: One of ``kinds()``.
        arguments: As the kind's schema says, plain JSON.
        limits: What it may do at most.

    Returns:
        The source; to be closed.

    Raises:
        InvalidInputError: No such kind, an argument makes no sense (the message names it), or the limits forbid it.
    """
    found = kinds().get(kind)
    if found is None:
        raise InvalidInputError(f"no kind of source is called {kind!r}; there are {', '.join(kinds())}")
    return found.open(checked_arguments(found, arguments), limits)


def checked_arguments(kind: Kind, arguments: Mapping[str, Any]) -> Arguments:
    """Read arguments as a kind's schema says.

    Returns:
        They.

    Raises:
        InvalidInputError: One is missing, unknown or makes no sense; the message names it and repeats no value.
    """
    try:
        return kind.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        said = [f"{'.'.join(str(part) for part in e['loc']) or 'arguments'}: {e['msg']}" for e in error.errors()]
        raise InvalidInputError(f"a source of kind {kind.name}: {'; '.join(said[:10])}") from None
