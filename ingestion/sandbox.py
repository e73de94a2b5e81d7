"""Parse a document in a process of its own: a crash, a hang or a bomb costs that document only.

``Sandbox`` keeps a few light workers (``parse_worker``) that fork one child per document. Limits on memory, time,
output and files are set in the child; the worker watches the clock; the sandbox watches the worker. Whatever else is
done with a file that may be hostile, such as drawing a page of it, is done there too.
"""

import json
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from queue import Empty, LifoQueue
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

from ingestion.confine import missing_confinement
from ingestion.handover import document_from_json, last_lines, left_by_child
from ingestion.parse_worker import CRASHED, LOG, RESULT, Job, Limits, Task, memory_reason
from ingestion.types import ParsedDocument, SourceFile
from retrieval import errors

__all__ = ["Limits", "Sandbox"]

Given = TypeVar("Given")
_ROOT = Path(__file__).resolve().parents[1]
# The worker enforces the time of a document; this is for a worker that is stuck itself.
_WORKER_GRACE_S = 30.0
_STOP_S = 5.0
_OUT_OF_MEMORY = ("memory allocation of", "bad_alloc", "out of memory", "memoryerror")


class _WorkerGoneError(Exception):
    """The worker process ended, or stopped answering."""


class Sandbox:
    """Parses documents in limited child processes; safe to use from several threads.

    Attributes:
        limits: What one document may cost.
        unconfined: In words, what this machine cannot keep a parser from; empty if it is confined in full.
    """

    def __init__(
        self,
        *,
        workers: int = 2,
        limits: Limits | None = None,
        ocr_languages: Sequence[str] = (),
        backends: Mapping[str, str] | None = None,
    ) -> None:
        """Make the workers, which start with their first document.

        Args:
            workers: Documents that may be parsed at the same time.
            limits: What one document may cost.
            ocr_languages: Those that pictures are read in, see ``ingestion.parsers.ocr``; empty for those installed.
            backends: Who reads which media type instead of our own parsers, see ``ingestion.parse``.
        """
        self.limits = limits or Limits()
        self.unconfined = missing_confinement()
        for lack in self.unconfined:
            logging.getLogger(__name__).warning("%s", lack)
        self._reading: dict[str, Any] = {"ocr_languages": tuple(ocr_languages), "backends": dict(backends or {})}
        self._folder = Path(tempfile.mkdtemp(prefix="attune-parse-"))
        self._workers = [_Worker(self._folder) for _ in range(workers)]
        # The one used last is the warmest.
        self._free: LifoQueue[_Worker] = LifoQueue()
        for worker in self._workers:
            self._free.put(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers and remove temporary files; documents still being parsed are given up."""
        for worker in self._workers:
            worker.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def parse(self, source: SourceFile) -> ParsedDocument:
        """Read a file into text with structure, see ``ingestion.parse.parse``; waits for a free worker.

        Returns:
            The document.

        Raises:
            DocumentError: What ``parse`` raises.
            ResourceLimitError: It took too long or too much memory.
            ParserCrashError: Its parser crashed, or was killed.
            UnreadableError: Its parser failed in a way nobody foresaw.
        """
        return self.run("parse", source, lambda said, _folder: document_from_json(said))

    def run(
        self,
        task: Task,
        source: SourceFile,
        receive: Callable[[Any, Path], Given],
        *,
        wanted: Mapping[str, Any] | None = None,
        patience_s: float | None = None,
    ) -> Given:
        """Have a child do something with a file.

        Args:
            task: What.
            source: The file.
            receive: Takes over what the child says and the folder in which it may have left a file; whatever it raises
                for what no child says makes the file unreadable.
            wanted: What the task is to do in particular.
            patience_s: How long to wait for a free worker; None waits for ever.

        Returns:
            What ``receive`` makes of it.

        Raises:
            BusyError: All workers are taken.
            DocumentError: As ``parse``.
        """
        try:
            worker = self._free.get(timeout=patience_s)
        except Empty as error:
            raise errors.BusyError("too many pages are being drawn") from error
        folder = self._folder / uuid4().hex
        try:
            folder.mkdir(mode=0o700)
            path, limits = str(source.path.absolute()), asdict(self.limits)
            job = Job(
                path, source.uri, source.name, str(folder), limits, task=task, wanted=wanted or {}, **self._reading
            )
            reply = worker.run(job, self.limits.wall_max_s + _WORKER_GRACE_S)
            return self._received(reply, folder, receive)
        finally:
            self._free.put(worker)
            shutil.rmtree(folder, ignore_errors=True)

    def _received(self, reply: dict[str, Any], folder: Path, receive: Callable[[Any, Path], Given]) -> Given:
        if reply["timed_out"]:
            raise errors.ResourceLimitError(f"its parser was stopped after {reply['seconds']:.0f} s")
        if reply["exit"] != 0:
            raise self._crash(reply["exit"], last_lines(folder / LOG))
        try:
            return receive(json.loads(left_by_child(folder / RESULT, self.limits.output_bytes)), folder)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise errors.UnreadableError("its parser returned something unreadable") from error

    def _crash(self, status: int, log: list[str]) -> errors.DocumentError:
        last = log[-1] if log else ""
        if any(sign in line.lower() for line in log for sign in _OUT_OF_MEMORY):
            return errors.ResourceLimitError(memory_reason(self.limits))
        if status == CRASHED:
            return errors.UnreadableError(f"its parser failed ({last[:200]})")
        if status == -signal.SIGXCPU:
            return errors.ResourceLimitError("its parser used too much processor time")
        if status == -signal.SIGKILL:
            return errors.ParserCrashError("its parser was killed, probably for want of memory")
        return errors.ParserCrashError(f"its parser crashed (signal {-status})")


class _Worker:
    """One ``parse_worker`` process, started when first needed and again when it is gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def run(self, job: Job, timeout_s: float) -> dict[str, Any]:
        """Have one document parsed.

        Returns:
            ``exit`` (status, or minus the signal), ``timed_out`` and ``seconds``.

        Raises:
            ParserCrashError: The worker was killed over this document, twice.
        """
        try:
            return self._ask(job, timeout_s)
        except _WorkerGoneError:
            self.stop()  # it may have been killed while it was idle
        try:
            return self._ask(job, timeout_s)
        except _WorkerGoneError as error:
            self.stop()
            raise errors.ParserCrashError("its parser was killed, probably for want of memory") from error

    def _ask(self, job: Job, timeout_s: float) -> dict[str, Any]:
        requests, replies = self._pipes()
        try:
            os.write(requests, json.dumps(asdict(job)).encode() + b"\n")
        except BrokenPipeError as error:
            raise _WorkerGoneError from error
        line = b""
        deadline = time.monotonic() + timeout_s
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([replies], [], [], max(deadline - time.monotonic(), 0))
            part = os.read(replies, 4096) if ready else b""
            if not part:
                raise _WorkerGoneError
            line += part
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _pipes(self) -> tuple[int, int]:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise _WorkerGoneError
        return process.stdin.fileno(), process.stdout.fileno()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise _WorkerGoneError
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._process is None:
            # Nothing of the server's environment, in which keys and passwords may be.
            environment = {
                "PYTHONPATH": str(_ROOT),
                "PATH": os.defpath,
                "LANG": "C.UTF-8",
                "HOME": str(self._folder),
                "TMPDIR": str(self._folder),
                "OMP_THREAD_LIMIT": "1",
                "MALLOC_ARENA_MAX": "2",
            }
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ingestion.parse_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd=self._folder,
                start_new_session=True,
                bufsize=0,
            )
        return self._process

    def close(self) -> None:
        """End the process for good."""
        self._closed = True
        self.stop()

    def stop(self) -> None:
        """End the process; it takes a child that is still at work with it."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
