"""Pages of originals, for people to see: drawn and searched by a sandbox of their own, the last ones kept."""

import math
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ingestion.draw import PAGED, PICTURE
from ingestion.handover import check_for_error, left_by_child
from ingestion.parse_worker import Task
from ingestion.sandbox import Limits, Sandbox
from ingestion.types import SourceFile
from retrieval.errors import BusyError, NotFoundError, UnreadableError, UnsupportedError
from retrieval.types import Box, Place

Given = TypeVar("Given")
KEPT_BYTES = 32 * 2**20
_AT_ONCE, _MAX_S = 2, 20.0
_COUNTS_KEPT = 10_000
_COUNT_PATIENCE_S = 1.0
_PATIENCE_S = 10.0  # for a free worker; whoever waits holds one of the threads that answer questions too
_MOST_ASKED_FOR = 12  # pages drawn or waited for: fewer than half of the requests that a server takes at once
_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">8s4x4sII")
_CONTEXT_CHARS = 200  # around a quote, so that of two places with the same words the right one is found


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes that a revision was made of.

    Attributes:
        sha256: Of the bytes, in hex.
        media_type: As the revision has it.
        path: Where the bytes lie.
    """

    sha256: str
    media_type: str
    path: Path

    @property
    def has_pages(self) -> bool:
        """Whether it is of a kind that has pages to be seen."""
        return self.media_type in PAGED


@dataclass(frozen=True, slots=True)
class Highlight:
    """Where on a page a stretch of text stands.

    Attributes:
        page: From 1.
        width_pt: Of the page as it is shown, in points; of a picture in pixels, as are all other figures.
        height_pt: Likewise.
        exact: The boxes hold the words and no others; otherwise the words are somewhere within.
        boxes: One for each line.
    """

    page: int
    width_pt: float
    height_pt: float
    exact: bool
    boxes: tuple[Box, ...]


def open_pages() -> "Pages":
    """Make what draws pages; its sandbox is not that of ingestion, behind which readers would wait."""
    limits = Limits(wall_s=_MAX_S, wall_max_s=_MAX_S, output_bytes=KEPT_BYTES)
    return Pages(Sandbox(workers=_AT_ONCE, limits=limits))


class Pages:
    """Draws pages and finds text on them; safe to use from several threads. Who may see them is asked before.

    Args:
        sandbox: In which the files are opened; closed with this.
        kept_bytes: How much of what was drawn is kept in memory, for the next who looks.
    """

    def __init__(self, sandbox: Sandbox, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._sandbox = sandbox
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()  # seen longest ago first
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(_MOST_ASKED_FOR)

    def close(self) -> None:
        """End the sandbox."""
        self._sandbox.close()

    def count(self, original: Original) -> int:
        """Count the pages of a file.

        Returns:
            The number of pages.

        Raises:
            UnsupportedError: It has none.
            DocumentError: It cannot be opened.
            BusyError: Too many pages are being drawn.
        """
        with self._lock:
            known = self._counts.get(original.sha256)
        if known is None:
            known = self._run("facts", original, _page_count)
            self._note_count(original, known)
        return known

    def picture(self, original: Original, number: int, *, width_px: int) -> bytes:
        """Return a page as a reader sees it.

        Args:
            original: The file.
            number: Of the page, from 1.
            width_px: How wide it is to be; a page that would be very high becomes narrower, and a small picture is not
                made larger.

        Returns:
            A PNG.

        Raises:
            NotFoundError: It has no such page.
            UnsupportedError: It has no pages.
            DocumentError: The page cannot be drawn.
            BusyError: Too many pages are being drawn.
        """
        key = (original.sha256, number, width_px)
        with self._lock:
            kept = self._kept
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        wanted = {"page": number, "width_px": width_px}
        pages, drawn = self._run("draw", original, _drawn, wanted)
        self._note_count(original, pages)
        if drawn is None:
            raise NotFoundError(f"no page {number}: it has {pages}")
        self._keep(key, drawn, kept)
        return drawn

    def highlights(
        self, original: Original, text: str, start: int, end: int, *, places: Sequence[Place]
    ) -> list[Highlight]:
        """Find where characters of a revision's text stand on the pages of its file.

        Args:
            original: The file.
            text: Of the revision.
            start: Of the characters, inclusive.
            end: Exclusive.
            places: Where the text around them stands, as far as that is known; without any it is searched for.

        Returns:
            In the order of the pages; empty where nothing was found.

        Raises:
            UnsupportedError: It has no pages.
            DocumentError: It cannot be read.
            BusyError: Too many pages are being drawn.
        """
        wanted = {"stretches": _stretches(text, start, end, places)}
        return self._run("locate", original, _located, wanted)

    def forget(self) -> None:
        """Forget every page that is kept: of a document that is to be known nowhere any more, too."""
        with self._lock:
            self._kept = OrderedDict()  # another one: what is being drawn at this moment is not kept
            self._counts.clear()
            self._size_bytes = 0

    def _run(
        self,
        task: Task,
        original: Original,
        receive: Callable[[Any, Path], Given],
        wanted: Mapping[str, Any] | None = None,
    ) -> Given:
        if not original.has_pages:
            raise UnsupportedError(f"has no pages to be seen: it is {original.media_type}")
        source = SourceFile(original.path, f"original:{original.sha256}", original.sha256)
        told = {"media_type": original.media_type} | dict(wanted or {})
        # How many pages there are is told beside a text, which need not wait for it.
        patience_s = _COUNT_PATIENCE_S if task == "facts" else _PATIENCE_S
        if not self._places.acquire(blocking=False):
            raise BusyError("too many pages are being drawn")
        try:
            return self._sandbox.run(task, source, receive, wanted=told, patience_s=patience_s)
        finally:
            self._places.release()

    def _keep(self, key: tuple[str, int, int], drawn: bytes, kept: OrderedDict[tuple[str, int, int], bytes]) -> None:
        with self._lock:
            if kept is not self._kept:
                return  # all was forgotten meanwhile
            self._size_bytes += len(drawn) - len(self._kept.pop(key, b""))
            self._kept[key] = drawn
            while self._size_bytes > self._kept_bytes:
                self._size_bytes -= len(self._kept.popitem(last=False)[1])

    def _note_count(self, original: Original, count: int) -> None:
        with self._lock:
            self._counts[original.sha256] = count
            while len(self._counts) > _COUNTS_KEPT:
                self._counts.popitem(last=False)


def _stretches(text: str, start: int, end: int, places: Sequence[Place]) -> list[dict[str, Any]]:
    """Cut what is looked for at the borders of paragraphs; the child is given the text of each that it lies in."""
    met = [place for place in places if place.start < end and place.end > start and place.page is not None]
    if not met:
        first, last = max(start - _CONTEXT_CHARS, 0), min(end + _CONTEXT_CHARS, len(text))
        return [{"text": text[first:last], "start": start - first, "end": end - first}]
    return [
        {
            "text": text[place.start : place.end],
            "start": max(start - place.start, 0),
            "end": min(end, place.end) - place.start,
            "page": place.page,
            "box": place.box and (place.box.x0, place.box.y0, place.box.x1, place.box.y1),
        }
        for place in met
    ]


# What a child says is not taken on trust: it has read a file that may be hostile.


def _page_count(said: Any, _folder: Path) -> int:
    check_for_error(said)
    return max(int(_finite(said["pages"])), 0)


def _drawn(said: Any, folder: Path) -> tuple[int, bytes | None]:
    pages = _page_count(said, folder)
    try:
        content = left_by_child(folder / PICTURE, KEPT_BYTES)
    except FileNotFoundError:
        return pages, None
    if len(content) < _HEADER.size:
        raise UnreadableError("its page came out as something else than a picture")
    signature, header, width, height = _HEADER.unpack_from(content)
    if signature != _PNG or header != b"IHDR" or not width or not height:
        raise UnreadableError("its page came out as something else than a picture")
    return pages, content


def _located(said: Any, _folder: Path) -> list[Highlight]:
    check_for_error(said)
    return [_highlight(**page) for page in said["pages"]]


def _highlight(page: Any, width_pt: Any, height_pt: Any, exact: Any, boxes: Any) -> Highlight:
    rectangles = tuple(Box(*map(_finite, box)) for box in boxes)
    return Highlight(int(_finite(page)), _finite(width_pt), _finite(height_pt), bool(exact), rectangles)


def _finite(said: Any) -> float:
    number = float(said)
    if not math.isfinite(number):
        raise ValueError("no figure of a page")  # nor of JSON, in which it would be told
    return number
