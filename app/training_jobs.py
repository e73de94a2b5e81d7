"""Has training runs done: a process for each, started again when it died, ended when it takes too much.

What there is to do, and how far it is, stands in the record of runs: a server that is killed loses nothing but the
stage that was under way.
"""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from app import children
from app.learning import FOLDER
from app.settings import Settings
from finetune.registry import Registry
from finetune.runs import TrainingRun, TrainingRuns
from finetune.sets import TrainingSets
from finetune.sweep import sweep
from retrieval.errors import AttuneError
from retrieval.store import reachable

MAX_ATTEMPTS = 3
"""A run whose process died this often without coming further is given up."""

LAB = "lab"
"""Folder of what a process needs for a while, in the learning folder: removed when it has ended, however it did."""

ADAPTERS = "adapters"
"""Folder of adapters that runs under way have trained, by training set and kind: one taken up again goes on."""

STORAGE_FULL = 28
"""Exit status of a process that could not say so in the record: there was no room for it either."""

MEMORY_FULL = 12
"""Likewise, of memory: its own, or that of the machine."""

_TICK_S = 0.25
_RECENT = 10  # of which two at most are open
_STOP_S = 3.0
_FIRST_AFTER_S = 1.0  # a command that serves for a moment begins nothing


class TrainingJobs:
    """One thread of the server that has runs done, one after the other.

    Args:
        settings: Given to each process, which also holds it to ``train_timeout_s`` and ``train_max_bytes``.
        runs: The record.
        ended: Told of each run that has ended.
        command: Starts a process.
    """

    def __init__(
        self,
        settings: Settings,
        runs: TrainingRuns,
        *,
        ended: Callable[[TrainingRun], None] = lambda _: None,
        command: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._runs = runs
        self._ended = ended
        self._command = command or children.module("app.training")
        self._process: children.Child | None = None
        self._run_id = ""
        self._started_at = 0.0
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="training", daemon=True)

    @property
    def pid(self) -> int | None:
        """Process id of the training that runs now."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Begin; what processes of a server that was killed left half made goes first."""
        self._sweep()
        self._thread.start()

    def close(self) -> None:
        """Stop; a run that is under way goes on at the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)
        with self._lock:
            self._interrupt()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nothing be trained for as long as the block lasts; what was under way goes on afterwards."""
        with self._lock:
            self._interrupt()
            yield

    def _loop(self) -> None:
        self._stopping.wait(_FIRST_AFTER_S)
        while not self._stopping.is_set():
            try:
                with reachable(), self._lock:
                    self.step()
            except (AttuneError, OSError) as error:
                structlog.get_logger().warning("training could not be looked after", reason=str(error))
                self._stopping.wait(_STOP_S)
            self._stopping.wait(_TICK_S)

    def step(self) -> None:
        """Do what is due."""
        if self._process is None:
            run = self._runs.due()
            if run is not None and not self._given_up(run):
                self._begin(run)
            return
        run = self._runs.get(self._run_id)
        status = self._process.poll()
        if status is not None:
            self._buried(run, status)
        elif (excess := self._excess()) or run.cancel:
            # Killed, not asked: whatever it does can be repeated, and it may be deep in a library that does not listen.
            self._kill()
            self._finish(run, "" if run.cancel else excess)

    def _given_up(self, run: TrainingRun) -> bool:
        """End a run that was cancelled while no process did it, or whose processes die."""
        reason = f"its process ended {run.attempts} times on end without coming further; the log says more"
        if run.cancel:
            self._finish(run)
        elif run.attempts >= MAX_ATTEMPTS:
            self._finish(run, reason)
        return run.cancel or run.attempts >= MAX_ATTEMPTS

    def _begin(self, run: TrainingRun) -> None:
        if self._runs.start(run.id):
            self._run_id, self._started_at = run.id, time.monotonic()
            given = {"settings": self._settings.plain(), "run": run.id}
            self._process = children.start(self._command, given)

    def _buried(self, run: TrainingRun, status: int) -> None:
        # What writes to a mapped file that the disk has no room for is killed like that.
        if status in {STORAGE_FULL, -signal.SIGBUS} and run.open:
            self._finish(run, "the disk is full; make room and train again")
        elif status == MEMORY_FULL and run.open:
            # Again it would need as much: to begin anew would only take longer to say so.
            most = self._settings.train_max_bytes
            self._finish(
                run, f"it needs more memory than it may take, {most:,} bytes (ATTUNE_TRAIN_MAX_BYTES), or there is"
            )
        elif run.open:
            structlog.get_logger().warning(
                "a training process died", run=run.id, status=status, stage=run.progress.stage
            )
        else:
            self._ended(run)
        self._kill()  # it is dead; its pipe is not

    def _excess(self) -> str:
        """Say what bound the process crossed."""
        settings = self._settings
        if time.monotonic() - self._started_at > settings.train_timeout_s:
            return f"it took longer than {settings.train_timeout_s:,.0f} s (ATTUNE_TRAIN_TIMEOUT_S)"
        if _resident_bytes(self.pid) > settings.train_max_bytes:
            return f"it took more memory than {settings.train_max_bytes:,} bytes (ATTUNE_TRAIN_MAX_BYTES)"
        return ""

    def _finish(self, run: TrainingRun, reason: str = "") -> None:
        """End a run: failed for a reason, cancelled without one."""
        self._runs.finish(run.id, "failed" if reason else "cancelled", error=reason)
        self._ended(self._runs.get(run.id))

    def _interrupt(self) -> None:
        if self._process is not None:
            self._kill()
            with reachable():
                self._runs.give_back(self._run_id)

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
            self._sweep()

    def _sweep(self) -> None:
        """Remove what a process left half made."""
        folder, engine = self._settings.data_dir / FOLDER, self._runs.engine
        shutil.rmtree(folder / LAB, ignore_errors=True)
        with reachable():
            under_way = {run.set_id for run in self._runs.recent(limit=_RECENT) if run.open}
            for path in (folder / ADAPTERS).glob("*"):
                if path.name not in under_way:
                    shutil.rmtree(path, ignore_errors=True)
            sweep(folder, TrainingSets(engine, folder), Registry(engine))


def _resident_bytes(pid: int | None) -> int:
    """Return the memory of a process; 0 where the system does not tell."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
