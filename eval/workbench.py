"""A knowledge base for one evaluation, filled the way the server fills its own and thrown away afterwards."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from eval.corpus import as_parsed
from eval.golden import GoldenDocument, GoldenSet, restricted
from eval.knobs import Knobs
from eval.system import System, settings_of
from ingestion.chunk import chunk
from ingestion.ingest import Ingestor
from ingestion.load import collect
from ingestion.prepare import CHUNKER_VERSION, Parse, incoming_of
from ingestion.publish import Publisher
from ingestion.report import Failure, Incoming, Refused, Terms
from ingestion.types import SourceFile
from ingestion.write import Prepared, Writer
from retrieval.answer import Answerer
from retrieval.catalog import Catalog
from retrieval.embed import Embedder, FloatArray
from retrieval.errors import AttuneError, DocumentError, InvalidInputError
from retrieval.index_edge import EdgeIndex
from retrieval.pack import unpack_each
from retrieval.rerank import Reranker, open_reranker
from retrieval.retrieve import Retriever
from retrieval.tables import metadata, open_engine
from retrieval.types import EVERYONE, Principal

COLLECTION = "evaluation"
ASKER = Principal("u:evaluation")
_UNBOUNDED = 10**9
_BATCH_CHUNKS = 256
_SPECIAL_TOKENS = 2

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a folder that was put in."""

    seconds: float
    failed: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Workbench:
    """Catalog, index and what fills them, for one evaluation.

    Attributes:
        chunk_tokens: Most tokens of a chunk, context included.
        names: URI of every document put in -> the name golden sets know it by.
        rerankers: Those that were asked for, by their knob.
        home: Where catalog and index lie.
    """

    catalog: Catalog
    index: EdgeIndex
    embedder: Embedder
    knobs: Knobs
    chunk_tokens: int
    names: dict[str, str] = field(default_factory=dict)
    rerankers: dict[str, Reranker] = field(default_factory=dict)
    home: Path = field(default_factory=Path)

    @property
    def index_bytes(self) -> int:
        """Room that the index takes on disk, holes in its files left out."""
        return sum(file.stat().st_blocks * 512 for file in (self.home / "index").rglob("*") if file.is_file())

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
            self.catalog,
            self.index,
            self.embedder,
            pool=self.knobs.pool,
            dense_weight=self.knobs.dense_weight,
            fusion=self.knobs.fusion,
            reranker=self._reranker(),
        )

    def _reranker(self) -> Reranker:
        # Loaded once a workbench: a cross-encoder takes seconds.
        if self.knobs.rerank not in self.rerankers:
            self.rerankers[self.knobs.rerank] = open_reranker(self.knobs.rerank, self._sentence_vectors)
        return self.rerankers[self.knobs.rerank]

    def _sentence_vectors(self, chunk_ids: Sequence[str]) -> dict[str, FloatArray]:
        return unpack_each(self.catalog.sentences(chunk_ids), self.embedder.dim)

    def system(self, answerer: Answerer | None = None) -> System:
        """Return what can be asked, as it stands now.

        Args:
            answerer: Made behind ``retriever``; None measures retrieval alone.
        """
        documents, chunks = self.catalog.counts()
        shown = {} if answerer is None else settings_of(answerer)
        return System(
            retriever=self.retriever,
            answerer=answerer,
            principal=ASKER,
            collection=COLLECTION,
            names=self.names,
            fingerprint=self.fingerprint,
            settings={**self.settings, **shown},
            history=self.knobs.history,
            documents=documents,
            chunks=chunks,
            corpus_epoch=self.catalog.corpus_epoch(),
        )

    def known(self, golden: GoldenSet) -> GoldenSet:
        """Return a golden set without judgements of documents that were not put in; they are counted as skipped."""
        questions, unknown = restricted(golden.questions, set(self.names.values()))
        return replace(golden, questions=tuple(questions), skipped={**golden.skipped, **unknown})

    def texts(self, uris: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Return title and text of documents.

        Args:
            uris: Name -> URI; a URI that no document has is left out.
        """
        found = {document.uri: document for document in self.catalog.every_document(principal=ASKER)}
        return {
            name: (found[uri].title, self.catalog.revision(found[uri].live_revision_id or "", principal=ASKER).text)
            for name, uri in uris.items()
            if uri in found
        }

    def add_texts(self, documents: Sequence[GoldenDocument], progress: Progress = silent) -> int:
        """Put texts in through the chunker and the writer of real documents; paragraphs are parted by blank lines.

        Returns:
            How many have neither title nor text and were left out.

        Raises:
            AttuneError: One of them cannot be embedded or kept.
        """
        batch: list[Prepared] = []
        empty = 0
        for done, document in enumerate(documents, start=1):
            prepared = self._prepared(document)
            batch += [prepared] if prepared.drafts else []
            empty += not prepared.drafts
            self.names[prepared.file.uri] = document.id
            if sum(len(p.drafts) for p in batch) >= _BATCH_CHUNKS or done == len(documents):
                self._write(batch)
                progress("indexing", done, len(documents))
        return empty

    def add_folder(self, folder: Path, parse: Parse, progress: Progress = silent) -> Added:
        """Put the documents of a folder in, as ``attune ingest`` would.

        Args:
            folder: Its files are known by their path relative to it, parted by ``/``.
            parse: Reads one file.
            progress: Told of every document.

        Returns:
            How long it took, and what failed.

        Raises:
            InvalidInputError: There is no such folder, or nothing in it was ingested.
        """
        if not folder.is_dir():
            raise InvalidInputError(f"{folder} is not a folder of documents")
        files = collect([folder]).files
        self.names.update({file.uri: _name(file, folder) for file in files})
        started = time.perf_counter()
        documents, failed = _hashed(files)
        ingestor = Ingestor(parse, self.embedder, Writer(self.catalog), self.chunk_tokens)
        terms = Terms(COLLECTION, ingestor.recipe, ready=True)
        for done, result in enumerate(ingestor.ingest(documents, terms), start=1):
            if isinstance(result, Refused):
                failed.append(Failure(result.incoming.file.label, str(result.error)))
            self._publish()
            progress("ingesting", done, len(files))
        if len(failed) == len(files):
            why = f": {failed[0].path} {failed[0].reason}" if failed else ""
            raise InvalidInputError(f"no document of {folder} could be ingested{why}")
        return Added(round(time.perf_counter() - started, 3), tuple(failed))

    def _prepared(self, document: GoldenDocument) -> Prepared:
        parsed = as_parsed(document)
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
        )

    def _write(self, batch: list[Prepared]) -> None:
        for result in Writer(self.catalog).stage(batch, self.embedder, ready=True):
            # A document that is missing would make every figure a little wrong.
            if isinstance(result, AttuneError):
                raise result
        self._publish()
        batch.clear()

    def _publish(self) -> None:
        publisher = Publisher(self.catalog, self.index, self.embedder)
        while publisher.publish_ready():
            pass


@contextmanager
def open_workbench(embedder: Embedder, *, knobs: Knobs) -> Iterator[Workbench]:
    """Make an empty knowledge base in a temporary folder; it is gone when the block ends, however it ends.

    Yields:
        The workbench.

    Raises:
        InvalidInputError: A knob is out of range.
    """
    knobs.check()
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
        yield Workbench(catalog, index, embedder, knobs, chunk_tokens, home=home)


@dataclass(frozen=True, slots=True)
class _Pointer:
    targets: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return self.targets.get(name)

    def set(self, name: str, target: str) -> None:
        self.targets[name] = target


def _name(file: SourceFile, folder: Path) -> str:
    return file.path.resolve().relative_to(folder.resolve()).as_posix()


def _hashed(files: Sequence[SourceFile]) -> tuple[list[Incoming], list[Failure]]:
    documents: list[Incoming] = []
    failed: list[Failure] = []
    for file in files:
        try:
            documents.append(incoming_of(file))
        except DocumentError as error:
            failed.append(Failure(file.label, str(error)))
    return documents, failed
