import platform
import subprocess
import sys

import pytest

from ingestion.confine import missing_confinement

pytestmark = pytest.mark.skipif(
    bool(missing_confinement()), reason=f"this kernel cannot confine in full: {missing_confinement()}"
)

ATTEMPT = """
import os, socket, subprocess, sys, threading
from pathlib import Path
from ingestion.confine import Confinement

own, other = Path(sys.argv[1]), Path(sys.argv[2])
server = os.getppid()
usual = [Path("/usr"), Path("/lib"), Path("/lib64"), Path(sys.prefix), Path(sys.base_prefix)]
Confinement(usual).apply(read=[other / "document"], write=own)
{action}
print("done")
"""


def attempt(action, tmp_path):
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        folder.mkdir()
    (other / "document").write_text("text")
    (other / "secret").write_text("secret")
    script = ATTEMPT.format(action=action)
    return subprocess.run(
        [sys.executable, "-c", script, str(own), str(other)], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "action",
    [
        "socket.socket(socket.AF_INET)",
        "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_UNIX)",
        "socket.create_connection(('127.0.0.1', 9))",
        "subprocess.run(['/bin/true'])",
        "os.execv('/bin/true', ['true'])",
        "os.fork()",
        "os.kill(server, 0)",
        "(other / 'secret').read_text()",
        "list(other.iterdir())",
        "Path(f'/proc/{server}/environ').read_bytes()",
        "(other / 'document').write_text('changed')",
        "(other / 'document').unlink()",
        "(other / 'document').chmod(0)",
        "os.utime(other / 'document')",
        "os.truncate(other / 'document', 0)",
        "(other / 'new').write_text('x')",
        "(other / 'folder').mkdir()",
        "(own / 'link').symlink_to(other / 'secret'); (own / 'link').read_text()",
        "(other / 'document').rename(own / 'document')",
        "os.setpriority(os.PRIO_PROCESS, server, 19)",
    ],
)
def test_what_a_parser_has_no_use_for_is_refused(action, tmp_path):
    done = attempt(action, tmp_path)
    # A file may not be moved from one folder to another that has other rights: the kernel names that EXDEV.
    assert "PermissionError" in done.stderr or "Invalid cross-device link" in done.stderr
    assert (tmp_path / "other" / "document").read_text() == "text"


@pytest.mark.parametrize(
    "action",
    [
        "assert (other / 'document').read_text() == 'text'",
        "(own / 'result').write_text('x'); (own / 'folder').mkdir(); (own / 'result').unlink()",
        "thread = threading.Thread(target=print); thread.start(); thread.join()",
        "open(os.devnull, 'w').write('x')",
        "import mailbox",
    ],
)
def test_what_a_parser_needs_is_allowed(action, tmp_path):
    done = attempt(action, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_crash_still_ends_the_process_by_its_signal(tmp_path):
    assert attempt("os.abort()", tmp_path).returncode == -6


@pytest.mark.skipif(platform.machine() != "x86_64", reason="this kind of call is x86's")
def test_calls_of_another_kind_of_program_are_refused(tmp_path):
    # The numbers of 32-bit programs on 64-bit processors have a bit set; socket is 41 there, too.
    action = "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"
    action += "assert libc.syscall(0x40000000 | 41, 2, 1, 0) == -1 and ctypes.get_errno() == 1"
    assert attempt(action, tmp_path).returncode == 0
