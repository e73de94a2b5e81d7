"""Whether the chunker finds more, and costs less, than others: retrieval, quotes and cost of several chunkers over the
same texts, embedder and index.

Run from the repository root: ``python -m bench.chunking [SET ...] [--chunkers NAME ...] [--cache FOLDER]`` with sets of
``chunking-eval``, ``sec-10q``, ``tts-handbook`` (the default), ``tts-plain``, ``scifact`` and ``feedbackqa``. Every
chunker's chunks are searched as the server searches (hybrid, pools of 100), and what a question gets is measured

- at k = 5, and in the first 1,000 tokens of what was found (the last chunk is cut off there), so that chunkers of
  small and of large chunks compare fairly: recall, precision and IoU of characters where the data name the spans that
  answer (https://research.trychroma.com/evaluating-chunking, which counts characters too); the share of evidence
  sentences; the share of the answers' numbers that the right filings hold;
- as nDCG@10 of whole documents, where the data judge documents.

Each line compares its chunker with the first one question by question. Minutes a set on a CPU without bf16; with
``--cache`` a text is embedded once for all runs.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from statistics import fmean

import numpy as np

from bench.chunkers import CHUNKERS, Chunker
from bench.chunking_sets import SETS, Asked, ChunkingSet
from bench.lines import print_figure
from eval.figures import mean_of
from eval.metrics import ndcg_at_k
from eval.statistics import difference
from ingestion.chunk import ChunkDraft
from retrieval.embed import Embedder, FloatArray, SentenceTransformerEmbedder, bundled_model_path
from retrieval.fuse import fuse
from retrieval.index import IndexPoint
from retrieval.index_edge import EdgeIndex
from retrieval.types import EVERYONE, Principal

BUDGET_TOKENS = 1000
K = 5
POOL = 100
DENSE_WEIGHT = 0.6
FIRST = ("iou@1000", "evidence@1000", "numbers@1000", "ndcg@10")  # the first that a set has is the line's figure
ASKER = Principal("u:bench")


@dataclass(frozen=True, slots=True)
class Cut:
    """One chunk of a corpus: what was embedded, and what can be quoted."""

    document: str
    draft: ChunkDraft
    text: str
    tokens: int  # of the quote alone

    @property
    def embedded(self) -> str:
        return f"{self.draft.context}\n{self.text}" if self.draft.context else self.text


@dataclass
class Vectors:
    """Vectors by text, kept between runs where there is a folder for them."""

    embedder: Embedder
    folder: Path | None
    lexical: bool = False  # nothing is embedded: BM25 alone searches
    known: dict[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.folder and (file := self.folder / f"{self.embedder.fingerprint}.npz").exists():
            with np.load(file) as kept:
                self.known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def of(self, texts: Sequence[str]) -> list[FloatArray]:
        if self.lexical:
            return [np.eye(1, self.embedder.dim, dtype=np.float32)[0]] * len(texts)
        keys = [sha256(text.encode()).hexdigest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self.known}
        if new:
            self.known |= dict(zip(new, self.embedder.embed_documents(list(new.values())).vectors, strict=True))
        return [self.known[key] for key in keys]

    def keep(self) -> None:
        if self.folder and self.known:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = self.folder / f"{self.embedder.fingerprint}.npz"
            np.savez(file, keys=np.array(list(self.known)), vectors=np.stack(list(self.known.values())))


def cut_all(tested: ChunkingSet, chunker: Chunker, embedder: Embedder) -> tuple[list[Cut], float]:
    """The chunks of all documents, and how many seconds it took to cut them."""
    started = time.perf_counter()
    drafts = {name: chunker(document, embedder.token_spans) for name, document in tested.documents.items()}
    seconds = time.perf_counter() - started
    cuts: list[Cut] = []
    for name, of_document in drafts.items():
        texts = [tested.documents[name].text[d.start : d.end] for d in of_document]
        counts = map(len, embedder.token_spans(texts))
        cuts += [Cut(name, *row) for row in zip(of_document, texts, counts, strict=True)]
    return cuts, seconds


@contextmanager
def indexed(cuts: Sequence[Cut], vectors: Vectors) -> Iterator[EdgeIndex]:
    with tempfile.TemporaryDirectory(prefix="attune-chunking-") as home:
        embedder = vectors.embedder
        index = EdgeIndex(Path(home), dim=embedder.dim, fingerprint=embedder.fingerprint, pointer=Pointer())
        try:
            found = vectors.of([cut.embedded for cut in cuts])
            points = [
                IndexPoint(str(i), vector, cut.embedded, cut.document, "r", "c", frozenset({EVERYONE}))
                for i, (cut, vector) in enumerate(zip(cuts, found, strict=True))
            ]
            for start in range(0, len(points), 1000):
                index.upsert(points[start : start + 1000])
            yield index
        finally:
            index.close()


@dataclass
class Pointer:
    targets: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return self.targets.get(name)

    def set(self, name: str, target: str) -> None:
        self.targets[name] = target


def search(index: EdgeIndex, cuts: Sequence[Cut], vector: FloatArray | None, question: str) -> list[Cut]:
    hits = index.search(vector, question, principal=ASKER, collections=None, limit=POOL)
    return [cuts[int(f.chunk_id)] for f in fuse(hits.dense, hits.sparse, fusion="mix", dense_weight=DENSE_WEIGHT)]


def within_budget(found: Sequence[Cut]) -> list[tuple[str, int, int]]:
    """(document, start, end) of the first ``BUDGET_TOKENS`` tokens of what was found; the last chunk is cut off."""
    room, spans = BUDGET_TOKENS, []
    for cut in found:
        share = min(1.0, room / max(1, cut.tokens))
        spans.append((cut.document, cut.draft.start, cut.draft.start + round(share * len(cut.text))))
        room -= cut.tokens
        if room <= 0:
            break
    return spans


def scored(tested: ChunkingSet, asked: Asked, found: Sequence[Cut]) -> dict[str, float]:
    """Every figure that the set's data allow for this question."""
    at_k = [(cut.document, cut.draft.start, cut.draft.end) for cut in found[:K]]
    scores: dict[str, float] = {}
    if asked.relevant:
        ranking = list(dict.fromkeys(cut.document for cut in found))
        scores["ndcg@10"] = ndcg_at_k(ranking, asked.relevant, k=10)
    for depth, spans in ((f"@{K}", at_k), (f"@{BUDGET_TOKENS}", within_budget(found))):
        if asked.references:
            scores |= {name + depth: value for name, value in overlap(spans, asked.references).items()}
        texts = [" ".join(tested.documents[name].text[a:b].lower().split()) for name, a, b in spans]
        if asked.evidence:
            scores["evidence" + depth] = float(any(asked.evidence in text for text in texts))
        if asked.numbers:
            read = " ".join(text for text, (name, _, _) in zip(texts, spans, strict=True) if name in asked.relevant)
            scores["numbers" + depth] = fmean(number in read for number in asked.numbers)
    return scores


