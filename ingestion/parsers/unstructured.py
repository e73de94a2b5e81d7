"""Any format by way of the library `unstructured` -> Elements; for whoever prefers its reading to ours.

The library is an extra (``pip install attune[unstructured]``): with what it needs it is larger than a server without.
It is kept offline: no calls home, and sentences found by rule instead of by a model that it would download.
"""

import os
import sys
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any

from ingestion.parsers.clean import fold, fold_lines
from ingestion.parsers.html import html_elements
from ingestion.types import Element, ElementKind, SourceFile
from retrieval.errors import UnreadableError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS: dict[str, ElementKind] = {"Title": "heading", "ListItem": "list_item", "CodeSnippet": "code"}
_WITHOUT_TEXT = frozenset({"PageBreak", "Image"})
_MAX_LEVEL = 6


def parse_by_unstructured(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a file of any format that the library knows.

    Returns:
        An empty string, and its elements.

    Raises:
        UnsupportedError: The library, or the part of it for this format, is not installed.
        UnreadableError: The library cannot read the file.
    """
    partition = _partition()
    try:
        with source.path.open("rb") as file:
            found = partition(file=file, metadata_filename=source.name, languages=["eng"])
    except ImportError as error:
        raise UnsupportedError(f"needs a part of unstructured that is not installed ({error.name})") from error
    except (ValueError, LookupError, TypeError, AttributeError, OSError, zipfile.BadZipFile) as error:
        raise UnreadableError(f"cannot be read by unstructured ({fold(str(error))[:200]})") from error
    return "", [element for number, one in enumerate(found, 1) for element in _elements(one, number)]


@cache
def _partition() -> "Callable[..., Any]":
    # The worker keeps numpy from being loaded by libraries that can do without; this one cannot.
    if sys.modules.get("numpy", sys) is None:
        del sys.modules["numpy"]
    # It calls home when it is imported, and only the environment can tell it not to.
    os.environ.update(  # noqa: TID251
        {"DO_NOT_TRACK": "1", "SCARF_NO_ANALYTICS": "true", "UNSTRUCTURED_DISABLE_NOTICE": "1"}
    )
    try:
        import spacy
        from unstructured.nlp import tokenize
        from unstructured.partition.auto import partition
    except ImportError as error:
        raise UnsupportedError(f"was to be read by unstructured, which is not installed ({error.name})") from error
    language = spacy.blank("en")
    language.add_pipe("sentencizer")
    tokenize._get_nlp = lambda: language  # noqa: SLF001 - the only way in
    return partition  # type: ignore[no-any-return]


def _elements(one: Any, number: int) -> list[Element]:
    category, where = str(one.category), one.metadata
    place = f"sheet {where.page_name}" if where.page_name else f"element {number}"
    if category == "Table" and where.text_as_html:
        tables = html_elements(where.text_as_html, is_page=False)[1]
        return [Element(t.kind, t.text, t.level, where.page_number, place=place, html=t.html) for t in tables]
    kind = _KINDS.get(category, "paragraph")
    text = str(one.text) if kind == "code" else fold_lines(str(one.text))
    if not text or category in _WITHOUT_TEXT:
        return []
    depth = where.category_depth or 0
    if kind == "heading":
        return [Element(kind, fold(text), min(depth + 1, _MAX_LEVEL), where.page_number, place=place)]
    return [Element(kind, f"- {text}" if kind == "list_item" else text, page=where.page_number, place=place)]
