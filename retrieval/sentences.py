"""Text -> sentence spans; pure, no model, so that spans are the same at ingestion and at answering time."""

import re

# A line is a unit of its own: list items, table rows and headings end without a full stop.
_LINE = re.compile(r"[^\n]+")
# End of a sentence: . ! ? (and closing quotes or brackets) before white space and something that starts a sentence.
_END = re.compile(r"[.!?。！？]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]*[A-Z0-9À-ÖØ-ÞА-Я一-鿿])|[。！？]+(?=\S)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|no|nos|dr|mr|mrs|ms|prof|st|inc|ltd|co|corp|fig|sec|art|dept|est|jan|feb"
    r"|mar|apr|jun|jul|aug|sept?|oct|nov|dec|u\.s|u\.k|a\.m|p\.m)|\b[A-Z]|^\s*\d{1,2})\.$",
    re.IGNORECASE,
)
_SINGLE_CAPITAL = re.compile(r"\b[A-Z]\.$")
_ITEM = re.compile(r"[-*•|]|\d+[.)]")
_HEADING_WORDS = 12


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Split text into sentences, list items and table rows.

    Returns:
        Character offsets (start, end) in order, without surrounding white space; empty for blank text.
    """
    spans: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        start = line.start()
        if not line.group().lstrip().startswith("|"):
            for mark in _END.finditer(text, line.start(), line.end()):
                if _is_abbreviation(text[start : mark.end()]):
                    continue
                _append(spans, text, start, mark.end())
                start = mark.end()
        _append(spans, text, start, line.end())
    return spans


def _is_abbreviation(sentence: str) -> bool:
    tail = sentence[-8:]
    match = _ABBREVIATION.search(tail)
    # Case is ignored for words like "Dr."; a single letter counts only as a capital: "John F. Smith", not "plan b."
    if match is None:
        return False
    word = match.group().strip(". ")
    return len(word) > 1 or word.isdigit() or bool(_SINGLE_CAPITAL.search(tail))


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        spans.append((start, end))


def is_heading(text: str, start: int, end: int) -> bool:
    """Tell whether a span looks like a heading in its text.

    Returns:
        True for up to twelve words on a line of their own before a blank line, without a mark at the end.
    """
    line = text[start:end]
    alone = (start == 0 or text[start - 1] == "\n") and (end == len(text) or text.startswith("\n\n", end))
    return alone and len(line.split()) <= _HEADING_WORDS and line[-1] not in ".!?:;,|" and not _ITEM.match(line)