def overlap(found: Sequence[tuple[str, int, int]], references: Sequence[tuple[str, int, int]]) -> dict[str, float]:
    got = {(name, i) for name, start, end in found for i in range(start, end)}
    wanted = {(name, i) for name, start, end in references for i in range(start, end)}
    both = len(got & wanted)
    return {
        "recall": both / len(wanted),
        "precision": both / len(got) if got else 0.0,
        "iou": both / len(got | wanted),
    }


def measured(tested: ChunkingSet, cuts: Sequence[Cut], vectors: Vectors) -> list[dict[str, float]]:
    questions = vectors.of([asked.text for asked in tested.questions])
    with indexed(cuts, vectors) as index:
        return [
            scored(tested, asked, search(index, cuts, None if vectors.lexical else vector, asked.text))
            for asked, vector in zip(tested.questions, questions, strict=True)
        ]


def cost(tested: ChunkingSet, cuts: Sequence[Cut], seconds: float, embedder: Embedder) -> dict[str, object]:
    counts = sorted(map(len, embedder.token_spans([cut.embedded for cut in cuts])), reverse=True)
    limit = embedder.max_tokens - 2
    characters = sum(len(document.text) for document in tested.documents.values())
    return {
        "chunks": len(cuts),
        "tokens": sum(counts),
        "padded tokens": sum(16 * (2 + min(limit, counts[i])) for i in range(0, len(counts), 16)),
        "context tokens": sum(counts) - sum(cut.tokens for cut in cuts),
        "longest": counts[0],
        "cut off": sum(count > limit for count in counts),
        "MB/s": round(characters / seconds / 1e6, 2),
    }


def changes(before: Sequence[Mapping[str, float]], after: Sequence[Mapping[str, float]]) -> dict[str, str]:
    """Each figure's difference to the first chunker, with its 95 % interval where it is more than chance."""
    said: dict[str, str] = {}
    for name in dict.fromkeys(name for row in after for name in row):
        rows = [{name: np.array([row.get(name, np.nan) for row in run], dtype=float)} for run in (before, after)]
        found = difference(*rows, mean_of(name), about=name, seed=1)
        if found.verdict in {"better", "worse"}:
            said[name] = f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
    return said


def say(name: str, tested: ChunkingSet, chunkers: Sequence[str], vectors: Vectors) -> None:
    embedder = vectors.embedder
    texts = [[e.text for e in document.elements] for document in tested.documents.values()]
    first: list[dict[str, float]] = []
    for chunker in chunkers:
        started = time.perf_counter()
        for of_document in texts:
            embedder.token_spans(of_document)
        tokenised_s = time.perf_counter() - started
        cuts, seconds = cut_all(tested, CHUNKERS[chunker], embedder)
        scores = measured(tested, cuts, vectors)
        vectors.keep()
        first = first or scores
        means = {
            figure: round(fmean(row[figure] for row in scores if figure in row), 4)
            for figure in dict.fromkeys(figure for row in scores for figure in row)
        }
        shown = next(figure for figure in FIRST if figure in means)
        baseline = means | cost(tested, cuts, seconds, embedder) | {"times tokenising": round(seconds / tokenised_s, 2)}
        baseline[f"more than chance from {chunkers[0]}"] = changes(first, scores)
        how = ", by BM25 alone" if vectors.lexical else ""
        print_figure(f"{name} {shown}, {chunker}{how}", means[shown], unit="share", baseline=baseline)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["chunking-eval", "sec-10q", "tts-handbook"], metavar="SET")
    parser.add_argument("--chunkers", nargs="+", default=list(CHUNKERS), choices=list(CHUNKERS), metavar="NAME")
    parser.add_argument("--cache", type=Path, help="folder that keeps vectors for later runs")
    parser.add_argument("--lexical", action="store_true", help="search by BM25 alone, and embed nothing")
    options = parser.parse_args()
    if unknown := [name for name in options.sets if name not in SETS]:
        parser.error(f"no set {unknown[0]}; there are {', '.join(SETS)}")
    vectors = Vectors(SentenceTransformerEmbedder(bundled_model_path()), options.cache, options.lexical)
    for name in options.sets:
        print(f"{name}: reading", file=sys.stderr)
        say(name, SETS[name](), options.chunkers, vectors)


if __name__ == "__main__":
    main()
