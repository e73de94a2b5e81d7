"""Printed lines cut into cells where the gaps are wide; which of them are rows of figures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingestion.parsers.pdf_words import Word

_CELL_GAP = 0.9  # line heights between two cells; words of a line stand closer
MOST_CELL_CHARS = 40  # prose beside figures is the next column of a page
_CURRENCY = re.compile(r"(?:[A-Z]{0,3}[$€£¥]|CHF|EUR|USD|GBP)")
_CLOSING = re.compile(r"[)%\]]+|(?:bps|pp|ppts?)")
_FIGURE = re.compile(
    r"(?:[A-Z]{0,3}[$€£¥]|CHF|EUR|USD|GBP)?\s*[(\[]?\s*(?:[A-Z]{0,3}[$€£¥])?\s*[(+\-\u2212\u2013]?\s*"
    r"(?:\d[\d.,'\u2019]*|\.\d+)\s*(?:[)%\]x]|bps|pp|ppts?)*\s*(?:\([\d.,]+%?\))?\s*\*{0,2}"
    r"(?:\s(?:years?|months?|days?|thousand|million|billion))?"
    r"|(?:[A-Z]{0,3}[$€£¥])?\s*[-\u2212\u2013\u2014]{1,3}\s*%?|[NnMm]/?[AaMm]\.?"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands in one cell of a printed line."""

    text: str
    x0: float
    x1: float

    @property
    def is_figure(self) -> bool:
        """Tell whether it is a number, an amount, a share, or a sign for none."""
        return _FIGURE.fullmatch(self.text) is not None


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line, cut into cells where the gaps are wide."""

    words: list[Word]
    pieces: list[Piece]
    y0: float
    y1: float

    @property
    def is_row(self) -> bool:
        """Tell whether it is a label with figures to its right, or several figures."""
        rest = self.pieces[1:] if not self.pieces[0].is_figure else self.pieces
        figures = sum(piece.is_figure for piece in rest)
        least = 1 if len(rest) < len(self.pieces) else 2
        return figures >= least and figures * 2 > len(rest) and all(len(p.text) <= MOST_CELL_CHARS for p in rest)

    @property
    def label(self) -> str:
        """What stands left of the figures."""
        return "" if self.pieces[0].is_figure else self.pieces[0].text

    @property
    def figures(self) -> list[Piece]:
        """What stands right of the label."""
        return self.pieces if self.pieces[0].is_figure else self.pieces[1:]


def cut_line(words: list[Word]) -> Line:
    """Cut a printed line, which has words, into cells."""
    height = max(w.box.y1 - w.box.y0 for w in words)
    groups: list[list[Word]] = [[words[0]]]
    for before, here in pairwise(words):
        apart = here.box.x0 - before.box.x1 > _CELL_GAP * height
        if _CURRENCY.fullmatch(here.text):
            groups.append([here])  # the sign belongs to what follows, however near it stands to what went before
        elif _CURRENCY.fullmatch(before.text) or _CLOSING.fullmatch(here.text) or not apart:
            groups[-1].append(here)
        else:
            groups.append([here])
    pieces = [Piece(_text(g), g[0].box.x0, max(w.box.x1 for w in g)) for g in groups]
    return Line(words, pieces, min(w.box.y0 for w in words), max(w.box.y1 for w in words))


def _text(words: Sequence[Word]) -> str:
    text = words[0].text
    for before, here in pairwise(words):
        joined = _CURRENCY.fullmatch(before.text) or _CLOSING.fullmatch(here.text)
        text += here.text if joined and not _CURRENCY.fullmatch(here.text) else f" {here.text}"
    return text
