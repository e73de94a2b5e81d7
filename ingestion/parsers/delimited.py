"""CSV and TSV -> one table."""

import csv
import io
import re

from ingestion.parsers.decode import decode
from ingestion.parsers.tables import MAX_GRID_CELLS, rows_as_elements
from ingestion.types import Element, SourceFile
from retrieval.errors import ResourceLimitError, UnreadableError

MAX_COLUMNS = 16_384  # as in a spreadsheet
_SAMPLE_CHARS = 16_384
_SAMPLE_LINES = 50
_MAX_FIELD_CHARS = 1_000_000
_QUOTED = re.compile(r'"[^"]*"')
_DELIMITERS = (",", ";", "\t", "|")


def parse_csv(source: SourceFile) -> tuple[str, list[Element]]:
    """Read values separated by commas, semicolons, tabs or bars, whichever the file uses.

    Returns:
        An empty string, and one table after the lines of text above it.

    Raises:
        UnreadableError: The quoting cannot be made sense of.
        ResourceLimitError: It has too many cells.
    """
    text = decode(source.path.read_bytes()).replace("\0", "")
    dialect = _dialect(text[:_SAMPLE_CHARS], source.name)
    csv.field_size_limit(_MAX_FIELD_CHARS)
    rows: list[list[str]] = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), dialect):
            cells += len(row)
            if len(row) > MAX_COLUMNS or cells > MAX_GRID_CELLS:
                raise ResourceLimitError(f"holds more than {MAX_COLUMNS:,} columns or {MAX_GRID_CELLS:,} cells")
            rows.append(row)
    except csv.Error as error:
        raise UnreadableError(f"is not a readable table ({error})") from error
    return "", rows_as_elements([(n, row) for n, row in enumerate(rows, 1) if any(row)], "row {}")


def _dialect(sample: str, name: str) -> type[csv.Dialect]:
    class _Separated(csv.excel):
        delimiter = "\t" if name.lower().endswith((".tsv", ".tab")) else ","

    lines = [_QUOTED.sub("", line) for line in sample.splitlines()[:_SAMPLE_LINES] if line.strip()]
    # The sniffer of the standard library guesses letters and spaces too, and loops long on odd quotes; what separates
    # is what occurs equally often in most lines.
    best = max(_DELIMITERS, key=lambda d: _evenness(lines, d))
    if _evenness(lines, best) > _evenness(lines, _Separated.delimiter):
        _Separated.delimiter = best
    return _Separated


def _evenness(lines: list[str], delimiter: str) -> float:
    counts = [line.count(delimiter) for line in lines]
    found = [count for count in counts if count]
    if not found:
        return 0.0
    usual = max(set(found), key=found.count)
    return found.count(usual) / len(lines) + min(usual, 50) / 1000
