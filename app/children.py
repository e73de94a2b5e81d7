"""Processes of the server that work beside it: how they are started and ended, and how they give way to it."""

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_M_ARENA_MAX = -8  # malloc.h

Child = subprocess.Popen[bytes]


def module(name: str) -> list[str]:
    """Return the command that runs one of our modules."""
    return [sys.executable, "-m", name]


def start(command: Sequence[str], given: Mapping[str, Any]) -> Child:
    """Start a process, and give it what it needs on its standard input.

    Args:
        command: As ``module`` makes it.
        given: Plain JSON; secrets are fine.

    Returns:
        The process. Its standard input stays open: the end of that tells it that the server is gone.
    """
    process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - one of our own modules
    if process.stdin is not None:
        # Through a pipe: a command line and an environment can be read by others.
        process.stdin.write(json.dumps(given).encode() + b"\n")
        process.stdin.flush()
    return process


def end(processes: Iterable[Child | None], *, within_s: float) -> None:
    """Tell processes that it is over, and kill those that have not ended in time."""
    running = [process for process in processes if process is not None and process.poll() is None]
    for process in running:
        if process.stdin is not None:
            process.stdin.close()
    deadline = time.monotonic() + within_s
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def received() -> dict[str, Any] | None:
    """Return what this process was given, in the child; None when the server is gone already."""
    first = sys.stdin.readline()
    given: dict[str, Any] | None = json.loads(first) if first else None
    return given


def end_with_the_server(stop: threading.Event, *, grace_s: float) -> None:
    """End this process when the server has gone, or says so.

    Args:
        stop: Set then.
        grace_s: How long the process has to end by itself.
    """

    def wait() -> None:
        sys.stdin.read()
        stop.set()
        time.sleep(grace_s)
        os._exit(1)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def give_way() -> None:
    """Give way to whatever else runs here, for memory too: a question in the server must not wait for this process."""
    os.nice(max(0, 19 - os.nice(0)))
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    # Without this glibc has an arena a thread: with texts of ever other lengths they grow to gigabytes.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 2)
