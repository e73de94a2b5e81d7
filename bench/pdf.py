"""Digital PDF pages read a second of processor time: ours against unstructured's fast strategy, in the same run.

Run from the repository root: ``python -m bench.pdf --unstructured-python PATH [--rounds N] [--filings N]``. PATH is the
interpreter of a virtual environment of its own with ``unstructured[pdf]==0.27.32``, which pulls in torchvision and must
not enter ours. Both are one process, warm and without import. They take turns file by file, and what counts is the
median of the processor time of all their threads: a neighbour makes that longer by less than time on the clock. Ours
tells tables, headings, places and hidden text, too.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pypdfium2

from bench.lines import data, print_figure
from ingestion.parse import parse
from ingestion.types import SourceFile

LEAST_CHARS = 20  # a page; scans are another matter
GOAL = 10.0

# Language models are not to be had offline: a blank one with a splitter of sentences stands in, which only helps it.
THEIRS = """
import json, os, sys, time
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
os.environ.update({"DO_NOT_TRACK": "1", "SCARF_NO_ANALYTICS": "1", "UNSTRUCTURED_DISABLE_NOTICE": "1"})
import spacy
from importlib.metadata import version
from unstructured.nlp import tokenize
from unstructured.partition.pdf import partition_pdf
language = spacy.blank("en")
language.add_pipe("sentencizer")
tokenize._get_nlp = lambda: language
print(json.dumps(version("unstructured")), file=answers, flush=True)
for line in sys.stdin:
    started = time.process_time()
    found = partition_pdf(json.loads(line), strategy="fast", languages=["eng"])
    seconds = time.process_time() - started
    print(json.dumps([seconds, sum(len(element.text) for element in found)]), file=answers, flush=True)
"""


class Theirs:
    """unstructured in a process of its own."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, "-c", THEIRS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.version = str(self._answer())

    def seconds(self, path: Path) -> tuple[float, int]:
        print(json.dumps(str(path)), file=self._pipe(self._process.stdin), flush=True)
        seconds, characters = self._answer()
        return float(seconds), int(characters)

    def close(self) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait()

    def _answer(self) -> list[float]:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            sys.exit("unstructured ended; is unstructured[pdf] installed where --unstructured-python points?")
        answer: list[float] = json.loads(line)
        return answer

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise RuntimeError("no pipe")
        return pipe


def ours(path: Path) -> tuple[float, int]:
    started = time.process_time()
    document = parse(SourceFile(path, path.as_uri(), path.name))
    return time.process_time() - started, len(document.text)


def digital(path: Path) -> int:
    """Return the number of pages; 0 for a scan, and for what does not open."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError:
        return 0
    with document:
        characters = [page.get_textpage().count_chars() for page in document]
    return len(characters) if min(characters, default=0) >= LEAST_CHARS else 0


def medians(path: Path, theirs: Theirs, rounds: int) -> tuple[float, float, float, float]:
    """Return seconds and characters of one file: ours, theirs, ours, theirs."""
    measured = [(*ours(path), *theirs.seconds(path)) for _ in range(rounds)]
    our_s, our_chars, their_s, their_chars = (statistics.median(column) for column in zip(*measured, strict=True))
    return our_s, their_s, our_chars, their_chars


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unstructured-python", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--filings", type=int, default=13)
    options = parser.parse_args()
    filings = sorted((data("sec-10q") / "docs").glob("*.pdf"))[: options.filings]
    files = [path for path in [*sorted(data("doc-formats").rglob("*.pdf")), *filings] if digital(path)]
    theirs = Theirs(options.unstructured_python)
    for read in (ours, theirs.seconds):
        read(files[0])  # the first document pays for what is made once
    taken = {path: medians(path, theirs, options.rounds) for path in files}
    theirs.close()
    pages = sum(map(digital, files))
    our_s, their_s = (sum(measured[who] for measured in taken.values()) for who in (0, 1))
    our_chars, their_chars = (sum(measured[who] for measured in taken.values()) for who in (2, 3))
    baseline: dict[str, object] = {
        "what": f"unstructured {theirs.version}, partition_pdf(strategy='fast'), own process, same files, same run",
        "value": round(pages / their_s, 2),
        "ratio": round(their_s / our_s, 1),
        "ratio_of_median_file": round(statistics.median(measured[1] / measured[0] for measured in taken.values()), 1),
        "files": len(files),
        "pages": pages,
        "characters": {"ours": our_chars, "theirs": their_chars},
        "rounds": options.rounds,
    }
    print_figure(
        "digital PDF pages",
        pages / our_s,
        unit="pages/s of processor time",
        goal=GOAL * pages / their_s,
        baseline=baseline,
    )


if __name__ == "__main__":
    main()
