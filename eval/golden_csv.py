"""Golden questions as a table that a spreadsheet opens and saves: one question a row."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.lines import Line
from eval.questions import Question
from retrieval.errors import InvalidInputError

_COLUMNS = ("_id", "text", "answer", "evidence", "documents", "answerable", "draft")
_DELIMITERS = ";,\t"
_YES = {"true", "yes", "1", "wahr", "ja", "vrai", "oui"}  # a spreadsheet writes TRUE in the language of its user
_NO = {"false", "no", "0", "falsch", "nein", "faux", "non"}

# A cell that starts so is run as a formula when the file is opened (OWASP: CSV injection). One more apostrophe keeps
# it a text; apostrophes that stood there already get one too, so that taking one away always gives the text back.
_FORMULA = re.compile(r"'*[=+\-@]")
_GUARDED = re.compile(r"'+[=+\-@]")
_SEPARATOR = re.compile(r"(?<!\\);")


def csv_text(questions: Sequence[Question]) -> str:
    """Write questions as CSV.

    Columns: ``_id, text, answer, evidence, documents`` (parted by ``;``), ``answerable``, ``draft``, ``tag:NAME`` and
    ``variant:NAME`` as far as there are any. Earlier turns, passages and grades have no place.

    Returns:
        Comma-separated lines that end in CR LF.
    """
    tags = sorted({name for question in questions for name in question.tags})
    variants = sorted({name for question in questions for name in question.variants})
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*_COLUMNS, *(f"tag:{name}" for name in tags), *(f"variant:{name}" for name in variants)])
    for question in questions:
        cells = [
            question.id,
            question.text,
            question.answer or "",
            question.evidence or "",
            ";".join(document.replace(";", "\\;") for document in sorted(question.relevant)),
            "true" if question.answerable else "false",
            "true" if question.draft else "",
            *(question.tags.get(name, "") for name in tags),
            *(question.variants.get(name, "") for name in variants),
        ]
        writer.writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells])
    return out.getvalue()


def csv_lines(path: Path, text: str) -> Iterator[Line]:
    """Read rows as the objects that ``to_question`` takes; empty cells are missing fields.

    Args:
        path: Where the text came from, for messages.
        text: A table with a header row that has ``_id`` and ``text``, parted by comma, semicolon or tab.

    Yields:
        The rows that are not blank, with the line they start on.

    Raises:
        InvalidInputError: It is not such a table; the message names the line.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(path, text), strict=True)
    header: list[str] | None = None
    start = 1
    try:
        for row in reader:
            if header is None:
                header = None if _is_hint(row) else [name.strip() for name in row]
            elif any(cell.strip() for cell in row):
                yield _line(path, start, header, row)
            start = reader.line_num + 1
    except csv.Error as error:
        raise InvalidInputError(f"{path}, line {start}: this is not CSV: {error}") from error


def _delimiter(path: Path, text: str) -> str:
    head = next((line for line in text.splitlines() if line.strip() and not line.lower().startswith("sep=")), "")
    for delimiter in _DELIMITERS:
        names = {name.strip().strip('"') for name in head.split(delimiter)}
        if {"_id", "text"} <= names:
            return delimiter
    raise InvalidInputError(f'{path}, line 1: the first row must name the columns, "_id" and "text" among them')


def _is_hint(row: Sequence[str]) -> bool:
    # Excel writes and reads "sep=;" before the header; parted by its own delimiter it falls into two cells.
    return not any(row) or row[0].lower().startswith("sep=")


def _line(path: Path, number: int, header: Sequence[str], row: Sequence[str]) -> Line:
    cells = [cell[1:] if _GUARDED.match(cell) else cell for cell in row]
    line = Line(path, number, {})
    if any(cell.strip() for cell in cells[len(header) :]):
        raise line.error(f"there are {len(row)} cells in a row under {len(header)} columns")
    values: dict[str, Any] = {"tags": {}, "variants": {}}
    for name, cell in zip(header, cells, strict=False):
        kind, _, key = name.partition(":")
        if not cell.strip():
            continue
        if kind in {"tag", "variant"} and key:
            values[f"{kind}s"][key] = cell
        else:
            values[name] = cell
    return Line(path, number, values | _typed(line, values))


def _typed(line: Line, values: Mapping[str, Any]) -> dict[str, Any]:
    typed: dict[str, Any] = {
        name: _flag(line, name, values[name]) for name in ("answerable", "draft") if name in values
    }
    if "documents" in values:
        names = [name.replace("\\;", ";").strip() for name in _SEPARATOR.split(values["documents"])]
        typed["documents"] = [name for name in names if name]
    return typed


def _flag(line: Line, name: str, cell: str) -> bool:
    word = cell.strip().lower()
    if word not in _YES | _NO:
        raise line.error(f'the column "{name}" has {cell!r}, which is neither true nor false')
    return word in _YES
