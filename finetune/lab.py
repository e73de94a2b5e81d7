"""Where candidates are made and measured: the server's own search over an index of this process alone.

The server's index has one owner, and it is not the process that trains. So the lab fills one of its own from what the
catalog keeps; it is gone when the lab closes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.metrics import ndcg_at_k
from finetune.resolve import Located, anchor_of, to_learned
from finetune.types import Anchor, Example, FloatArray, Parts
from retrieval.catalog import Catalog
from retrieval.embed import Embedded, Embedder, Span
from retrieval.index import IndexPoint, VectorIndex
from retrieval.index_edge import EdgeIndex
from retrieval.learned import Engine, Learned, Serving
from retrieval.rerank import Reranker
from retrieval.retrieve import Retriever, fused_alone
from retrieval.types import EVERYONE, Chunk, Principal, SearchMode

DEPTH = 10
"""Ranks that count."""

Mode = Literal["dense", "hybrid", "full"]
"""How much of the path is measured: one list, both fused, or all of it as it serves."""

MakeRetriever = Callable[[VectorIndex, Embedder], Retriever]
"""Puts the server's search together over another index and an embedder that remembers."""

Losses = Callable[[str, float, int], None]
"""Takes the name of a rung, a loss, and which step it was of, from 0."""

_BATCH_CHUNKS = 512
_PASSAGES = 30  # ranked for ten documents: one that stands there with several chunks takes no place from others
_NOBODY = "u:-"  # holds the key of everybody and no other


@dataclass(frozen=True, slots=True)
class Judged:
    """A question and the documents that answer it, by id -> grade."""

    question: str
    relevant: Mapping[str, float]


def judged(examples: Iterable[Example]) -> list[Judged]:
    """Return the questions of examples, in order, with the documents that answer them; those without any are left out.

    A document that one person found right and another wrong is right: the lab asks what is found, not what is best.
    """
    documents: dict[str, dict[str, float]] = {}
    for example in examples:
        if example.label > 0:
            documents.setdefault(example.question, {})[example.anchor.document_id] = 1.0
    return [Judged(question, relevant) for question, relevant in documents.items()]


@dataclass(frozen=True, eq=False)
class Lab:
    """Live chunks as arrays, and the search over them.

    It reads for a principal that holds the key of every group, so that a question is measured against all that
    somebody may find; what single persons alone may read is not in it. Only figures and weights leave.

    Attributes:
        base: The server's search, with nothing learned.
        chunk_ids: In order of id, n of them.
        anchors: Of each.
        vectors: Of each, shape (n, dim), L2 norm 1.
        open: Whether everybody who signs in may read it, shape (n,).
        encoder: Of questions, among the same vectors.
        engine: Searched in the place of the server's own embedder and index; None leaves those.
        reranker: Looks at candidates again in the place of the server's own; None leaves that.
        losses: Is told the losses of what is trained in it.
    """

    base: Retriever
    principal: Principal
    chunk_ids: tuple[str, ...]
    anchors: tuple[Anchor, ...]
    vectors: FloatArray
    open: NDArray[np.bool_]
    encoder: "Encoder"
    engine: Engine | None = None
    reranker: Reranker | None = None
    losses: Losses = lambda _rung, _loss, _step: None

    @cached_property
    def places(self) -> dict[Anchor, int]:
        """Where the chunk of each anchor stands; the first of those that say the same in one document."""
        return {anchor: place for place, anchor in reversed(list(enumerate(self.anchors)))}

    @cached_property
    def located(self) -> dict[Anchor, Located]:
        """What memory is made of, by anchor."""
        return {
            anchor: Located(self.chunk_ids[place], anchor.document_id, self.vectors[place])
            for anchor, place in self.places.items()
        }

    @cached_property
    def document_of(self) -> dict[str, str]:
        """Document id of each chunk, by chunk id."""
        return {key: anchor.document_id for key, anchor in zip(self.chunk_ids, self.anchors, strict=True)}

    def for_everybody(self) -> "Lab":
        """Return the same, whose search finds what everybody who signs in may read."""
        return replace(self, principal=Principal(_NOBODY))

    def encode(self, questions: Sequence[str]) -> FloatArray:
        """Return the vectors of questions, shape (len(questions), dim), L2 norm 1; each is encoded once."""
        return self.encoder.encode(questions)

    def learned(self, parts: Parts, candidate_id: str = "lab") -> Learned:
        """Return what serves for parts; see ``finetune.resolve``."""
        return replace(to_learned(candidate_id, parts, self.located, self.engine), reranker=self.reranker)

    def retriever(self, learned: Learned, *, mode: Mode = "full") -> Retriever:
        """Return the server's search by what was learned."""
        serving = Serving(learned)
        made = replace(self.base, learning=lambda _: serving)
        return made if mode == "full" else fused_alone(made)

    def rank(
        self, questions: Sequence[str], learned: Learned, *, mode: Mode = "full", limit: int = _PASSAGES
    ) -> list[list[str]]:
        """Return the ids of the best chunks for each question, best first."""
        retriever = self.retriever(learned, mode=mode)
        lists: SearchMode = "dense" if mode == "dense" else "hybrid"
        self.encode(questions)
        found = (retriever.retrieve(q, principal=self.principal, limit=limit, mode=lists) for q in questions)
        return [[passage.chunk.id for passage in passages] for passages in found]

    def ndcg(self, questions: Sequence[Judged], learned: Learned, *, mode: Mode = "full") -> FloatArray:
        """Return nDCG@10 of whole documents for each question, shape (len(questions),)."""
        rankings = self.rank([one.question for one in questions], learned, mode=mode)
        scores = [self.score(ranking, one) for ranking, one in zip(rankings, questions, strict=True)]
        return np.array(scores, dtype=np.float32)

    def score(self, chunk_ids: Iterable[str], question: Judged) -> float:
        """Return nDCG@10 of a ranking, a document standing where its first chunk does."""
        documents = dict.fromkeys(self.document_of.get(chunk_id, chunk_id) for chunk_id in chunk_ids)
        return ndcg_at_k(list(documents), question.relevant, k=DEPTH)


