"""Shapes of a PowerPoint slide: where they are, what kind of placeholder they are, and what they inherit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingestion.parsers.drawing import A
from retrieval.types import Box

P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
EMU_PER_POINT = 12_700
_BULLETS = (f"{A}buNone", f"{A}buChar", f"{A}buAutoNum", f"{A}buBlip")
_SHAPES = frozenset(P + name for name in ("sp", "graphicFrame", "pic", "cxnSp"))


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape on a slide.

    Attributes:
        node: Its XML.
        box: Its rectangle on the slide in points; None if neither it nor its layout says.
        role: Type of placeholder (``title``, ``body``, ``ftr``), empty for a shape that is none.
        inherited: Its placeholders in layout and master, nearest first.
        hidden: It is switched off.
    """

    node: Any
    box: Box | None
    role: str
    inherited: tuple[Any, ...]
    hidden: bool

    @property
    def is_title(self) -> bool:
        """Whether it holds the title of its slide."""
        return self.role in {"title", "ctrTitle"}


@dataclass(frozen=True, slots=True)
class _Frame:
    """How coordinates inside a group become those of the slide: ``slide = offset + scale * inner``."""

    x: float = 0.0
    y: float = 0.0
    x_scale: float = 1.0
    y_scale: float = 1.0

    def box(self, transform: Any) -> Box | None:
        corner, size = _pair(transform, "off", "x", "y"), _pair(transform, "ext", "cx", "cy")
        if corner is None or size is None:
            return None
        x, y = self.x + self.x_scale * corner[0], self.y + self.y_scale * corner[1]
        right, bottom = x + self.x_scale * size[0], y + self.y_scale * size[1]
        return Box(*(round(edge / EMU_PER_POINT, 1) for edge in (x, y, right, bottom)))

    def inside(self, transform: Any) -> "_Frame":
        corner, size = _pair(transform, "off", "x", "y"), _pair(transform, "ext", "cx", "cy")
        inner, inner_size = _pair(transform, "chOff", "x", "y"), _pair(transform, "chExt", "cx", "cy")
        if corner is None or size is None or inner is None or inner_size is None:
            return self
        x_scale = self.x_scale * (size[0] / inner_size[0] if inner_size[0] else 1.0)
        y_scale = self.y_scale * (size[1] / inner_size[1] if inner_size[1] else 1.0)
        x = self.x + self.x_scale * corner[0] - x_scale * inner[0]
        y = self.y + self.y_scale * corner[1] - y_scale * inner[1]
        return _Frame(x, y, x_scale, y_scale)


def shapes(slide: Any, inherits_from: Sequence[Any]) -> list[Shape]:
    """List the shapes of a slide.

    Args:
        slide: Root of the slide's part.
        inherits_from: Roots of its layout and master, in this order.

    Returns:
        Those in groups too, titles first and then as the author laid them.
    """
    tree = slide.find(f"{P}cSld/{P}spTree")
    found = list(_walk(tree, _Frame(), hidden=False)) if tree is not None else []
    placed = [_placed(shape, inherits_from) for shape in found]
    return sorted(placed, key=lambda shape: not shape.is_title)


def _walk(tree: Any, frame: _Frame, *, hidden: bool) -> Iterator[Shape]:
    for node in tree:
        if node.tag == f"{P}grpSp":
            transform = node.find(f"{P}grpSpPr/{A}xfrm")
            inner = frame.inside(transform) if transform is not None else frame
            yield from _walk(node, inner, hidden=hidden or _is_off(node))
        elif node.tag == f"{_MC}AlternateContent":
            choice = node.find(f"{_MC}Choice")
            yield from _walk(choice if choice is not None else (), frame, hidden=hidden)
        elif node.tag in _SHAPES:
            transform = next(node.iter(f"{A}xfrm", f"{P}xfrm"), None)
            box = frame.box(transform) if transform is not None else None
            yield Shape(node, box, _role(node), (), hidden or _is_off(node))


def _is_off(node: Any) -> bool:
    properties = node.find(f"./*/{P}cNvPr")
    return properties is not None and properties.get("hidden") in {"1", "true"}


def _placeholder(node: Any) -> Any:
    return node.find(f"./*/{P}nvPr/{P}ph")


def _role(node: Any) -> str:
    placeholder = _placeholder(node)
    return str(placeholder.get("type", "body")) if placeholder is not None else ""


def _placed(shape: Shape, inherits_from: Sequence[Any]) -> Shape:
    if not shape.role:
        return shape
    index = _placeholder(shape.node).get("idx")
    line: list[Any] = []
    for number, root in enumerate(inherits_from):
        # A layout's placeholders are known by their index, a master's by their type.
        found = _matching(root, _plain_role(shape.role), index if number == 0 else None)
        line.extend([found] if found is not None else [])
    box = shape.box
    for node in line:
        transform = node.find(f"{P}spPr/{A}xfrm")
        if box is None and transform is not None:
            box = _Frame().box(transform)
    return replace(shape, inherited=tuple(line), box=box)


def _matching(root: Any, role: str, index: str | None) -> Any:
    by_role = None
    for node in root.iter(f"{P}sp"):
        placeholder = _placeholder(node)
        if placeholder is None:
            continue
        if index is not None and placeholder.get("idx") == index:
            return node
        if by_role is None and _plain_role(placeholder.get("type", "body")) == role:
            by_role = node
    return by_role


def _plain_role(role: str) -> str:
    return {"ctrTitle": "title", "subTitle": "body", "obj": "body"}.get(role, role)


def bullet(paragraph: Any, shape: Shape, master: Any) -> Any:
    """Find what stands before a paragraph.

    Returns:
        The ``a:bu...`` element that holds for it, or None.
    """
    properties = paragraph.find(f"{A}pPr")
    level = depth(paragraph)
    candidates = [
        properties,
        *(_list_level(node.find(f"{P}txBody/{A}lstStyle"), level) for node in (shape.node, *shape.inherited)),
    ]
    if master is not None and _plain_role(shape.role) == "body":
        candidates.append(_list_level(master.find(f"{P}txStyles/{P}bodyStyle"), level))
    for candidate in candidates:
        found = next((c for c in candidate if c.tag in _BULLETS), None) if candidate is not None else None
        if found is not None:
            return None if found.tag == f"{A}buNone" else found
    return None


def _list_level(style: Any, level: int) -> Any:
    return style.find(f"{A}lvl{level + 1}pPr") if style is not None else None


def depth(paragraph: Any) -> int:
    """Return how deep a paragraph is in its list, 0 to 8."""
    properties = paragraph.find(f"{A}pPr")
    level = properties.get("lvl", "0") if properties is not None else "0"
    return min(int(level), 8) if level.isdecimal() and len(level) < 3 else 0


def _pair(transform: Any, name: str, first: str, second: str) -> tuple[int, int] | None:
    node = transform.find(f"{A}{name}")
    try:
        return (int(node.get(first)), int(node.get(second))) if node is not None else None
    except (TypeError, ValueError):
        return None
