"""Notices that something in a folder changed: told by the operating system, else by looking every few seconds."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from watchfiles import Change

_STEP_MS = 200
_GROUPED_MS = 1_600
_LOOK_MS = 2_000
_POLL_MS = 5_000
_AGAIN_AFTER_S = 5.0


class FolderWatch:
    """A thread that calls somebody when files of a folder came, changed or went; once for many, and not at the start.

    A folder that is not there is waited for, and its coming and going counts as a change.

    Args:
        folder: With its subfolders; what ``collect`` leaves out by name counts for nothing.
        changed: Called in the thread.
        polling: Look instead of being told; for tests, it is found out where it is needed.
    """

    def __init__(self, folder: Path, changed: Callable[[], None], *, polling: bool = False) -> None:
        self.folder = folder
        self._changed = changed
        self._polling = polling
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="folder-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Have the thread end."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Wait until it has ended."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        identity = self._identity()
        while not self._stopping.is_set():
            if identity is not None:
                self._watch_one(identity)
            if self._stopping.wait(_AGAIN_AFTER_S if identity is None else 0):
                return
            now = self._identity()
            if now != identity:
                # Gone, come, or another folder under the same name: nobody told what changed in it.
                identity = now
                self._changed()

    def _watch_one(self, identity: tuple[int, int]) -> None:
        """Watch until the folder is another one."""
        try:
            for has_changed in self._changes():
                if self._identity() != identity:
                    return
                if has_changed:
                    self._changed()
        except (OSError, RuntimeError) as error:
            # The system watches only so many files (fs.inotify.max_user_watches), and some file systems not at all.
            if self._polling or self._identity() != identity:
                self._stopping.wait(_AGAIN_AFTER_S)
                return
            self._polling = True
            structlog.get_logger().warning("a folder is looked at every few seconds", reason=str(error))

    def _changes(self) -> Iterator[bool]:
        from watchfiles import watch

        for changes in watch(
            self.folder,
            watch_filter=self._counts,
            debounce=_GROUPED_MS,
            step=_STEP_MS,
            stop_event=self._stopping,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            force_polling=self._polling,
            poll_delay_ms=_POLL_MS,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            yield bool(changes)

    def _counts(self, change: "Change", path: str) -> bool:
        if change.name == "modified" and os.path.isdir(path):
            return False  # something in it came or went, which is told by its own name
        inside = os.path.relpath(path, self.folder).split(os.sep)
        return not any(part.startswith((".", "~$")) and part != "." for part in inside)

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.folder.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
