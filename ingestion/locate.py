"""Characters of a document's text -> rectangles on its pages. Runs in the sandbox's children, as ``draw`` does.

The parser has put lines together, words cut by hyphens whole again, cells into tables. So the words of a quote are
looked up among the words that PDFium finds printed in the rectangle its paragraph has, in order; see ``match``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.draw import PDF
from ingestion.match import aligned, nearest, tokens
from ingestion.parsers.image import damage_named, opened
from ingestion.parsers.pdf import page_count
from ingestion.parsers.pdf_blocks import page_words
from ingestion.parsers.pdf_pages import analyse, turn_upright, turned_back
from ingestion.parsers.pdf_words import PageWords, Word, lines, union
from ingestion.types import SourceFile
from retrieval.errors import UnreadableError
from retrieval.types import Box

_LEAST_FOUND = 0.5  # of the words of a stretch; below it the words of something else were found
# Word boxes only: the layout is known from when the document was taken in.
_WORDS_ONLY = {"extract_blocks": False, "extract_vector_graphics": False, "include_complexity": False}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a document's text in one place, with the characters in it that are looked for.

    Attributes:
        text: Of a paragraph, a table or what a chunk has of it.
        start: Of what is looked for in ``text``, inclusive.
        end: Exclusive.
        page: From 1; None where it is not known.
        box: The rectangle of the whole of ``text``; None where it is not known.
    """

    text: str
    start: int
    end: int
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """A page with its words; one that is printed sideways is turned, for lines to run from left to right.

    Attributes:
        size_points: Width and height as it was turned.
        angle: By how many degrees, counter-clockwise.
    """

    number: int
    words: PageWords
    size_points: tuple[float, float]
    angle: int

    def turned(self, box: Box) -> Box:
        """Turn a rectangle on the page as it is shown as the page was turned: all the way round, but for that."""
        width, height = self.size_points
        as_shown = (width, height) if self.angle % 180 == 0 else (height, width)
        return turned_back(box, as_shown, -self.angle % 360)

    def shown(self, words: Sequence[Word], chosen: set[int]) -> tuple[Box, ...]:
        """Put rectangles around words, one a line, on the page as it is shown."""
        return tuple(turned_back(box, self.size_points, self.angle) for box in _line_boxes(words, chosen))


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a stretch is: exactly, word for word, or somewhere within."""

    page: int
    boxes: tuple[Box, ...]
    exact: bool


def located(source: SourceFile, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Look up on which rectangles of which pages stretches of text stand.

    Args:
        source: A PDF or a picture.
        wanted: Its ``media_type``, and ``stretches``, each the arguments of ``Stretch``.

    Returns:
        ``pages`` in their order, each with ``page``, ``width_pt``, ``height_pt``, ``exact`` and ``boxes``, one a line
        of text, in points from the top left; of pictures in pixels.

    Raises:
        DocumentError: It cannot be read.
    """
    stretches = [_stretch(**given) for given in wanted["stretches"]]
    if wanted["media_type"] == PDF:
        found = _on_pdf(source, stretches)
        return {"pages": list(_by_page(found, _pdf_sizes(source, {one.page for one in found})))}
    found = [whole for one in stretches if (whole := _whole(one)) is not None]
    return {"pages": list(_by_page(found, _picture_sizes(source, {one.page for one in found})))}


def _stretch(box: Sequence[float] | None = None, **more: Any) -> Stretch:
    return Stretch(**more, box=None if box is None else Box(*box))


def _on_pdf(source: SourceFile, stretches: Sequence[Stretch]) -> list[_Found]:
    everywhere = any(one.page is None for one in stretches)
    pages = _pages(source, () if everywhere else {one.page for one in stretches if one.page is not None})
    found: list[_Found] = []
    for one in stretches:
        if one.page is None:
            found += _anywhere(one, list(pages.values()))
        elif one.page in pages:
            found.append(_there(one, pages[one.page]))
        elif (whole := _whole(one)) is not None:
            found.append(whole)
    return [one for one in found if one.boxes]


def _pages(source: SourceFile, numbers: Collection[int]) -> dict[int, _Page]:
    """Return the pages of these numbers, in their order, all of them if there are none; those that are broken lack."""
    count = page_count(source.path)
    there = sorted(number for number in numbers if number <= count)
    if not count or (numbers and not there):
        return {}
    analysed = analyse(source.path, max_pages=count, pages=there, **_WORDS_ONLY)
    turned = turn_upright(source.path, analysed)
    return {
        number: _Page(number, page_words(page), (page.width, page.height), turned.get(number, 0))
        for number, page in sorted(analysed.items())
    }


