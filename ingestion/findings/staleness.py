"""How old a document says it is: only where it says so itself, in words, near its beginning or its end.

Any date would not do: a page about the budget of 2019 may have been written yesterday.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

_HEAD_CHARS, _TAIL_CHARS = 4_000, 2_000
_MONTHS = (
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mär apr mai jun jul aug sep okt nov dez",
    "jan fév mars avr mai juin juil aoû sep oct nov déc",
    "ene feb mar abr may jun jul ago sep oct nov dic",
)
_MONTH = {name: number for names in _MONTHS for number, name in enumerate(names.split(), start=1)}
_UPDATED = (
    r"last (?:updated|reviewed|modified|revised|edited|changed|verified)|date of last (?:update|review|revision)"
    r"|(?:updated|reviewed|revised|modified)(?= ?(?:on|:))|last (?:update|review|revision|modification)"
    r"|zuletzt (?:aktualisiert|geändert|bearbeitet|geprüft)|stand(?=:| vom|\s{1,2}\d)"
    r"|letzte (?:aktualisierung|änderung)"
    r"|dernière (?:mise à jour|modification|révision)|última (?:actualización|modificación|revisión)"
)
_VALID = (
    r"valid (?:until|through|till)|expires(?: on)?|expiration date|expiry date|next review(?: date)?|review (?:due|by)"
    r"|gültig bis|valable jusqu'au|válido hasta"
)
_SAID = re.compile(
    rf"(?i)(?<!\w)(?:(?P<updated>{_UPDATED})|(?P<valid>{_VALID}))(?: (?:on|at|in|am|vom|le|el))?[:\s*_]{{0,6}}"
    r"(?P<date>\d{4}-\d{1,2}(?:-\d{1,2})?|\d{1,2}[./]\d{1,2}[./]\d{4}"
    r"|\d{1,2}(?:st|nd|rd|th|\.)? (?:de )?[^\W\d_]{3,10}\.?,? (?:de )?\d{4}"
    r"|[^\W\d_]{3,10}\.? (?:\d{1,2}(?:st|nd|rd|th)?,? )?\d{4})(?!\d)"
)
_NUMBERS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class SaidDates:
    """What a document says about its age.

    Attributes:
        updated_on: The latest day of which it says that it was updated or reviewed.
        valid_until: The latest day until which it says that it holds.
    """

    updated_on: date | None = None
    valid_until: date | None = None


def said_dates(text: str) -> SaidDates:
    """Read the dates of phrases like "last updated on" and "valid until", in English, German, French and Spanish.

    Returns:
        Each the latest of its kind; a day and month that could be read both ways count as the later day.
    """
    found: dict[str, date] = {}
    parts = [text] if len(text) <= _HEAD_CHARS + _TAIL_CHARS else [text[:_HEAD_CHARS], text[-_TAIL_CHARS:]]
    for part in parts:
        for match in _SAID.finditer(part):
            kind = "updated" if match["updated"] else "valid"
            for day in _days(match["date"]):
                found[kind] = max(day, found.get(kind, day))
    return SaidDates(found.get("updated"), found.get("valid"))


def _days(written: str) -> Iterator[date]:
    numbers = [int(number) for number in _NUMBERS.findall(written)]
    word = _LETTERS.search(written)
    if word:
        month = _month(word.group())
        day, year = (numbers[0], numbers[-1]) if len(numbers) > 1 else (1, numbers[0])
        candidates = [(year, month, day)]
    elif numbers[0] > 31:
        candidates = [(numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else 1)]
    else:
        first, second, year = numbers
        candidates = [(year, second, first)] if "." in written else [(year, second, first), (year, first, second)]
    for parts in candidates:
        with suppress(ValueError):  # no such day
            yield date(*parts)


def _month(word: str) -> int:
    lowered = word.lower()
    return next((_MONTH[lowered[:size]] for size in (3, 4) if lowered[:size] in _MONTH), 0)
