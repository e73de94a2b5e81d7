"""A second index is filled beside the one that serves, until it holds all that the first does.

Then the switch between them, forth and back, is one pointer and waits for nothing (``finetune.twin_index``). It can be
cut short at any moment, and goes on where it was.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import chain

from finetune.twin_index import TwinIndex, embedded
from retrieval.catalog import Catalog
from retrieval.errors import CancelledError
from retrieval.index import IndexPoint, VectorIndex
from retrieval.labels import Labels
from retrieval.learned import Engine
from retrieval.types import Chunk

_BATCH = 16  # chunks: whoever looks on may rest after each, so that questions wait for no more than that
_AGREED = 512  # chunks at a time
_WAIT_S = 0.2  # until what is in the first but not yet live may have been published
_PATIENCE = 10  # times it is waited for

_Live = tuple[Chunk, frozenset[str], str]


def fill(
    twin: TwinIndex,
    second: Engine,
    catalog: Catalog,
    *,
    progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> int:
    """Attach a second index, and bring it to hold what the first does; it serves nobody yet.

    Args:
        twin: Whose first index serves.
        second: To be filled; what it holds already is kept.
        catalog: Says what is live, and who may read it.
        progress: Told the share of chunks that are in, from 0 to 1.
        cancelled: Asked before each batch.

    Returns:
        How many chunks were embedded.

    Raises:
        CancelledError: It was asked to stop; what is in stays in, and is no longer written to.
        ModelError: The embedder failed.
        VectorIndexError: The index refused.
    """
    with ExitStack() as undo:
        undo.callback(twin.detach, second)
        twin.attach(second, filling=True)
        made = waited = 0
        # What is lacking and cannot be filled in is not live: whoever publishes it puts it into both before it is.
        while _lacking(twin, second.index) and waited < _PATIENCE:
            before = made
            for batch in catalog.all_live_chunks(_BATCH):
                if cancelled():
                    raise CancelledError("filling a second index was cancelled")
                made += _put_in(batch, twin, second, catalog)
                progress(min(1.0, second.index.count() / max(1, twin.count())))
            if made == before:
                waited += 1
                time.sleep(_WAIT_S)
        _agree(twin, second.index, catalog)
        second.index.flush()
        twin.attach(second)
        undo.pop_all()
    progress(1.0)
    return made


def _lacking(twin: TwinIndex, second: VectorIndex) -> set[str]:
    """Return what only the first holds, having taken out of the second what only that holds."""
    with twin.held():
        first, there = _ids(twin.first), _ids(second)
        second.delete(sorted(there - first))
        return first - there


def _ids(index: VectorIndex) -> set[str]:
    return set(chain.from_iterable(index.ids()))


def _put_in(batch: Sequence[_Live], twin: TwinIndex, second: Engine, catalog: Catalog) -> int:
    """Embed those of a batch that the second does not hold."""
    there = second.index.vectors([chunk.id for chunk, _, _ in batch])
    labels = catalog.labels({chunk.document_id for chunk, _, _ in batch})
    points = [
        IndexPoint(
            chunk_id=chunk.id,
            vector=(),
            text=chunk.embedding_text,
            document_id=chunk.document_id,
            revision_id=chunk.revision_id,
            collection=collection,
            acl=acl,
            labels=labels.get(chunk.document_id, Labels()),
        )
        for chunk, acl, collection in batch
        if chunk.id not in there
    ]
    made = embedded(points, second) if points else []
    with twin.held():
        second.index.upsert(made)
    return len(made)


def _agree(twin: TwinIndex, second: VectorIndex, catalog: Catalog) -> None:
    """Give every chunk the readers and labels it has now: they may have changed while it was embedded."""
    walk = catalog.all_live_chunks(_AGREED)
    while True:
        # Read and written while nobody writes: what changes from here on, both are told.
        with twin.held():
            batch = next(walk, None)
            if batch is None:
                return
            labels = catalog.labels({chunk.document_id for chunk, _, _ in batch})
            of_documents: dict[tuple[str, frozenset[str]], list[str]] = {}
            for chunk, acl, _ in batch:
                of_documents.setdefault((chunk.document_id, acl), []).append(chunk.id)
            for (document_id, acl), chunk_ids in of_documents.items():
                second.set_access(chunk_ids, acl)
                second.set_labels(chunk_ids, labels.get(document_id, Labels()))