def _there(one: Stretch, page: _Page) -> _Found:
    """Find a stretch on its page, in its rectangle."""
    around = page.words.inside(page.turned(one.box)) if one.box is not None else list(page.words.words)
    chosen, share = _matched(one, around)
    if share < _LEAST_FOUND:
        return _Found(page.number, () if one.box is None else (one.box,), exact=False)
    return _Found(page.number, page.shown(around, chosen), exact=share == 1)


def _anywhere(one: Stretch, pages: Sequence[_Page]) -> list[_Found]:
    """Find a stretch whose page is not known: where most of its words follow each other."""
    printed = [(page, index, w.text) for page in pages for index, w in enumerate(page.words.words)]
    first, last = nearest(tokens(one.text), [text for _, _, text in printed])
    window = printed[first:last]
    chosen, share = _matched(one, [page.words.words[index] for page, index, _ in window])
    if share < _LEAST_FOUND:
        return []
    there: dict[int, set[int]] = defaultdict(set)
    for position in chosen:
        page, index, _ = window[position]
        there[page.number].add(index)
    return [
        _Found(page.number, page.shown(page.words.words, there[page.number]), exact=share == 1)
        for page in pages
        if page.number in there
    ]


def _matched(one: Stretch, words: Sequence[Word]) -> tuple[set[int], float]:
    """Return which words are those of a stretch, and which share of them was found; 0 for a stretch without words."""
    all_tokens = tokens(one.text)
    wanted = [token for token in all_tokens if token.end > one.start and token.start < one.end]
    if not wanted:
        return set(), 0.0
    places = aligned(all_tokens, [w.text for w in words])
    chosen = {index for token in wanted for index in places.get(token.start, ())}
    return chosen, sum(token.start in places for token in wanted) / len(wanted)


def _whole(one: Stretch) -> _Found | None:
    if one.page is None or one.box is None or one.end <= one.start:
        return None
    return _Found(one.page, (one.box,), exact=False)


def _line_boxes(words: Sequence[Word], chosen: set[int]) -> Iterable[Box]:
    """Put rectangles around words, one a line: cut where a word stands between them that was not chosen."""
    wanted = {id(words[index]) for index in chosen}
    for line in lines(words):
        run: list[Word] = []
        pending: list[Word] = []  # a dash or a currency sign belongs to a run if it goes on behind it
        for current in line:
            if id(current) in wanted:
                run += [*pending, current] if run else [current]
                pending = []
            elif current.key:
                yield from _box(run)
                run, pending = [], []
            else:
                pending.append(current)
        yield from _box(run)


def _box(run: Sequence[Word]) -> list[Box]:
    around = union(w.box for w in run)
    return [] if around is None else [around]


def _by_page(found: Sequence[_Found], sizes: Mapping[int, tuple[float, float]]) -> Iterable[dict[str, Any]]:
    for number in sorted(sizes):
        here = [one for one in found if one.page == number]
        boxes = dict.fromkeys(box for one in here for box in one.boxes)
        width, height = sizes[number]
        yield {
            "page": number,
            "width_pt": width,
            "height_pt": height,
            "exact": all(one.exact for one in here),
            "boxes": [(box.x0, box.y0, box.x1, box.y1) for box in boxes],
        }


def _pdf_sizes(source: SourceFile, numbers: set[int]) -> dict[int, tuple[float, float]]:
    import pypdfium2

    document = pypdfium2.PdfDocument(source.path)
    try:
        return {number: document.get_page_size(number - 1) for number in numbers if number <= len(document)}
    except pypdfium2.PdfiumError as error:
        raise UnreadableError("is a damaged PDF: a page cannot be opened") from error
    finally:
        document.close()


def _picture_sizes(source: SourceFile, numbers: set[int]) -> dict[int, tuple[float, float]]:
    from PIL import ImageOps

    sizes = {}
    with damage_named(), opened(source) as picture:
        for number in sorted(numbers):
            picture.seek(number - 1)
            upright = ImageOps.exif_transpose(picture)
            sizes[number] = (float(upright.width), float(upright.height))
    return sizes
