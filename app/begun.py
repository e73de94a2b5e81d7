"""What a process of the server is given when it begins, and how it begins."""

import signal
from collections.abc import Mapping
from typing import Any

from app import children, logs
from app.settings import Settings


def received() -> tuple[Settings, Mapping[str, Any]] | None:
    """Take what the server gave this process, and begin to log as the server does.

    Returns:
        The settings, and what else was given; None when the server is gone already.
    """
    given = children.received()
    if given is None:
        return None
    settings = Settings(**given["settings"])
    logs.configure(settings.log_level, settings.log_format)
    # Ctrl+C in a terminal reaches the whole group; the server decides when its processes end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return settings, given
