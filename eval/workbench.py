"""A knowledge base for one evaluation, filled the way the server fills its own and thrown away afterwards."""

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from eval.golden import GoldenDocument
from ingestion.chunk import chunk
from ingestion.ingest import Ingestor
from ingestion.load import collect
from ingestion.parsers.clean import clean
from ingestion.prepare import CHUNKER_VERSION, Parse
from ingestion.report import Report
from ingestion.types import Element, ParsedDocument, SourceFile, assemble
from ingestion.write import Prepared, Writer
from retrieval.catalog import Catalog
from retrieval.embed import Embedded, Embedder, FloatArray, Span
from retrieval.errors import InvalidInputError
from retrieval.index_edge import EdgeIndex
from retrieval.retrieve import Retriever
from retrieval.tables import metadata, open_engine
from retrieval.types import EVERYONE, Principal

COLLECTION = "evaluation"
ASKER = Principal("u:evaluation")
_UNBOUNDED = 10**9
_BATCH_CHUNKS = 256
_SPECIAL_TOKENS = 2
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """What may be turned and measured again; the defaults are the server's.

    Attributes:
        pool: Hits taken from each of the dense and the sparse list before fusing, 10 to 1,000.
        dense_weight: Share of the dense score in the fused one, in [0, 1].
        chunk_tokens: Most tokens of a chunk, at least 32; what the embedder reads when None.
        history: Whether a follow-up question is searched together with the questions before it.
        whole: Whether each text is one chunk that the embedder cuts off at its limit, as in published BEIR figures.
    """

    pool: int = 100
    dense_weight: float = 0.6
    chunk_tokens: int | None = None
    history: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Workbench:
    """Catalog, index and what fills them, for one evaluation.

    Attributes:
        chunk_tokens: Most tokens of a chunk, context included.
        names: URI of every document put in -> the name golden sets know it by.
    """

    catalog: Catalog
    index: EdgeIndex
    embedder: Embedder
    knobs: Knobs
    chunk_tokens: int
    names: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Chunker, chunk size and embedder."""
        return f"chunker{CHUNKER_VERSION}:{self.chunk_tokens}-{self.embedder.fingerprint}"

    @property
    def settings(self) -> dict[str, float | int | bool | str | None]:
        """What is turned, by name."""
        return {**asdict(self.knobs), "chunk_tokens": self.chunk_tokens}

    @property
    def retriever(self) -> Retriever:
        """Search over the workbench as the server would do it."""
        return Retriever(
            self.catalog, self.index, self.embedder, pool=self.knobs.pool, dense_weight=self.knobs.dense_weight
        )

    def add_texts(self, documents: Sequence[GoldenDocument], progress: Progress = silent) -> int:
        """Put texts in through the chunker and the writer of real documents; paragraphs are parted by blank lines.

        Returns:
            How many have neither title nor text and were left out.

        Raises:
            AttuneError: One of them cannot be embedded or kept.
        """
        writer = Writer(self.catalog, self.index)
        batch: list[Prepared] = []
        empty = 0
        for done, document in enumerate(documents, start=1):
            prepared = self._prepared(document)
            batch += [prepared] if prepared.drafts else []
            empty += not prepared.drafts
            self.names[prepared.file.uri] = document.id
            if sum(len(p.drafts) for p in batch) >= _BATCH_CHUNKS or done == len(documents):
                self._write(writer, batch)
                progress("indexing", done, len(documents))
        return empty

    def add_folder(self, folder: Path, parse: Parse, progress: Progress = silent) -> Report:
        """Put the documents of a folder in, as ``attune ingest`` would.

        Args:
            folder: Its files are known by their path relative to it, parted by ``/``.
            parse: Reads one file.
            progress: Told of every document.

        Returns:
            What was ingested, and what failed.

        Raises:
            InvalidInputError: There is no such folder, or nothing in it was ingested.
        """
        if not folder.is_dir():
            raise InvalidInputError(f"{folder} is not a folder of documents")
        collected = collect([folder])
        self.names.update({file.uri: _name(file, folder) for file in collected.files})
        ingestor = Ingestor(parse, self.embedder, Writer(self.catalog, self.index), self.chunk_tokens)
        report = ingestor.ingest(
            collected, collection=COLLECTION, progress=lambda now: progress("ingesting", now.done, now.total)
        )
        if not report.added:
            why = f": {report.failed[0].path} {report.failed[0].reason}" if report.failed else ""
            raise InvalidInputError(f"no document of {folder} could be ingested{why}")
        return report

    def _prepared(self, document: GoldenDocument) -> Prepared:
        parsed = _as_parsed(document)
        content = parsed.text.encode()
        return Prepared(
            file=SourceFile(path=Path(), uri=f"golden:{document.id}", name=document.id),
            document=parsed,
            drafts=chunk(parsed, self.embedder.token_spans, max_tokens=self.chunk_tokens),
            collection=COLLECTION,
            acl=frozenset({EVERYONE}),
            content_sha256=sha256(content).hexdigest(),
            size_bytes=len(content),
            recipe=self.fingerprint,
            new=True,
        )

    def _write(self, writer: Writer, batch: list[Prepared]) -> None:
        for error in writer.write(batch, self.embedder):
            # A document that is missing would make every figure a little wrong.
            if error is not None:
                raise error
        batch.clear()


@contextmanager
def open_workbench(embedder: Embedder, *, knobs: Knobs) -> Iterator[Workbench]:
    """Make an empty knowledge base in a temporary folder; it is gone when the block ends, however it ends.

    Yields:
        The workbench.

    Raises:
        InvalidInputError: A knob is out of range.
    """
    if not 10 <= knobs.pool <= 1000 or not 0 <= knobs.dense_weight <= 1 or (knobs.chunk_tokens or 32) < 32:
        raise InvalidInputError("the pool is 10 to 1,000 hits, the dense weight 0 to 1, and a chunk at least 32 tokens")
    limit = embedder.max_tokens - _SPECIAL_TOKENS
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="attune-evaluate-")))
        engine = open_engine(f"sqlite:///{home / 'catalog.sqlite3'}")
        stack.callback(engine.dispose)
        metadata.create_all(engine)
        catalog = Catalog(engine)
        catalog.create_collection(COLLECTION)
        index = EdgeIndex(home / "index", dim=embedder.dim, fingerprint=embedder.fingerprint, pointer=_Pointer())
        stack.callback(index.close)
        chunk_tokens = _UNBOUNDED if knobs.whole else min(knobs.chunk_tokens or limit, limit)
        yield Workbench(catalog, index, embedder, knobs, chunk_tokens)


class WordsOnly:
    """Stands in for an embedder where only words are searched: its tokenizer, and vectors that cost nothing."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.dim = 1
        self.fingerprint = "words-only"
        self.max_tokens = embedder.max_tokens

    def embed_documents(self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> Embedded:
        """Give every text the same vector; see ``Embedder``."""
        del spans
        return Embedded(vectors=np.ones((len(texts), self.dim), dtype=np.float32), spans=None)

    def embed_query(self, text: str) -> FloatArray:
        """Give the question the vector of all texts, shape (1,)."""
        del text
        return np.ones(self.dim, dtype=np.float32)

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Character offsets of tokens; see ``Embedder``."""
        return self._embedder.token_spans(texts)


@dataclass(frozen=True, slots=True)
class _Pointer:
    targets: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return self.targets.get(name)

    def set(self, name: str, target: str) -> None:
        self.targets[name] = target


def _as_parsed(document: GoldenDocument) -> ParsedDocument:
    title, text = " ".join(clean(document.title).split()), clean(document.text)
    paragraphs = [part for part in _BLANK_LINES.split(text) if part.strip()]
    if not paragraphs:
        # A title without text is all that can be searched, so it is the text.
        title, paragraphs = "", [title]
    return assemble(title, "text/plain", [Element("paragraph", paragraph) for paragraph in paragraphs])


def _name(file: SourceFile, folder: Path) -> str:
    return file.path.resolve().relative_to(folder.resolve()).as_posix()
