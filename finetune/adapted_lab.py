"""A lab of an adapted embedder: everything is embedded anew, and found in the place of what the base finds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from finetune.lab import Encoder, Lab, Pointer, Shelf, readable_chunks
from finetune.types import FloatArray
from retrieval.embed import Embedder
from retrieval.index_edge import EdgeIndex
from retrieval.learned import Engine
from retrieval.types import Chunk

_TOGETHER = 64  # chunks embedded between two signs of life


@contextmanager
def adapted_lab(
    lab: Lab, embedder: Embedder, *, folder: Path, tell: Callable[[float], object] = lambda _: None
) -> Iterator[Lab]:
    """Open a lab of an adapted embedder beside that of its base.

    Args:
        lab: Of the base; its search goes on encoding questions for what works on sentences.
        embedder: The adapted one.
        folder: For the index; to be removed by who made it.
        tell: Hears the share of chunks that are embedded; may raise to end the work.

    Yields:
        The lab. What is learned in it serves with the adapted embedder.
    """
    catalog, done = lab.base.catalog, 0

    def embedded(chunks: Sequence[Chunk]) -> Mapping[str, FloatArray]:
        nonlocal done
        vectors: dict[str, FloatArray] = {}
        wanted = [chunk for chunk in chunks if chunk.id in known]
        for start in range(0, len(wanted), _TOGETHER):
            batch = wanted[start : start + _TOGETHER]
            made = embedder.embed_documents([chunk.embedding_text for chunk in batch]).vectors
            vectors |= {chunk.id: vector for chunk, vector in zip(batch, made, strict=True)}
            done += len(batch)
            tell(done / max(1, len(known)))
        return vectors

    known = frozenset(lab.chunk_ids)
    index = EdgeIndex(folder / "index", dim=embedder.dim, fingerprint=embedder.fingerprint, pointer=Pointer())
    with closing(index):
        encoder, shelf = Encoder(embedder), Shelf(embedder.dim)
        for batch in readable_chunks(catalog, embedded, lab.principal):
            index.upsert([point for point, _, _ in batch])
            shelf.add(batch)
        yield replace(
            lab,
            chunk_ids=tuple(shelf.chunk_ids),
            anchors=tuple(shelf.anchors),
            vectors=np.concatenate(shelf.vectors),
            open=np.array(shelf.open, dtype=np.bool_),
            encoder=encoder,
            engine=Engine(index, encoder),
        )
