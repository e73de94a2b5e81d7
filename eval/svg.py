"""A drawing of matplotlib -> an element of a page that is light or dark."""

import io
import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SOFT, LINE, ACCENT, OTHER = "#010101", "#020202", "#030303", "#040404", "#050505"
"""Stand-ins for the colours of the page: drawn in, and replaced by ``var(--ink)`` and its like."""

_COLOURS = {INK: "--ink", SOFT: "--soft", LINE: "--line", ACCENT: "--accent", OTHER: "--other"}
_DRAWING = threading.Lock()  # matplotlib's settings are of the process
_NUMBER = re.compile(r"\d+\.\d{2,}")


def inline(figure: "Figure", name: str, about: str, labels: Mapping[str, str] | None = None) -> str:
    """Turn a drawing into an ``svg`` element.

    Args:
        figure: Drawn in the stand-ins.
        name: Of the picture, distinct within the page; its ids begin with it.
        about: What it shows, for those who do not see it.
        labels: Text as drawn -> text as shown. What people wrote is not given to matplotlib, which reads ``$`` as
            mathematics and warns of scripts that its font lacks.

    Returns:
        The element, in the colours and letters of the page; the same for the same drawing.
    """
    import matplotlib as mpl
    from lxml import etree

    drawn = io.BytesIO()
    with _DRAWING, mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "attune"}):
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    root: Any = etree.fromstring(drawn.getvalue(), etree.XMLParser(remove_blank_text=True, remove_comments=True))
    for useless in root.xpath("//*[local-name()='metadata' or local-name()='style']"):
        useless.getparent().remove(useless)
    used = set(re.findall(r"#([\w.-]+)", " ".join(value for value in root.xpath("//@*") if "#" in value)))
    for element in root.iter():
        element.tag = etree.QName(element).localname
        _rewritten(element, name, used)
        if element.text in (labels or {}):
            element.text = (labels or {})[element.text]
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib.update({"role": "img", "aria-label": printable(about)})
    etree.cleanup_namespaces(root)
    return str(etree.tostring(root, encoding="unicode"))


def printable(text: str) -> str:
    """Return a text without controls, changes of direction and half pairs, which have no place in a picture."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _rewritten(element: Any, name: str, used: set[str]) -> None:
    for key, value in list(element.attrib.items()):
        del element.attrib[key]
        local = key.rpartition("}")[2]
        if local == "style":
            element.set(local, _styled(value))
        elif local in {"d", "x", "y", "transform"}:
            element.set(local, " ".join(_NUMBER.sub(lambda number: f"{float(number[0]):.2f}", value).split()))
        elif local != "id" or value in used:
            element.set(local, _named(local, value, name))


def _named(key: str, value: str, name: str) -> str:
    # Ids of all pictures stand in one page.
    return f"{name}-{value}" if key == "id" else value.replace("#", f"#{name}-")


def _styled(style: str) -> str:
    rules = [rule.strip() for rule in style.split(";") if not rule.strip().startswith("font-family")]
    text = "; ".join(rules)
    for colour, variable in _COLOURS.items():
        text = text.replace(colour, f"var({variable})")
    return text
