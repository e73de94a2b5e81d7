"""What is looked at before a source is set up, and what becomes of its documents when it goes."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.bootstrap import Services
from app.parts import source_limits
from ingestion.access_rules import acl_of
from ingestion.run_rows import NewItem
from ingestion.runs import MAX_PAGE_RUNS, Run
from ingestion.sources.source import checked_arguments, kinds, open_source
from ingestion.sources.store import KeptSource
from retrieval.errors import ConflictError, InvalidInputError, NotFoundError
from retrieval.types import Document


def settled_arguments(services: Services, kind: str, arguments: Mapping[str, Any], *, local: bool) -> dict[str, Any]:
    """Check what a source is to be made with.

    Args:
        services: The server's.
        kind: Of ``open_source``.
        arguments: As somebody gave them.
        local: Whether it is a command on this machine: only that may name any folder and any reader, since both read
            what the server can read.

    Returns:
        The arguments as they are to be kept, defaults filled in.

    Raises:
        InvalidInputError: An argument makes no sense or is not allowed; the message names it.
    """
    limits = source_limits(services.settings)
    open_source(kind, arguments, limits=limits).close()
    settled = checked_arguments(kinds()[kind], arguments).model_dump(mode="json")
    if kind == "folder":
        settled["path"] = str(_folder(Path(settled["path"]), None if local else services.settings.source_folders))
    elif kind == "reader" and not local and not settled["reader"].startswith(services.settings.source_readers or "\0"):
        raise InvalidInputError("reader: over the network only those that ATTUNE_SOURCE_READERS lists are allowed")
    return settled


def _folder(path: Path, allowed: tuple[str, ...] | None) -> Path:
    try:
        resolved = path.resolve()
        within = allowed is None or any(resolved.is_relative_to(Path(folder).resolve()) for folder in allowed)
        # Not before it is known to be allowed: nobody learns from here which folders there are.
        is_folder = within and resolved.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidInputError("path: it cannot be reached") from error
    if not within:
        raise InvalidInputError(
            "path: over the network only folders that ATTUNE_SOURCE_FOLDERS lists are allowed; a command on the "
            "server's machine may use any"
        )
    if not is_folder:
        raise InvalidInputError(f"path: there is no folder {resolved}")
    return resolved


def remove(services: Services, source: KeptSource, *, with_documents: bool, created_by: str) -> Run | None:
    """Forget a source, and delete what came from it if asked to.

    Returns:
        The run that deletes its documents; None where they stay.

    Raises:
        ConflictError: It is being synced.
        NotFoundError: It is gone already.
    """
    services.sources.update(source.id, paused=True)  # so that the clock begins nothing now
    last = services.runs_of_ingestion.recent(limit=1, source_id=source.id)
    if last and not last[0].ended:
        raise ConflictError(f"{source.name} is being synced; cancel run {last[0].id} or wait for its end")
    run = _deleting(services, source, created_by) if with_documents else None
    services.sources.delete(source.id)
    services.dispatcher.wake()
    return run


def change(services: Services, source: KeptSource, changes: Mapping[str, Any]) -> KeptSource:
    """Change a source; what it says about readers holds for its documents at once, without reading them again.

    Returns:
        It, changed.

    Raises:
        ConflictError: It is being synced, by what it said of readers until now; or its name is taken.
        InvalidInputError: A value makes no sense.
        NotFoundError: It is gone.
    """
    if {"acl", "access"} & changes.keys():
        # An older one may be at work as well, when it is tried again.
        runs = services.runs_of_ingestion.recent(limit=MAX_PAGE_RUNS, source_id=source.id)
        for run in runs:
            if not run.ended:
                raise ConflictError(f"{source.name} is being synced; cancel run {run.id} or wait for its end")
    changed = services.sources.update(source.id, **changes)
    if (changed.acl, changed.access) != (source.acl, source.access):
        _follow(services, changed, services.catalog.of_source(source.id))
    return changed


def follow_source(services: Services, document: Document) -> None:
    """Give a document the readers that its source says, if a source keeps it in step."""
    with suppress(NotFoundError):
        if document.source_id is not None:
            _follow(services, services.sources.get(document.source_id), {document.id: document.uri})


def _follow(services: Services, source: KeptSource, uris: Mapping[str, str]) -> None:
    wanted = {document_id: acl_of(source.readers, uri) for document_id, uri in uris.items()}
    services.catalog.follow_access({key: acl for key, acl in wanted.items() if acl is not None})
    services.publisher.relabel()


def _deleting(services: Services, source: KeptSource, created_by: str) -> Run:
    runs = services.runs_of_ingestion
    spec = {"acl": sorted(source.acl), "recipe": services.recipe()}
    known = services.catalog.known_of_source(source.id)
    gone = [NewItem(uri, uri.rstrip("/").rpartition("/")[2], outcome="deleted") for _, uri in known]
    label = f"remove {source.name}"
    return runs.create(source.collection, label=label, spec=spec, created_by=created_by, items=gone)
