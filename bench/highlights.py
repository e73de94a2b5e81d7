"""How often the words under a highlight are the quote's words, on real PDFs: filings of companies and mixed files.

Run from the repository root: ``python -m bench.highlights [--quotes N]``. Quotes of 3 to 40 words are drawn at random
from chunks, cut as in the server. PDFium, asked for each box what is printed there, is the judge. Pages that were read
by OCR have no words to ask for; they are counted apart. One JSON line a set.
"""

import argparse
import ctypes
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from pypdfium2 import raw

from bench.lines import data, print_figure
from ingestion.chunk import ChunkDraft, chunk
from ingestion.match import tokens
from ingestion.pages import Highlight, Original, Pages
from ingestion.sandbox import Sandbox
from ingestion.types import ParsedDocument, SourceFile
from retrieval.errors import DocumentError
from retrieval.types import Place

SEED = 7
FEWEST_WORDS, MOST_WORDS = 3, 40
CHUNK_TOKENS = 254
GRID = 100  # device units a point, for PDFium's whole numbers
_PIECE = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Quote:
    file: Path
    start: int
    end: int
    words: tuple[str, ...]
    found: tuple[Highlight, ...]
    printed: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        return bool(self.found) and all(page.exact for page in self.found)

    @property
    def is_right(self) -> bool:
        # By their letters: PDFium puts columns side by side, and spaces where it likes.
        both, wanted, under = self.overlap
        return both == wanted == under

    @property
    def overlap(self) -> tuple[int, int, int]:
        """Letters in both, in the quote, and under the boxes."""
        wanted, printed = Counter("".join(self.words)), Counter("".join(self.printed))
        return (wanted & printed).total(), wanted.total(), printed.total()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quotes", type=int, default=40, help="of each file")
    options.add_argument("--show", action="store_true", help="print what went wrong to standard error")
    chosen = options.parse_args()
    for name in ("sec-10q", "doc-formats"):
        files = sorted(path for path in data(name).rglob("*.pdf") if path.parent.name not in {"malformed", "encrypted"})
        with Sandbox(workers=1) as sandbox:
            quotes = [quote for file in files for quote in drawn(sandbox, file, chosen.quotes)]
        report(name, len(files), quotes)
        if chosen.show:
            for quote in quotes:
                if not (quote.is_exact and quote.is_right):
                    print(quote.file.name, quote.words, quote.printed, quote.found, sep="\n  ", file=sys.stderr)


def drawn(sandbox: Sandbox, file: Path, count: int) -> Iterator[Quote]:
    source = SourceFile(file, f"upload:{file.name}", file.name)
    try:
        document = sandbox.parse(source)
    except DocumentError:
        return
    original, pages = Original(file.name, "application/pdf", file), Pages(sandbox)
    draw = random.Random(f"{SEED} {file.name}")
    chunks = chunk(document, token_spans, max_tokens=CHUNK_TOKENS)
    for _ in range(count):
        start, end, places = one_quote(document, draw.choice(chunks), draw)
        found = pages.highlights(original, document.text, start, end, places=places)
        words = tuple(token.key for token in tokens(document.text[start:end]))
        if words:
            yield Quote(file, start, end, words, tuple(found), printed(file, found))


def one_quote(document: ParsedDocument, of: ChunkDraft, draw: random.Random) -> tuple[int, int, Sequence[Place]]:
    words = list(re.finditer(r"\S+", document.text[of.start : of.end]))
    first = draw.randrange(max(len(words) - FEWEST_WORDS, 0) + 1)
    last = min(first + draw.randint(FEWEST_WORDS, MOST_WORDS), len(words)) - 1
    return of.start + words[first].start(), of.start + words[last].end(), of.places


def token_spans(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
    return [[match.span() for match in _PIECE.finditer(text)] for text in texts]


def printed(file: Path, found: Sequence[Highlight]) -> tuple[str, ...]:
    document = pypdfium2.PdfDocument(file)
    words: list[str] = []
    try:
        for page in found:
            opened = document[page.page - 1]
            text = opened.get_textpage()
            for box in page.boxes:
                # A little off the edges: of letters that touch a box PDFium speaks too.
                width, height = box.x1 - box.x0, box.y1 - box.y0
                off_x, off_y = (0.5, 0.3 * height) if width > height else (0.3 * width, 0.5)
                inner = ((box.x0 + off_x, box.y0 + off_y), (box.x1 - off_x, box.y1 - off_y))
                corners = [on_page(opened, page, x, y) for x, y in inner]
                (left, right), (bottom, top) = (sorted(side) for side in zip(*corners, strict=True))
                line = text.get_text_bounded(left=left, bottom=bottom, right=right, top=top)
                words += [token.key for token in tokens(line.replace("\x02", "-").replace("\ufffe", "-"))]
    finally:
        document.close()
    return tuple(words)


def on_page(page: pypdfium2.PdfPage, highlight: Highlight, x: float, y: float) -> tuple[float, float]:
    """From points on the page as it is shown to the page's own, which knows neither rotation nor crop."""
    width, height = int(highlight.width_pt * GRID), int(highlight.height_pt * GRID)
    own_x, own_y = ctypes.c_double(), ctypes.c_double()
    raw.FPDF_DeviceToPage(page, 0, 0, width, height, 0, int(x * GRID), int(y * GRID), own_x, own_y)
    return own_x.value, own_y.value


def report(name: str, files: int, quotes: Sequence[Quote]) -> None:
    exact = [quote for quote in quotes if quote.is_exact]
    both, wanted, under = (sum(part) for part in zip(*(quote.overlap for quote in exact), strict=True))
    print_figure(
        f"{name}: quotes whose highlight holds their words and no others",
        round(sum(quote.is_right for quote in exact) / max(len(exact), 1), 4),
        unit=f"of {len(exact)} quotes that are said to be exact",
        goal=">= 0.98",
        baseline={
            "files": files,
            "quotes": len(quotes),
            "said to be exact": round(len(exact) / max(len(quotes), 1), 4),
            "nothing found": sum(not quote.found for quote in quotes),
            "letters of the quote under the boxes": round(both / max(wanted, 1), 4),
            "letters under the boxes that are the quote's": round(both / max(under, 1), 4),
        },
    )


if __name__ == "__main__":
    main()
