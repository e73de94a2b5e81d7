"""HTML -> Elements: the content of a page without its navigation; text a reader cannot see is marked."""

import re
from typing import Any

from ingestion.parsers.clean import fold
from ingestion.parsers.decode import decode
from ingestion.parsers.html_sight import Sight, Viewer
from ingestion.parsers.html_table import html_table, is_layout_table
from ingestion.types import Element, ElementKind, SourceFile
from retrieval.errors import ResourceLimitError, UnreadableError

_NAME = re.compile(r"[a-z]\w*")
NEVER_TEXT = frozenset(
    _NAME.findall("script style noscript template head iframe object embed svg canvas audio video map select textarea")
)
_NOISE = NEVER_TEXT | {"nav", "footer", "aside", "dialog"}
_NOISE_ROLES = frozenset(
    _NAME.findall("navigation banner contentinfo complementary search menu menubar toolbar dialog")
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_BLOCKS = frozenset(
    _NAME.findall("""
    html body main article section div p blockquote header footer nav aside form fieldset figure figcaption dl dt dd
    address details summary hr center table caption thead tbody tfoot tr td th li option legend hgroup
    h1 h2 h3 h4 h5 h6 ul ol menu dir
    """)
)
_DECLARED = re.compile(
    rb"<(?:meta[^>]{0,200}charset|\?xml[^>]{0,100}encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE
)
_BREAK = "\x1e"
_XHTML = re.compile(r"\s*<\?xml|.{0,1000}?xmlns\s*=\s*[\"']http://www\.w3\.org/1999/xhtml", re.DOTALL)
_CLOSED = re.compile(r"""<([a-zA-Z][\w:-]*+)((?:[^<>"'/]|/(?!>)|"[^"]*+"|'[^']*+')*+)/>""")
_VOID = frozenset(_NAME.findall("area base br col embed hr img input link meta param source track wbr"))
_TAG = re.compile(r"""<[a-zA-Z](?:[^<>"']++|"[^"]*+"|'[^']*+')*+""")
_LONG_TAG_CHARS = 65_536
_MAX_ATTRIBUTES = 5_000  # of one element: comparing each with each, the library would take hours over a million
_MAIN_SHARE = 0.25  # a <main> with less of the page's text than this is not where the content is


def parse_html(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a web page.

    Returns:
        Its ``<title>``, or an empty string, and the elements of its main content.
    """
    data = source.path.read_bytes()
    declared = _DECLARED.search(data[:4096])
    return html_elements(decode(data, declared[1].decode("ascii", "replace") if declared else None), places=True)


def html_elements(markup: str, *, places: bool = False, is_page: bool = True) -> tuple[str, list[Element]]:
    """Read HTML, whole pages and fragments.

    Args:
        markup: The HTML.
        places: Give each element its line as place; for markup that is a whole file.
        is_page: Look for the main content between navigation, as in a page of the web; a chapter of a book has none.

    Returns:
        The ``<title>``, or an empty string, and the elements.

    Raises:
        UnreadableError: The markup cannot be parsed.
        ResourceLimitError: It is nested so deeply that what is inside would be lost, or has too many attributes.
    """
    from lxml import etree

    if not markup.strip("\0 \t\r\n"):
        return "", []
    if len(markup) > _LONG_TAG_CHARS:
        _refuse_endless_tags(markup)
    reader = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(_as_html(markup.replace("\0", "")).encode("utf-8", "replace"), reader)
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"is not readable HTML ({error.msg})") from error
    if root is None:
        return "", []
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in reader.error_log.filter_from_fatals()):
        raise ResourceLimitError("is nested too deeply")
    title = root.find(".//title")
    viewer = Viewer(root)
    elements = _Walk(_content(root), viewer, places=places, strip_noise=True).elements() if is_page else []
    if not elements:
        elements = _Walk(root, viewer, places=places, strip_noise=False).elements()
    return fold("".join(str(text) for text in title.itertext())) if title is not None else "", elements


def _refuse_endless_tags(markup: str) -> None:
    for tag in _TAG.finditer(markup):
        if tag.end() - tag.start() > _LONG_TAG_CHARS and tag[0].count("=") > _MAX_ATTRIBUTES:
            raise ResourceLimitError(f"has an element with more than {_MAX_ATTRIBUTES:,} attributes")


def _as_html(markup: str) -> str:
    """Write out what XHTML closes in one tag: ``<title/>`` would swallow all that follows when read as HTML."""
    if not _XHTML.match(markup):
        return markup
    return _CLOSED.sub(lambda m: m[0] if m[1].lower() in _VOID else f"<{m[1]}{m[2]}></{m[1]}>", markup)


def _content(root: Any) -> Any:
    body = root.find("body")
    body = root if body is None else body
    candidates = body.xpath("(.//main | .//*[@role='main'])[1]") or body.xpath(".//article[count(//article)=1]")
    if candidates and _text_length(candidates[0]) >= _MAIN_SHARE * _text_length(body):
        return candidates[0]
    return body


def _text_length(element: Any) -> int:
    return sum(len(text) for text in element.itertext() if not text.isspace())


class _Walk:
    """One pass over the tree without recursion: depth is the author's choice."""

    def __init__(self, root: Any, viewer: Viewer, *, places: bool, strip_noise: bool) -> None:
        self._root = root
        self._viewer = viewer
        sight = viewer.start
        for element in reversed([*root.iterancestors()]):
            sight = viewer.look(sight, element)
        self._sights = [sight]  # per open element
        self._places = places
        self._strip_noise = strip_noise
        self._buffer: list[str] = []
        self._lists: list[int | None] = []  # per open list: the next number, None for bullets
        self._marker = ""
        self._line: int | None = None
        self._elements: list[Element] = []

    def elements(self) -> list[Element]:
        from lxml import etree

        walk = etree.iterwalk(self._root, events=("start", "end"))
        for event, element in walk:
            if event == "start":
                self._see(self._viewer.look(self._sights[-1], element))
                if not self._start(element):
                    walk.skip_subtree()
            else:
                self._end(element)
        self._flush()
        return self._elements

    def _start(self, element: Any) -> bool:
        """Take an element's opening; False keeps the walk out of it."""
        tag = element.tag
        if self._is_noise(element, tag):
            return False
        if tag in _BLOCKS:
            self._flush()
        if tag in {"table", "pre"}:
            return self._whole(element, tag)
        if tag in _LISTS:
            self._lists.append(_first_number(element) if tag == "ol" else None)
        elif tag == "li":
            self._marker = self._next_marker()
        elif tag in {"br", "img"}:
            self._take(_BREAK if tag == "br" else element.get("alt"), element)
        self._take(element.text, element)
        return True

    def _end(self, element: Any) -> None:
        tag = element.tag
        if tag in _HEADINGS:
            self._flush("heading", int(tag[1]))
        elif tag in _BLOCKS:
            self._flush()
        if tag in _LISTS and self._lists:
            self._lists.pop()
        elif tag == "li":
            self._marker = ""
        self._unsee()
        if element is not self._root:
            self._take(element.tail, element)

    def _take(self, text: str | None, element: Any) -> None:
        if text:
            if self._line is None and self._places and not text.isspace():
                self._line = element.sourceline
            self._buffer.append(text)

    def _whole(self, element: Any, tag: str) -> bool:
        if tag == "table":
            if is_layout_table(element):
                return True
            place = self._place(element.sourceline)
            found = html_table(element, place=place, viewer=self._viewer, sight=self._sights[-1])
        else:
            code = "".join(element.itertext()).strip("\n")
            found = [Element("code", code, place=self._place(element.sourceline), hidden=self._hidden)]
        self._elements.extend(found)
        return False

    def _is_noise(self, element: Any, tag: Any) -> bool:
        if not isinstance(tag, str) or tag in NEVER_TEXT:
            return True
        if not self._strip_noise:
            return False
        if tag in _NOISE:
            return True
        if tag == "button":
            # An accordion's heading is a button; "Share" and "Copy" are not content.
            return not any(parent.tag in _HEADINGS for parent in element.iterancestors())
        banner = tag == "header" or element.get("role") in _NOISE_ROLES
        return banner and not any(True for _ in element.iter(*_HEADINGS))

    def _next_marker(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "-" * max(len(self._lists), 1) + " "
        self._lists[-1] = number + 1
        outer = [n - 1 for n in self._lists[:-1] if n is not None]
        return ".".join(str(n) for n in (*outer, number)) + ". "

    @property
    def _hidden(self) -> bool:
        return self._sights[-1].hidden

    def _see(self, sight: Sight) -> None:
        if sight.hidden != self._hidden:
            self._flush()
        self._sights.append(sight)

    def _unsee(self) -> None:
        if self._sights[-1].hidden != self._sights[-2].hidden:
            self._flush()
        self._sights.pop()

    def _place(self, line: int | None) -> str | None:
        return f"line {line}" if self._places and line else None

    def _flush(self, kind: ElementKind = "paragraph", level: int | None = None) -> None:
        text = "".join(self._buffer)
        self._buffer.clear()
        line, self._line = self._line, None
        text = "\n".join(part for part in (fold(part) for part in text.split(_BREAK)) if part)
        if not text:
            return
        if kind == "heading":
            text = fold(text)
        elif self._marker:
            kind, text, self._marker = "list_item", self._marker + text, ""
        self._elements.append(Element(kind, text, level=level, place=self._place(line), hidden=self._hidden))


def _first_number(element: Any) -> int:
    start = element.get("start", "1")
    return int(start) if start.isdecimal() and len(start) < 10 else 1