@contextmanager
def open_lab(catalog: Catalog, embedder: Embedder, make: MakeRetriever, *, folder: Path) -> Iterator[Lab]:
    """Open a lab over what is live in a catalog.

    Args:
        catalog: Read on nobody's behalf.
        embedder: Whose vectors the chunks have; those that lack one are left out.
        make: Puts the search together.
        folder: Empty, for the index; to be removed by who made it.

    Yields:
        The lab.

    Raises:
        DataDirectoryError: The folder holds something else.
    """
    principal = Principal(_NOBODY, catalog.group_keys() | {EVERYONE})
    index = EdgeIndex(folder / "index", dim=embedder.dim, fingerprint=embedder.fingerprint, pointer=Pointer())
    with closing(index):
        encoder = Encoder(embedder)
        shelf = Shelf(embedder.dim)

        def stored(chunks: Sequence[Chunk]) -> Mapping[str, FloatArray]:
            return catalog.stored_vectors([chunk.id for chunk in chunks], embedder.fingerprint)

        for batch in readable_chunks(catalog, stored, principal):
            index.upsert([point for point, _, _ in batch])
            shelf.add(batch)
        yield Lab(
            base=make(index, encoder),
            principal=principal,
            chunk_ids=tuple(shelf.chunk_ids),
            anchors=tuple(shelf.anchors),
            vectors=np.concatenate(shelf.vectors),
            open=np.array(shelf.open, dtype=np.bool_),
            encoder=encoder,
        )


_Row = tuple[IndexPoint, str, bool]
"""What the index is given, the text of the chunk, and whether everybody may read it."""


class Shelf:
    """What the lab keeps of the chunks it walks over.

    Args:
        dim: Of their vectors.
    """

    def __init__(self, dim: int) -> None:
        self.chunk_ids: list[str] = []
        self.anchors: list[Anchor] = []
        self.vectors: list[FloatArray] = [np.zeros((0, dim), dtype=np.float32)]
        self.open: list[bool] = []

    def add(self, batch: Sequence[_Row]) -> None:
        """Keep a batch."""
        self.chunk_ids += [point.chunk_id for point, _, _ in batch]
        self.anchors += [anchor_of(point.document_id, text) for point, text, _ in batch]
        self.vectors.append(np.stack([np.asarray(point.vector, dtype=np.float32) for point, _, _ in batch]))
        self.open += [is_open for _, _, is_open in batch]


def readable_chunks(
    catalog: Catalog, vectors_of: Callable[[Sequence[Chunk]], Mapping[str, FloatArray]], principal: Principal
) -> Iterator[list[_Row]]:
    """Yield the live chunks that a principal may read and that have a vector, in batches."""
    for batch in catalog.all_live_chunks(_BATCH_CHUNKS):
        vectors = vectors_of([chunk for chunk, _, _ in batch])
        documents = {chunk.document_id for chunk, _, _ in batch}
        # The gate knows more than lists do: what was made of others is as open as those.
        readable = catalog.readable_documents(documents, principal=principal)
        everybody = catalog.readable_documents(documents, principal=Principal(_NOBODY))
        rows = [
            (_point(chunk, vectors[chunk.id], acl, collection), chunk.text, chunk.document_id in everybody)
            for chunk, acl, collection in batch
            if chunk.id in vectors and chunk.document_id in readable
        ]
        if rows:
            yield rows


def _point(chunk: Chunk, vector: FloatArray, acl: frozenset[str], collection: str) -> IndexPoint:
    return IndexPoint(
        chunk_id=chunk.id,
        vector=vector,
        text=chunk.embedding_text,
        document_id=chunk.document_id,
        revision_id=chunk.revision_id,
        collection=collection,
        acl=acl,
    )


class Encoder:
    """An embedder that encodes each question once, many together.

    Args:
        embedder: It.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, FloatArray] = {}
        self.dim, self.fingerprint, self.max_tokens = embedder.dim, embedder.fingerprint, embedder.max_tokens

    def encode(self, questions: Sequence[str]) -> FloatArray:
        """Return their vectors, shape (len(questions), dim), L2 norm 1."""
        new = [question for question in dict.fromkeys(questions) if question not in self._known]
        if new:
            self._known |= dict(zip(new, self._embedder.embed_documents(new).vectors, strict=True))
        if not questions:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.stack([self._known[question] for question in questions])

    def settle(self, questions: Sequence[str]) -> None:
        """Encode questions together, and apart from all others: who a text is encoded with changes its last bits."""
        self._known |= dict(zip(questions, self._embedder.embed_documents(questions).vectors, strict=True))

    def embed_query(self, text: str) -> FloatArray:
        """Embed one question, or remember it; shape (dim,), L2 norm 1."""
        vector: FloatArray = self.encode([text])[0]
        return vector

    def embed_documents(self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> Embedded:
        """Embed texts; see ``Embedder``."""
        return self._embedder.embed_documents(texts, spans)

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Character offsets of tokens; see ``Embedder``."""
        return self._embedder.token_spans(texts)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Of an index that is gone when it is closed."""

    targets: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """Return what it points at."""
        return self.targets.get(name)

    def set(self, name: str, target: str) -> None:
        """Switch it."""
        self.targets[name] = target
