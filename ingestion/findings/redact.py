"""Take spans out of a document, leaving a mark that people can see; elements, sections and tables stay in step."""

import html
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ingestion.findings.spots import whole_graphemes
from ingestion.types import Element, ParsedDocument, assemble

_MAX_EDITS_IN_HTML = 500  # each goes through the whole of it


class Removal(NamedTuple):
    """What is to go, by character offsets into the document's text, and what stands there instead."""

    start: int
    end: int
    mark: str


class _Edit(NamedTuple):
    start: int
    end: int
    new_start: int
    new_end: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """A document without some of its words.

    Attributes:
        edits: What was replaced, in order, with where the marks stand now.
    """

    document: ParsedDocument
    edits: Sequence[_Edit]

    def now_at(self, start: int, end: int) -> tuple[int, int]:
        """Return where a span of the old text stands in the new one; what lies within a removed span is its mark."""
        return self._moved(start, at_end=False), self._moved(end, at_end=True)

    def _moved(self, position: int, *, at_end: bool) -> int:
        index = bisect_right(self.edits, position - at_end, key=lambda edit: edit.start) - 1
        if index < 0:
            return position
        edit = self.edits[index]
        if position - at_end < edit.end:
            return edit.new_end if at_end else edit.new_start
        return position - edit.end + edit.new_end


def redact(document: ParsedDocument, removals: Sequence[Removal]) -> Redacted:
    """Replace spans by their marks.

    Spans that overlap are one, under the mark of the first; one that crosses elements is marked in each. No span cuts
    a character as people see it.

    Returns:
        The document put together again, and where everything stands now.
    """
    spans = _joined(document.text, removals)
    elements: list[Element] = []
    edits: list[_Edit] = []
    shift = 0
    for element in document.elements:
        text, made = _edited(element, _within(spans, element), shift)
        shift += len(text) - len(element.text)
        edits += made
        markup = element.html if element.html is None or not made else _table(element, made, text, shift)
        elements.append(replace(element, text=text, html=markup))
    made_again = assemble(document.title, document.media_type, elements, unread_pages=document.unread_pages)
    return Redacted(made_again, edits)


def redact_line(text: str, removals: Sequence[Removal]) -> str:
    """Replace spans of a text without structure, such as a title."""
    for start, end, mark in reversed(_joined(text, removals)):
        text = text[:start] + mark + text[end:]
    return text


def _joined(text: str, removals: Sequence[Removal]) -> list[Removal]:
    joined: list[Removal] = []
    for removal in sorted(removals, key=lambda r: (r.start, -r.end)):
        start, end = whole_graphemes(text, removal.start, removal.end)
        if joined and start < joined[-1].end:
            joined[-1] = joined[-1]._replace(end=max(end, joined[-1].end))
        else:
            joined.append(Removal(start, end, removal.mark))
    return joined


def _within(spans: Sequence[Removal], element: Element) -> list[Removal]:
    first = bisect_right(spans, element.start, key=lambda span: span.end)
    last = bisect_left(spans, element.end, key=lambda span: span.start)
    return [
        Removal(max(span.start, element.start), min(span.end, element.end), span.mark) for span in spans[first:last]
    ]


def _edited(element: Element, spans: Sequence[Removal], shift: int) -> tuple[str, list[_Edit]]:
    parts: list[str] = []
    edits: list[_Edit] = []
    done = element.start
    for start, end, mark in spans:
        parts += [element.text[done - element.start : start - element.start], mark]
        new_start = start + shift
        shift += len(mark) - (end - start)
        edits.append(_Edit(start, end, new_start, new_start + len(mark)))
        done = end
    parts.append(element.text[done - element.start :])
    return "".join(parts), edits


def _table(element: Element, edits: Sequence[_Edit], text: str, shift: int) -> str | None:
    """Replace the same words in the table's HTML; where they are written otherwise or are very many, the HTML goes."""
    markup = element.html or ""
    if len(edits) > _MAX_EDITS_IN_HTML:
        return None
    new_element_end = element.end + shift
    for edit in edits:
        words = html.escape(element.text[edit.start - element.start : edit.end - element.start], quote=False)
        mark = html.escape(
            text[len(text) - (new_element_end - edit.new_start) :][: edit.new_end - edit.new_start], quote=False
        )
        if not words or words not in markup:
            return None
        markup = markup.replace(words, mark)
    return markup
