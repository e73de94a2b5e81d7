"""Our parsers against `unstructured` on the same files, format by format: phrases, tables, places, seconds, memory.

    python bench/formats.py [--unstructured PYTHON] [FORMAT ...]

PYTHON is the interpreter of an environment with `unstructured` 0.27.32 and its extras without `pdf`; it needs nothing
of ours but this tree. Without it only our own figures are printed. Each reader reads the files of a format in one
process of its own, twice: the processor time of the second pass counts, so that neither imports nor neighbours do.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ingestion.parse import media_type_of, parse  # noqa: E402
from ingestion.types import ParsedDocument, SourceFile  # noqa: E402
from retrieval.errors import DocumentError  # noqa: E402

NOT_HERE = {"pdf", "png", "jpg", "zip", "go"}  # other readers; nothing to read
TIMEOUT_S = 900


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("formats", nargs="*", help="only these")
    options.add_argument("--unstructured", metavar="PYTHON", help="interpreter that has unstructured")
    options.add_argument("--child", metavar="READER", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        print(json.dumps(measured(json.load(sys.stdin), chosen.child)))
        return
    from lines import data, print_figure

    files = by_format(data("doc-formats"), set(chosen.formats))
    for name, entries in sorted(files.items()):
        ours = child(sys.executable, "ours", entries)
        theirs = child(chosen.unstructured, "unstructured", entries) if chosen.unstructured else {}
        print_figure(
            f"doc-formats, {name}: phrases found",
            ours.pop("phrases_found"),
            unit=f"of {sum(len(e['must_contain']) for e in entries)} phrases in {len(entries)} files",
            goal="all, and no fewer than unstructured",
            baseline={"ours": ours, "unstructured": theirs},
        )


def by_format(folder: Path, only: set[str]) -> dict[str, list[dict[str, Any]]]:
    files: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if (
            entry["format"] not in NOT_HERE
            and entry["expect"].startswith("text")
            and entry["format"] in (only or {entry["format"]})
        ):
            files[entry["format"]].append({
                "path": str(folder / entry["file"]),
                "must_contain": entry.get("must_contain") or [],
            })
    return files


def child(python: str, reader: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    done = subprocess.run(
        [python, __file__, "--child", reader],
        input=json.dumps(entries),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env=os.environ | {"DO_NOT_TRACK": "1", "SCARF_NO_ANALYTICS": "true", "UNSTRUCTURED_DISABLE_NOTICE": "1"},
    )
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {"failed": done.stderr[-300:]}


def measured(entries: list[dict[str, Any]], reader: str) -> dict[str, Any]:
    """Read the files twice and count."""
    read_all(entries, reader)
    started = time.process_time()
    read = read_all(entries, reader)
    seconds = time.process_time() - started
    documents = [document for document in read if isinstance(document, ParsedDocument)]
    elements = [element for document in documents for element in document.elements]
    phrases = sum(
        sum(folded(phrase) in folded(document.text) for phrase in entry["must_contain"])
        for entry, document in zip(entries, read, strict=True)
        if isinstance(document, ParsedDocument)
    )
    tables = [element for element in elements if element.kind == "table"]
    return {
        "phrases_found": phrases,
        "files_read": len(documents),
        "headings": sum(element.kind == "heading" for element in elements),
        "tables": len(tables),
        "table_rows": sum(element.text.count("\n") for element in tables),
        "placed": round(sum(has_place(element) for element in elements) / max(len(elements), 1), 3),
        "characters": sum(len(document.text) for document in documents),
        "cpu_seconds": round(seconds, 4),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "errors": [f"{Path(e['path']).name}: {r}" for e, r in zip(entries, read, strict=True) if isinstance(r, str)],
    }


def read_all(entries: list[dict[str, Any]], reader: str) -> list[ParsedDocument | str]:
    return [read_one(Path(entry["path"]), reader) for entry in entries]


def read_one(path: Path, reader: str) -> ParsedDocument | str:
    source = SourceFile(path, path.as_uri(), path.name)
    try:
        return parse(source, backends={} if reader == "ours" else {media_type_of(source): reader})
    except DocumentError as error:
        return str(error)


def has_place(element: Any) -> bool:
    """A page, a sheet, a line, a paragraph; "element 3" is only a count and leads nowhere in the original."""
    return element.page is not None or not (element.place or "element").startswith("element")


def folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


if __name__ == "__main__":
    main()
