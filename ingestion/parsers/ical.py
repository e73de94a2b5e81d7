"""Calendars (ics) and address cards (vcf) -> Elements: one heading per entry, its fields below."""

import base64
import binascii
import datetime
import quopri
import re
from collections.abc import Iterator

from ingestion.parsers.clean import fold, fold_lines
from ingestion.parsers.decode import decode
from ingestion.types import Element, SourceFile

_FOLDED = re.compile(r"\r?\n[ \t]")
_ESCAPED = re.compile(r"\\([nN,;\\:])")
_SHOWN = {
    "SUMMARY": "Summary", "DTSTART": "Start", "DTEND": "End", "DUE": "Due", "LOCATION": "Location", "STATUS": "Status",
    "RRULE": "Repeats", "ORGANIZER": "Organiser", "ATTENDEE": "Attendee", "CATEGORIES": "Categories", "URL": "URL",
    "DESCRIPTION": "Description", "COMMENT": "Comment", "FN": "Name", "ORG": "Organisation", "TITLE": "Title",
    "ROLE": "Role", "TEL": "Telephone", "EMAIL": "Email", "ADR": "Address", "NOTE": "Note", "BDAY": "Birthday",
}  # fmt: skip
_ENTRIES = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VCARD"})
_MAX_ENTRIES = 100_000


def parse_ical(source: SourceFile) -> tuple[str, list[Element]]:
    """Read a calendar or a file of address cards.

    Returns:
        The calendar's name, or an empty string, and its entries.
    """
    title = ""
    elements: list[Element] = []
    fields: list[tuple[str, str]] = []
    entry = ""
    number = 0
    for name, parameters, value in _lines(decode(source.path.read_bytes())):
        if name == "BEGIN":
            entry = value.upper() if value.upper() in _ENTRIES else entry
        elif name == "END" and value.upper() == entry:
            number += 1
            elements.extend(_entry(fields, number))
            fields, entry = [], ""
            if number >= _MAX_ENTRIES:
                break
        elif name == "X-WR-CALNAME":
            title = _plain(value)
        elif entry and name in _SHOWN:
            fields.append((name, _shown(name, parameters, value)))
    return title, elements


def _entry(fields: list[tuple[str, str]], number: int) -> Iterator[Element]:
    place = f"entry {number}"
    heading = next((value for name, value in fields if name in {"SUMMARY", "FN"} and value), place.capitalize())
    yield Element("heading", fold(heading), level=1, place=place)
    rest = [f"{_SHOWN[name]}: {value}" for name, value in fields if name not in {"SUMMARY", "FN"} and value]
    yield Element("paragraph", "\n".join(rest), place=place)


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, parameters and value of each line, folded lines put together."""
    for line in _FOLDED.sub("", text).splitlines():
        head, colon, value = _parted(line)
        if colon:
            name, _, parameters = head.partition(";")
            yield name.rpartition(".")[2].strip().upper(), parameters, value


def _parted(line: str) -> tuple[str, str, str]:
    """Part a line at the first colon outside quotes."""
    quoted = False
    for at, character in enumerate(line[:2_000]):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            return line[:at], ":", line[at + 1 :]
    return line, "", ""


def _shown(name: str, parameters: str, value: str) -> str:
    upper = parameters.upper()
    if "QUOTED-PRINTABLE" in upper:
        value = decode(quopri.decodestring(value.encode()))
    elif "ENCODING=B" in upper:
        try:
            value = decode(base64.b64decode(value, validate=True))
        except (binascii.Error, ValueError):
            return ""
    if name in {"DTSTART", "DTEND", "DUE"}:
        return _moment(value)
    if name in {"ORGANIZER", "ATTENDEE"}:
        common = re.search(r'CN=("[^"]*"|[^;:]*)', parameters)
        address = value.partition(":")[2] or value
        return f"{common[1].strip(chr(34))} <{address}>" if common else address
    if name in {"ADR", "ORG"}:
        return ", ".join(part for part in (_plain(p) for p in re.split(r"(?<!\\);", value)) if part)
    return _plain(value)


def _moment(value: str) -> str:
    for pattern, shown in (("%Y%m%dT%H%M%SZ", "%Y-%m-%d %H:%M UTC"), ("%Y%m%dT%H%M%S", "%Y-%m-%d %H:%M"),
                           ("%Y%m%d", "%Y-%m-%d")):  # fmt: skip
        try:
            return datetime.datetime.strptime(value.strip(), pattern).strftime(shown)
        except ValueError:
            continue
    return value


def _plain(value: str) -> str:
    text = _ESCAPED.sub(lambda m: "\n" if m[1] in "nN" else m[1], value)
    return fold_lines(text)
