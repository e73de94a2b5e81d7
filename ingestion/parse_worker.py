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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from ingestion.confine import Confinement
from ingestion.draw import drawn, facts
from ingestion.handover import document_as_json, error_as_json
from ingestion.locate import located
from ingestion.parse import PARSERS, media_type_of, parse
from ingestion.parsers.markdown import markdown_elements
from ingestion.parsers.ocr import Ocr
from ingestion.parsers.pdf import page_count
from ingestion.types import SourceFile
from retrieval.errors import DocumentError, ResourceLimitError

if TYPE_CHECKING:
    from types import ModuleType

_LIBRARIES = (
    *("lxml.etree", "markdown_it", "olefile", "xlrd", "liteparse.parser", "pypdfium2", "charset_normalizer"),
    *("html.parser", "email.parser", "encodings.cp437", "encodings.utf_16_le", "PIL.Image", "PIL.ImageOps"),
)
RESULT, LOG = "result.json", "stderr.txt"
CRASHED = 70  # exit status of a child whose parser raised what it should not
Task = Literal["parse", "facts", "draw", "locate"]
_OF_PAGES = {"facts": facts, "draw": drawn, "locate": located}
_NICE = 10  # questions go before documents
# What libraries look up on their way: the time zone, the number of processors, types by suffix. Not all of /proc: it
# shows the environment of other processes.
_READABLE = (
    *("/usr", "/lib", "/lib64", "/etc/localtime", "/etc/mime.types", "/etc/ld.so.cache", "/etc/fonts"),
    *("/dev/urandom", "/dev/null", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/sys/fs/cgroup"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost.

    Attributes:
        memory_bytes: Address space of its process.
        wall_s: Time for any document; a PDF gets ``page_s`` more per page, and every page or picture that is read by
            OCR ``ocr_page_s`` more, up to ``wall_max_s`` in all. Processor time is limited to as much.
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
    """One document: where it lies, what it is called, an empty folder for the result, how to read it, and what for."""

    path: str
    uri: str
    name: str
    folder: str
    limits: Mapping[str, Any]
    ocr_languages: Sequence[str] = ()
    backends: Mapping[str, str] = field(default_factory=dict)
    task: Task = "parse"
    wanted: Mapping[str, Any] = field(default_factory=dict)


def main() -> None:
    """Serve jobs until standard input closes."""
    os.nice(_NICE)
    # Libraries that load numpy if it is there do not need it for reading, and it costs every child address space.
    sys.modules["numpy"] = cast("ModuleType", None)
    for module in {module for module, _ in PARSERS.values()}.union(_LIBRARIES):
        import_module(module)
    # The first document of a kind is slower than the next; here it is the first once, not in every child.
    markdown_elements("# Warm *up*\n\n| a |\n| - |\n| <b>b</b> |\n\n<p>c</p>\n")
    import_module("PIL.Image").init()  # a child would look for each of its formats in a module of its own
    confinement = Confinement(_readable())
    # What a library prints must not be taken for a reply.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    gc.collect()
    gc.freeze()  # children share these pages as long as nobody writes to them
    for line in sys.stdin:
        replies.write(json.dumps(_run(Job(**json.loads(line)), confinement, replies.fileno())) + "\n")
        replies.flush()


def _readable() -> list[Path]:
    """The interpreter, its packages, ours, and what libraries look up; no folder in which people keep anything."""
    ours = Path(__file__).resolve().parents[1]
    folders = [Path(folder) for folder in sys.path if folder and Path(folder).resolve() != ours]
    packages = [ours / "ingestion", ours / "retrieval"]
    return [*map(Path, _READABLE), Path(sys.prefix), Path(sys.base_prefix), *folders, *packages]


def _run(job: Job, confinement: Confinement, replies: int) -> dict[str, float]:
    started = time.monotonic()
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        status = CRASHED
        try:
            os.close(readable)
            os.close(replies)  # what the child says goes through its folder, where it is checked
            status = _child(job, writable, confinement)
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
            message = os.read(readable, 4096)
            if not message:
                return True
            deadline = started + min(float(message.split()[-1]), job.limits["wall_max_s"])
        else:
            return None if ready else False


def _kill(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:  # it has not got as far as making its own group
        os.kill(child, signal.SIGKILL)


def _child(job: Job, report: int, confinement: Confinement) -> int:
    os.setsid()
    log = os.open(Path(job.folder, LOG), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(old, new)
    os.chdir(job.folder)
    tempfile.tempdir = job.folder
    os.putenv("TMPDIR", job.folder)  # for libraries that are not Python's
    gc.disable()  # the process ends with the document
    limits = Limits(**job.limits)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_FSIZE, limits.output_bytes)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, int(limits.wall_max_s) + 2)
    time_allowed = _TimeAllowed(limits, report)
    ocr = Ocr(tuple(job.ocr_languages), announce=time_allowed.for_ocr)
    tessdata = ocr.tessdata()
    confinement.apply(read=[Path(job.path), *([tessdata] if tessdata else [])], write=Path(job.folder))
    result = json.dumps(_result(job, limits, time_allowed, ocr)).encode()
    if len(result) > limits.output_bytes:
        result = json.dumps(error_as_json(ResourceLimitError("holds too much text"))).encode()
    Path(job.folder, RESULT).write_bytes(result)
    return 0


class _TimeAllowed:
    """The time a document may take: more as it turns out to be longer; told to the worker and set as a limit."""

    def __init__(self, limits: Limits, report: int) -> None:
        self._limits = limits
        self._report = report
        self._seconds = limits.wall_s

    def for_pages(self, count: int) -> None:
        """Allow what that many pages take."""
        self._add(count * self._limits.page_s)

    def for_ocr(self, count: int) -> None:
        """Allow what the recognition of that many pages or pictures takes."""
        self._add(count * self._limits.ocr_page_s)

    def _add(self, seconds: float) -> None:
        self._seconds = min(self._seconds + seconds, self._limits.wall_max_s)
        os.write(self._report, f"{self._seconds:.1f}\n".encode())
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        wanted = int(self._seconds) + 1
        # The soft limit only: it is raised again when there is more to read.
        resource.setrlimit(resource.RLIMIT_CPU, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def _result(job: Job, limits: Limits, time_allowed: _TimeAllowed, ocr: Ocr) -> dict[str, Any]:
    source = SourceFile(Path(job.path), job.uri, job.name)
    try:
        if job.task != "parse":
            return _OF_PAGES[job.task](source, job.wanted)
        is_pdf = media_type_of(source) == "application/pdf"
        time_allowed.for_pages(page_count(source.path) if is_pdf else 0)
        return document_as_json(parse(source, ocr=ocr, backends=job.backends))
    except DocumentError as error:
        return error_as_json(error)
    except RecursionError:
        return error_as_json(ResourceLimitError("is nested too deeply"))
    except MemoryError:
        return error_as_json(ResourceLimitError(memory_reason(limits)))


def memory_reason(limits: Limits) -> str:
    """Say in plain words that a document needed too much memory."""
    return f"it needed more than {limits.memory_bytes / 2**30:g} GiB of memory"


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    main()
