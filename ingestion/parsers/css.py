"""The part of CSS that tells whether text can be seen: few properties, and selectors of a type, class or id.

Rules with other selectors, rules for media, and style sheets outside the page are not followed. What such a rule may
have coloured is then unknown, and unknown colours hide nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PROPERTIES = frozenset(
    re.findall(
        r"[\w-]+",
        """
        display visibility opacity font font-size color background background-color left top text-indent margin-left
        clip clip-path height max-height width max-width overflow mso-hide transform
        """,
    )
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_SELECTOR = re.compile(r"\*|(?P<type>[a-z][\w-]*)?(?P<marks>(?:[.#]-?[a-z_][\w-]*)*)", re.IGNORECASE)
_MARK = re.compile(r"[.#][\w-]+")
_GROUND = re.compile(r"background", re.IGNORECASE)
_MAX_RULES = 20_000
_MAX_RULES_OF_ONE_NAME = 200  # each is tried on every element of that name

Declarations = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Rule:
    type: str
    classes: frozenset[str]
    id: str
    weight: tuple[int, int, int]
    declarations: Declarations

    def holds(self, element: Any, classes: frozenset[str]) -> bool:
        return (
            (not self.type or self.type == element.tag)
            and self.classes <= classes
            and (not self.id or self.id == element.get("id"))
        )


class StyleSheet:
    """The rules of a page's ``<style>`` elements.

    Attributes:
        is_whole: No rule that was not understood sets a background.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.is_whole = True
        self._rules: dict[str, list[_Rule]] = {}
        count = 0
        for selectors, body, plain in (block for text in texts for block in _blocks(_COMMENT.sub(" ", text))):
            relevant = declarations(body)
            for selector in selectors.split(",") if relevant else ():
                count += 1
                rule = _rule(selector.strip(), count, relevant) if plain and count <= _MAX_RULES else None
                if rule is not None:
                    key = f"#{rule.id}" if rule.id else next((f".{c}" for c in rule.classes), rule.type)
                    same = self._rules.setdefault(key, [])
                    same.extend([rule] if len(same) < _MAX_RULES_OF_ONE_NAME else [])
                elif _GROUND.search(body):
                    self.is_whole = False

    def of(self, element: Any) -> dict[str, str]:
        """Return what the rules and the element's own ``style`` declare for it, the strongest of each property."""
        own = element.get("style")
        if not self._rules:
            return {k: v.removesuffix("!important").strip() for k, v in declarations(own).items()} if own else {}
        named = element.get("class")
        classes = frozenset(named.split()) if named else frozenset()
        keys = ("", element.tag, *(f".{c}" for c in classes), f"#{element.get('id')}")
        rules = [r for key in keys for r in self._rules.get(key, ()) if r.holds(element, classes)]
        layers = [rule.declarations for rule in sorted(rules, key=lambda rule: rule.weight)]
        return _cascaded([*layers, declarations(own)] if own else layers)


def _cascaded(layers: list[Declarations]) -> dict[str, str]:
    found: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.items():
            if value.endswith("!important") or not found.get(name, "").endswith("!important"):
                found[name] = value
    return {name: value.removesuffix("!important").strip() for name, value in found.items()}


def declarations(body: str) -> dict[str, str]:
    """Read the declarations of a rule or of a ``style`` attribute; only those that matter to visibility."""
    found: dict[str, str] = {}
    for part in body.split(";"):
        name, _, value = part.partition(":")
        name = name.strip().lower()
        if name in PROPERTIES:
            found[name] = re.sub(r"\s*!\s*important", "!important", value.strip().lower())
    return found


def _blocks(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield selectors and declarations of each rule, and whether it holds whatever the medium is."""
    outer: list[str] = []
    selectors = ""
    start = 0
    for mark in re.finditer(r"[{}]", text):
        before = text[start : mark.start()]
        start = mark.end()
        if mark[0] == "{":
            if selectors:
                outer.append(selectors)
            selectors = before.rpartition(";")[2].strip() or " "
        elif selectors:
            yield selectors, before, not outer and not selectors.startswith("@")
            selectors = ""
        elif outer:
            outer.pop()


def _rule(selector: str, order: int, relevant: Declarations) -> _Rule | None:
    match = _SELECTOR.fullmatch(selector)
    if not selector or match is None:
        return None
    marks = _MARK.findall(match["marks"] or "")
    ids = [mark[1:] for mark in marks if mark[0] == "#"]
    classes = frozenset(mark[1:] for mark in marks if mark[0] == ".")
    kind = (match["type"] or "").lower()
    if len(ids) > 1:
        return None
    weight = (len(ids), len(classes) * 2 + bool(kind), order)
    return _Rule(kind, classes, ids[0] if ids else "", weight, relevant)
