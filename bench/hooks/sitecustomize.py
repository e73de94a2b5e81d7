"""Notes each attempt to reach another machine, in every Python process that has this folder in its PYTHONPATH.

Python itself reports them (PEP 578), so nothing that runs has to be changed. One line an attempt goes to the file that
``ATTUNE_ATTEMPTS`` names: process, event, address, and the test that ran. The first line of a process says that it is
``watched``.
"""

import ipaddress
import os
import sys
from typing import Any

_FILE = os.environ.get("ATTUNE_ATTEMPTS")
_TO = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}


def _leaves(address: Any) -> bool:
    """Say whether an address is on another machine; one of a Unix socket is not, nor is none."""
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(host, str) or host in {"", "localhost"} or host.startswith(("/", "\0")):
        return False
    try:
        known = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True  # a name, to be asked for
    return not (known.is_loopback or known.is_unspecified)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    place = _TO.get(event)
    if place is None or len(arguments) <= place or not _leaves(arguments[place]):
        return
    if event.startswith("socket.get") and _is_address(arguments[place]):
        return  # looked up, not reached
    _write(event, f"{arguments[place]!r} {os.environ.get('PYTEST_CURRENT_TEST', '')}")


def _write(event: str, words: str) -> None:
    line = f"{os.getpid()} {event} {' '.join(words.split())}\n"  # whatever the words hold, they are one line
    handle = os.open(str(_FILE), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, line.encode(errors="backslashreplace"))
    os.close(handle)


def _is_address(host: Any) -> bool:
    try:
        ipaddress.ip_address(host if isinstance(host, str) else host.decode())
    except ValueError:
        return False
    return True


if _FILE:
    _write("watched", " ".join(sys.orig_argv))
    sys.addaudithook(_note)
