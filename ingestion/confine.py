"""What a process that parses may no longer do: speak to the network, start programs, touch other processes or files.

Two means of the Linux kernel, both of which any process may use on itself and none can lift again: a seccomp filter,
which refuses system calls, and Landlock, which refuses files. Where the kernel has neither, limits and the scrubbed
environment are what is left; ``missing_confinement`` says so.
"""

import ctypes
import errno
import os
import platform
import stat
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_SECCOMP_GET_ACTION_AVAIL = 2
_RET_ALLOW, _RET_ERRNO, _RET_KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000  # calls of another kind of program, which the numbers below do not name

# Instructions of the filter: load a word of the call, jump, return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16


@dataclass(frozen=True, slots=True)
class _Machine:
    """A kind of processor: how the filter knows it, and its numbers of system calls."""

    audit: int
    calls: dict[str, int]


# From linux/audit.h and asm/unistd.h.
_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        {
            **{"socket": 41, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62},
            **{"ptrace": 101, "tkill": 200, "tgkill": 234, "unshare": 272, "prlimit64": 302, "setns": 308},
            **{"process_vm_readv": 310, "process_vm_writev": 311, "seccomp": 317, "bpf": 321, "execveat": 322},
            **{"userfaultfd": 323, "mount": 165, "add_key": 248, "request_key": 249, "keyctl": 250},
            **{"perf_event_open": 298, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "chmod": 90, "fchmod": 91},
            **{"fchmodat": 268, "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260, "setxattr": 188},
            **{"lsetxattr": 189, "fsetxattr": 190, "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199},
            **{"utime": 132, "utimes": 235, "futimesat": 261, "utimensat": 280, "setpriority": 141},
        },
    ),
    "aarch64": _Machine(
        0xC00000B7,
        {
            **{"socket": 198, "clone": 220, "execve": 221, "kill": 129, "ptrace": 117},
            **{"tkill": 130, "tgkill": 131, "unshare": 97, "prlimit64": 261, "setns": 268, "process_vm_readv": 270},
            **{"process_vm_writev": 271, "seccomp": 277, "bpf": 280, "execveat": 281, "userfaultfd": 282},
            **{"mount": 40, "add_key": 217, "request_key": 218, "keyctl": 219, "perf_event_open": 241},
            **{"rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240, "fchmod": 52, "fchmodat": 53, "fchownat": 54},
            **{"fchown": 55, "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15},
            **{"fremovexattr": 16, "utimensat": 88, "setpriority": 140},
        },
    ),
}
# The same numbers everywhere since Linux 5.0.
_COMMON = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "clone3": 435,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "fchmodat2": 452,
}
_LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 444, 445, 446
_OWN_NUMBER = b"\xfe\xed\xfa\xce"  # in a filter, where the number of its process will stand
_LANDLOCK_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_ALL_TCP, _ALL_SCOPES = 3, 3

# No network, no programs, no other process, and of files nothing that Landlock leaves open. An io_uring would make
# sockets past every filter.
_REFUSED = (
    *("socket", "io_uring_setup", "execve", "execveat", "fork", "vfork", "ptrace", "kill", "tkill"),
    *("rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "pidfd_open", "pidfd_getfd", "process_vm_readv"),
    *("process_vm_writev", "unshare", "setns", "mount", "bpf", "perf_event_open", "userfaultfd", "add_key"),
    *("request_key", "keyctl", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("utime", "utimes", "futimesat", "utimensat", "setpriority"),
)


class ConfinementError(Exception):
    """The kernel refused to confine the process, though it can."""


def missing_confinement() -> tuple[str, ...]:
    """Find out what this machine cannot do; nothing is changed.

    Returns:
        In words, what a parser is not kept from here; empty if it is confined in full.
    """
    missing = []
    if not _has_seccomp():
        missing.append("parsers are not kept from the network or from starting programs (the kernel has no seccomp)")
    if not _landlock_version():
        missing.append("parsers are not kept from other files (the kernel has no Landlock)")
    return tuple(missing)


class Confinement:
    """Confines processes as far as the kernel can; made once, and applied in each child of the process that made it."""

    def __init__(self, readable: Iterable[Path]) -> None:
        """Open what every child may read; what does not exist is passed over."""
        self._version = _landlock_version()
        self._filter = _filter(_MACHINES[platform.machine()]) if _has_seccomp() else b""
        self._rules: list[bytes] = []
        folders = sorted({path.resolve() for path in readable})
        for path in folders if self._version else ():
            within = any(other in path.parents for other in folders)
            fd = None if within else _opened(path)
            if fd is not None:  # it stays open: the rules name it by its number
                self._rules.append(_reading(fd))

    def apply(self, *, read: Iterable[Path], write: Path) -> None:
        """Confine this process, for good.

        Args:
            read: More files and folders that may be read.
            write: The folder in which everything may be done but running programs.

        Raises:
            ConfinementError: The kernel refused, though it can.
        """
        if self._version or self._filter:
            _checked(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
        if self._version:
            self._restrict_files(read, write)
        if self._filter:
            _install(self._filter.replace(_OWN_NUMBER, struct.pack("I", os.getpid())))

    def _restrict_files(self, read: Iterable[Path], write: Path) -> None:
        handled = _handled_files(self._version)
        # Since version 4 it knows TCP, since 6 signals and sockets in no folder: none of them is let through.
        attributes = struct.pack("QQQ", handled, _ALL_TCP, _ALL_SCOPES)
        size = 24 if self._version >= 6 else 16 if self._version >= 4 else 8
        rules = _checked(_libc().syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0), "a set of rules")
        opened = [fd for path in read if (fd := _opened(path)) is not None]
        for rule in (*self._rules, *map(_reading, opened)):
            _allow(rules, rule)
        for path, rights in ((write, handled & ~_EXECUTE), (Path(os.devnull), _READ_FILE | _WRITE_FILE)):
            fd = _opened(path)
            if fd is not None:
                opened.append(fd)
                _allow(rules, _rule(rights, fd))
        _checked(_libc().syscall(_LANDLOCK_RESTRICT, rules, 0), "restricted files")
        for fd in (*opened, rules):
            os.close(fd)


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return None


def _reading(fd: int) -> bytes:
    is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
    return _rule(_READ_FILE | _READ_FOLDER if is_folder else _READ_FILE, fd)


def _rule(rights: int, fd: int) -> bytes:
    return struct.pack("=Qi", rights, fd)


def _handled_files(version: int) -> int:
    bits = 13 if version == 1 else 14 if version == 2 else 15 if version <= 4 else 16
    return (1 << bits) - 1


def _allow(rules: int, rule: bytes) -> None:
    _checked(_libc().syscall(_LANDLOCK_ADD_RULE, rules, _PATH_BENEATH, rule, 0), "a rule")


def _landlock_version() -> int:
    """The version of Landlock; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(int(_libc().syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _LANDLOCK_VERSION)), 0)


def _has_seccomp() -> bool:
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None:
        return False
    action = ctypes.c_uint32(_RET_ERRNO)
    return bool(_libc().syscall(machine.calls["seccomp"], _SECCOMP_GET_ACTION_AVAIL, 0, ctypes.byref(action)) == 0)


def _filter(machine: _Machine) -> bytes:
    """Assemble the filter: refused calls fail with EPERM, threads may be made, signals go to the process itself.

    Returns:
        The instructions, with a mark in place of the number of the process.
    """
    (process,) = struct.unpack("I", _OWN_NUMBER)
    calls = machine.calls | _COMMON
    steps: list[tuple[int, int, str, str]] = [  # operation, value, where to go if it holds, and if it does not
        (_LOAD, _ARCHITECTURE, "", ""),
        (_EQUAL, machine.audit, "", "kill"),
        (_LOAD, _NUMBER, "", ""),
        (_AT_LEAST, _X32, "refuse", ""),
        # glibc asks for clone3 first, whose flags no filter can see, and takes clone where there is none.
        (_EQUAL, calls["clone3"], "unknown", ""),
        *((_EQUAL, calls[name], "refuse", "") for name in _REFUSED if name in calls),
        (_EQUAL, calls["clone"], "clone", ""),
        (_EQUAL, calls["tgkill"], "tgkill", ""),
        (_EQUAL, calls["prlimit64"], "prlimit64", "allow"),
    ]
    labels = {"clone": len(steps)}
    steps += [(_LOAD, _FIRST_ARGUMENT, "", ""), (_ANY_BIT, _CLONE_THREAD, "allow", "refuse")]
    labels["tgkill"] = len(steps)
    steps += [(_LOAD, _FIRST_ARGUMENT, "", ""), (_EQUAL, process, "allow", "refuse")]
    labels["prlimit64"] = len(steps)
    steps += [(_LOAD, _FIRST_ARGUMENT, "", ""), (_EQUAL, 0, "allow", "refuse")]
    for label, answer in (
        ("allow", _RET_ALLOW),
        ("refuse", _RET_ERRNO | errno.EPERM),
        ("unknown", _RET_ERRNO | errno.ENOSYS),
        ("kill", _RET_KILL_PROCESS),
    ):
        labels[label] = len(steps)
        steps.append((_RETURN, answer, "", ""))
    return b"".join(
        struct.pack("HBBI", operation, *(labels[to] - at - 1 if to else 0 for to in (yes, no)), value)
        for at, (operation, value, yes, no) in enumerate(steps)
    )


def _install(program: bytes) -> None:
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
    _checked(_libc().prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0), "a filter of system calls")


def _checked(result: int, what: str) -> int:
    if result < 0:
        raise ConfinementError(f"the kernel refused {what}: {os.strerror(ctypes.get_errno())}")
    return result


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
