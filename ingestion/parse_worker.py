"""The process that parses: ``python -m ingestion.parse_worker``, started and spoken to by ``sandbox``.

It holds every parser loaded and forks one child per document, so that a document costs a fork (milliseconds), not the
start of an interpreter, and still has a process of its own with limits of its own. It reads one JSON object per line
from standard input (``Job``) and writes one per line to standard output; the text comes back through a file.
"""

import gc
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ingestion.parse import PARSERS, media_type_of, parse
from ingestion.parsers.markdown import markdown_elements
from ingestion.parsers.ocr import ocr_available
from ingestion.parsers.pdf import page_count
from ingestion.types import ParsedDocument, SourceFile
from retrieval.errors import DocumentError, ResourceLimitError

if TYPE_CHECKING:
    from types import ModuleType

_LIBRARIES = ("lxml.etree", "markdown_it", "openpyxl", "liteparse", "pypdfium2", "charset_normalizer", "html.parser")
RESULT, LOG = "result.json", "stderr.txt"
CRASHED = 70  # exit status of a child whose parser raised what it should not


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost.

    Attributes:
        memory_bytes: Address space of its process.
        wall_s: Time for any document; a PDF gets ``page_s`` more per page and ``ocr_page_s`` more where pages may need
            OCR, up to ``wall_max_s`` in all.
        output_bytes: Size of the parsed document as JSON.
        open_files: File descriptors of its process.
    """

    memory_bytes: int = 2 * 2**30
    wall_s: float = 30.0
    page_s: float = 0.1
    ocr_page_s: float = 3.0
    wall_max_s: float = 900.0
    output_bytes: int = 256 * 2**20
    open_files: int = 256


@dataclass(frozen=True, slots=True)
class Job:
    """One document to parse: where it lies, what it is called, and an empty folder for the result."""

    path: str
    uri: str
    name: str
    folder: str
    limits: Mapping[str, Any]


def main() -> None:
    """Serve jobs until standard input closes."""
    # openpyxl would load numpy, which it does not need for reading and which costs every child address space.
    sys.modules["numpy"] = cast("ModuleType", None)
    for module in {module for module, _ in PARSERS.values()}.union(_LIBRARIES):
        import_module(module)
    # The first document of a kind is slower than the next; here it is the first once, not in every child.
    markdown_elements("# Warm *up*\n\n| a |\n| - |\n| <b>b</b> |\n\n<p>c</p>\n")
    # What a library prints must not be taken for a reply.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    gc.collect()
    gc.freeze()  # children share these pages as long as nobody writes to them
    for line in sys.stdin:
        replies.write(json.dumps(_run(Job(**json.loads(line)))) + "\n")
        replies.flush()


def _run(job: Job) -> dict[str, float]:
    started = time.monotonic()
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        status = CRASHED
        try:
            os.close(readable)
            status = _child(job, writable)
        finally:
            if status == CRASHED:
                traceback.print_exc()
                sys.stderr.flush()
            os._exit(status)  # whatever happened: a child must not go on as a second worker
    os.close(writable)
    in_time = _wait(readable, started, job)
    os.close(readable)
    if not in_time:
        _kill(child)
    _, wait_status = os.waitpid(child, 0)
    if in_time is None:
        # Nobody waits for the result any more.
        shutil.rmtree(job.folder, ignore_errors=True)
        sys.exit()
    seconds = time.monotonic() - started
    return {"exit": os.waitstatus_to_exitcode(wait_status), "timed_out": not in_time, "seconds": seconds}


def _wait(readable: int, started: float, job: Job) -> bool | None:
    """Wait until the child is gone, which closes its end of the pipe; what it writes there is the time it is allowed.

    Returns:
        True when it is gone, False when its time is up, None when whoever asked is gone.
    """
    deadline = started + job.limits["wall_s"]
    while True:
        left = max(deadline - time.monotonic(), 0)
        ready, _, _ = select.select([readable, sys.stdin.fileno()], [], [], left)
        if readable in ready:
            message = os.read(readable, 64)
            if not message:
                return True
            deadline = started + min(float(message), job.limits["wall_max_s"])
        else:
            return None if ready else False


def _kill(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:  # it has not got as far as making its own group
        os.kill(child, signal.SIGKILL)


def _child(job: Job, report: int) -> int:
    os.setsid()
    log = os.open(Path(job.folder, LOG), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(old, new)
    os.chdir(job.folder)
    tempfile.tempdir = job.folder
    gc.disable()  # the process ends with the document
    limits = Limits(**job.limits)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_FSIZE, limits.output_bytes)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    _limit(resource.RLIMIT_CORE, 0)
    result = json.dumps(_result(job, limits, report)).encode()
    if len(result) > limits.output_bytes:
        result = json.dumps(_failure(ResourceLimitError("holds too much text"))).encode()
    Path(job.folder, RESULT).write_bytes(result)
    return 0


def _result(job: Job, limits: Limits, report: int) -> dict[str, Any]:
    source = SourceFile(Path(job.path), job.uri, job.name)
    try:
        allowed_s = _allowed_s(source, limits)
        os.write(report, f"{allowed_s:.1f}".encode())
        _limit(resource.RLIMIT_CPU, int(min(allowed_s, limits.wall_max_s)) + 1)
        return _as_json(parse(source))
    except DocumentError as error:
        return _failure(error)
    except RecursionError:
        return _failure(ResourceLimitError("is nested too deeply"))
    except MemoryError:
        return _failure(ResourceLimitError(memory_reason(limits)))


def memory_reason(limits: Limits) -> str:
    """Say in plain words that a document needed too much memory."""
    return f"it needed more than {limits.memory_bytes / 2**30:g} GiB of memory"


def _allowed_s(source: SourceFile, limits: Limits) -> float:
    if media_type_of(source) != "application/pdf":
        return limits.wall_s
    per_page = limits.page_s + (limits.ocr_page_s if ocr_available() else 0.0)
    return limits.wall_s + page_count(source.path) * per_page


def _as_json(document: ParsedDocument) -> dict[str, Any]:
    elements = [
        (e.kind, e.text, e.level, e.page, e.box and (e.box.x0, e.box.y0, e.box.x1, e.box.y1), e.place, e.html, e.hidden)
        for e in document.elements
    ]
    return {"title": document.title, "media_type": document.media_type, "elements": elements}


def _failure(error: DocumentError) -> dict[str, str]:
    return {"error": type(error).__name__, "message": str(error)}


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    main()
