"""Malformed files through the sandbox: how many end within a minute, in a document or a reason, and cost nothing else.

Run from the repository root: ``python -m bench.malformed [--files N] [--seed N] [--show]``. They are made by mutation
(``bench/mutants.py``) from the files of ``doc-formats``, and parsed by two workers side by side.
"""

import argparse
import hashlib
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.lines import data, print_figure
from bench.mutants import OUTSIDE, Mutant, mutants
from ingestion.sandbox import Sandbox
from ingestion.types import SourceFile
from retrieval.errors import DocumentError

WORKERS = 2
LONGEST_S = 60.0
SAMPLE_S = 0.01


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file."""

    kind: str
    name: str
    ended: str
    reason: str
    seconds: float


class Shared(Iterator[tuple[int, Mutant]]):
    """An iterator that several threads may take from: files are made as they are needed, for some are large."""

    def __init__(self, source: Iterator[tuple[int, Mutant]]) -> None:
        self._source = source
        self._lock = threading.Lock()

    def __next__(self) -> tuple[int, Mutant]:
        with self._lock:
            return next(self._source)


def children(pid: int | str) -> list[str]:
    try:
        return [
            child
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text(encoding="ascii").split()
        ]
    except OSError:
        return []


class PeakWatch:
    """Watches the address space of the processes that parse: the largest ever asked for, in bytes."""

    def __init__(self) -> None:
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            for worker in children(os.getpid()):
                for child in children(worker):
                    self.peak = max(self.peak, peak_of(child))


def peak_of(pid: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines() if line.startswith("VmPeak:"))
    return next((int(line[1]) * 1024 for line in lines), 0)


def parse(sandbox: Sandbox, folder: Path, number: int, mutant: Mutant) -> Outcome:
    path = folder / f"{number:04}"
    path.write_bytes(mutant.content)
    before = hashlib.sha256(mutant.content).digest()
    started = time.monotonic()
    try:
        document = sandbox.parse(SourceFile(path, f"upload:{mutant.name}", mutant.name))
        ended, reason = "ingested", document.title
    except DocumentError as error:
        ended, reason = error.kind, str(error)
    seconds = time.monotonic() - started
    if hashlib.sha256(path.read_bytes()).digest() != before:
        ended, reason = "changed on disk", "its parser wrote to it"
    path.unlink()
    return Outcome(mutant.kind, mutant.name, ended, reason, seconds)


def run(count: int, seed: int, folder: Path) -> tuple[list[Outcome], dict[str, object]]:
    tempfile.tempdir = str(folder)  # whatever is left outside the sandbox's own folder is found here
    sources = folder / "sources"
    sources.mkdir()
    watch = PeakWatch()
    with Sandbox(workers=WORKERS) as sandbox, ThreadPoolExecutor(WORKERS) as pool:
        good = SourceFile(Path(__file__), "upload:a.txt", "a.txt")
        list(pool.map(sandbox.parse, [good] * WORKERS))
        workers = set(children(os.getpid()))
        own = {path.name for path in folder.iterdir()}
        work = Shared(enumerate(mutants(data("doc-formats"), count, seed=seed)))
        busy = [pool.submit(lambda: [parse(sandbox, sources, *item) for item in work]) for _ in range(WORKERS)]
        outcomes = [outcome for one in busy for outcome in one.result()]
        sandbox.parse(good)  # it still works
        lost = len(workers - set(children(os.getpid())))
        left = {path.name for path in folder.iterdir()} - own
        confined = not sandbox.unconfined
    watch.stop()
    facts: dict[str, object] = {
        "slowest_s": round(max(outcome.seconds for outcome in outcomes), 1),
        "peak_gib": round(watch.peak / 2**30, 2),
        "limit_gib": sandbox.limits.memory_bytes / 2**30,
        "workers_lost": lost,
        "left_outside": len(left) + Path(OUTSIDE).exists(),
        "confined": confined,
        "ended": dict(Counter(outcome.ended for outcome in outcomes).most_common()),
        "seed": seed,
    }
    return outcomes, facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--show", action="store_true", help="print a line for each file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-malformed-") as folder:
        outcomes, facts = run(options.files, options.seed, Path(folder))
    for outcome in outcomes if options.show else ():
        what = f"{outcome.kind:16} {outcome.name[:40]!r:42}"
        print(f"{outcome.seconds:6.2f} s  {what} {outcome.ended}: {outcome.reason[:90]!r}")
    in_time = sum(outcome.seconds <= LONGEST_S for outcome in outcomes)
    goal = f"all {len(outcomes)}, no worker lost, nothing left outside, address space <= {facts['limit_gib']} GiB"
    print_figure("malformed files ended within 60 s", in_time, unit="files", goal=goal, baseline=facts)


if __name__ == "__main__":
    main()
