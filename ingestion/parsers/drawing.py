"""DrawingML, the pictures' language of Office Open XML: what charts and diagrams say."""

import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.parsers.archive import read_xml
from ingestion.parsers.clean import fold
from ingestion.parsers.opc import R, Relation
from ingestion.parsers.tables import plain_cells, table_element
from ingestion.types import Element
from retrieval.errors import DocumentError

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_MAX_POINTS = 10_000


def drawn_elements(archive: zipfile.ZipFile, links: Mapping[str, Relation], node: Any) -> list[Element]:
    """Read the charts and diagrams that a node of a document shows.

    Args:
        archive: The package.
        links: Relations of the part that the node is in.
        node: The node; charts and diagrams anywhere below it are read.

    Returns:
        A chart's title and its figures as a table, a diagram's entries as list items; a damaged one is left out.
    """
    found: list[Element] = []
    for reference in node.iter(f"{_C}chart", f"{_DGM}relIds"):
        is_chart = reference.tag == f"{_C}chart"
        link = links.get(reference.get(f"{R}id" if is_chart else f"{R}dm", ""))
        if link is None:
            continue
        try:
            part = read_xml(archive, link.part)
        except DocumentError:
            continue  # a drawing is no reason to lose the document
        if part is not None:
            found.extend(_chart(part) if is_chart else _diagram(part))
    return found


def _chart(part: Any) -> Iterator[Element]:
    title = part.find(f"{_C}chart/{_C}title")
    if title is not None:
        yield Element("paragraph", _written(title))
    series = list(part.iter(f"{_C}ser"))
    columns: list[tuple[str, dict[int, str]]] = []
    names: dict[int, str] = {}
    for one in series:
        names |= {i: text for i, text in _points(one, "cat", "xVal").items() if i not in names}
        columns.append((_label(one), _points(one, "val", "yVal")))
    rows = sorted({i for _, values in columns for i in values} | set(names))
    header = ["", *(name for name, _ in columns)]
    body = [[names.get(i, ""), *(values.get(i, "") for _, values in columns)] for i in rows]
    table = table_element(plain_cells([header, *body])) if body else None
    if table is not None:
        yield table


def _label(series: Any) -> str:
    name = series.find(f"{_C}tx")
    return fold(" ".join(v.text or "" for v in name.iter(f"{_C}v"))) if name is not None else ""


def _points(series: Any, *names: str) -> dict[int, str]:
    node = next((found for name in names if (found := series.find(f"{_C}{name}")) is not None), None)
    levels = list(node.iter(f"{_C}lvl")) if node is not None else []
    points: dict[int, str] = {}
    # Categories of several levels are written innermost first.
    for level in reversed(levels) if levels else [node] if node is not None else []:
        for point in level.iter(f"{_C}pt"):
            index = point.get("idx", "")
            if index.isdecimal() and len(index) < 7 and len(points) < _MAX_POINTS:
                text = fold(point.findtext(f"{_C}v", ""))
                points[int(index)] = f"{points.get(int(index), '')} {_rounded(text)}".strip()
    return points


def _rounded(text: str) -> str:
    """Undo what binary fractions do to figures: 8.1999999999999993 was typed as 8.2."""
    try:
        return f"{float(text):.12g}" if "." in text and len(text) > 14 else text
    except ValueError:
        return text


def _written(node: Any) -> str:
    paragraphs = ("".join(t.text or "" for t in p.iter(f"{A}t")) for p in node.iter(f"{A}p"))
    text = fold(" ".join(paragraphs))
    return text or fold(" ".join(v.text or "" for v in node.iter(f"{_C}v")))


def _diagram(part: Any) -> Iterator[Element]:
    for point in part.iter(f"{_DGM}pt"):
        text = _written(point)
        # Presentation points repeat what the content points say.
        if text and point.get("type") not in {"pres", "parTrans", "sibTrans"}:
            yield Element("list_item", f"- {text}")
