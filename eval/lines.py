"""Files of one record a line -> records that know where they stand, so that a fault can be found and mended."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Line:
    """One JSON object of a file, and the line it stands on, from 1; ``unit`` says what is counted instead of lines."""

    path: Path
    number: int
    values: Mapping[str, Any]
    unit: str = "line"

    @property
    def key(self) -> str:
        """Its ``_id``; a number is taken as its digits.

        Raises:
            InvalidInputError: There is none.
        """
        value = self.values.get("_id")
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str) or not value:
            raise self.error('the field "_id" is missing')
        return value

    def text(self, name: str) -> str:
        """Return a text field.

        Raises:
            InvalidInputError: It is missing or not a text.
        """
        value = self.optional_text(name)
        if value is None:
            raise self.error(f'the field "{name}" is missing')
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text field, or None where it is missing or null.

        Raises:
            InvalidInputError: It is not a text.
        """
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise self.error(f'the field "{name}" is not a text')
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; empty where it is missing or null.

        Raises:
            InvalidInputError: It is not a list of texts.
        """
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise self.error(f'the field "{name}" is not a list of texts')
        return value

    def objects(self, name: str) -> list[Mapping[str, Any]]:
        """Return a list of objects; empty where it is missing or null.

        Raises:
            InvalidInputError: It is not a list of objects.
        """
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.error(f'the field "{name}" is not a list of objects')
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """Return an object; empty where it is missing or null.

        Raises:
            InvalidInputError: It is not an object.
        """
        value = self.values.get(name) or {}
        if not isinstance(value, dict):
            raise self.error(f'the field "{name}" is not an object')
        return dict(value)

    def error(self, what: str) -> InvalidInputError:
        """Make the error that says what is wrong on this line, and in which file."""
        return InvalidInputError(f"{self.path}, {self.unit} {self.number}: {what}")


def json_lines(path: Path) -> Iterator[Line]:
    """Read a file of one JSON object a line; blank lines are passed over.

    Yields:
        The objects in order.

    Raises:
        InvalidInputError: The file cannot be read, or a line is not UTF-8 or not a JSON object.
    """
    for number, text in _lines(path):
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"{path}, line {number}: this is not JSON") from error
        if not isinstance(values, dict):
            raise InvalidInputError(f"{path}, line {number}: this is not a JSON object")
        yield Line(path, number, values)


def tsv_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Read a file of columns parted by tabs; blank lines are passed over.

    Yields:
        Line number from 1, and its columns without surrounding space.

    Raises:
        InvalidInputError: The file cannot be read, or a line is not UTF-8.
    """
    for number, text in _lines(path):
        yield number, [column.strip() for column in text.split("\t")]


def distinct(lines: Iterable[Line]) -> Iterator[Line]:
    """Pass lines on as long as no id comes twice.

    Yields:
        The lines in order.

    Raises:
        InvalidInputError: An id is missing, or stood on an earlier line.
    """
    seen: dict[str, int] = {}
    for line in lines:
        if line.key in seen:
            raise line.error(f'the "_id" {line.key!r} stands on {line.unit} {seen[line.key]} already')
        seen[line.key] = line.number
        yield line


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{path}, line {number}: this is not UTF-8") from error
        if text.strip():
            yield number, text
