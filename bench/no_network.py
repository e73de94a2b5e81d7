"""Whether anything here wants the network: the whole test suite in a network of its own that has nothing but loopback.

Run from the repository root: ``python -m bench.no_network [ARGUMENTS OF PYTEST]``; Linux, ``unshare`` and ``ip``. It
takes as long as the suite. The kernel counts what found no route to another machine (``OutNoRoutes`` of IPv4 and IPv6),
of every process, name servers included. Python processes say besides what they tried (``hooks/sitecustomize.py``). One
attempt is made on purpose first, in such a network, and has to be counted.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.lines import print_figure

ROOT = Path(__file__).resolve().parents[1]
HOOKS = ROOT / "bench" / "hooks"
ATTEMPT = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))"
PROBED = "2001:4860:4860::8888"  # Chromium asks the kernel for a way there, to know of IPv6, and sends nothing
INSIDE = f"""
ip link set lo up || exit 125
ip -6 route add {PROBED} dev lo 2> /dev/null
"$@"; code=$?
cat /proc/net/snmp /proc/net/snmp6 > "$COUNTS"
exit $code
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did in a network of its own; ``named`` are the attempts of its Python processes."""

    code: int
    attempts: int
    named: list[str]
    said: str


def alone(command: Sequence[str], *, shown: bool = False) -> Outcome:
    """Run a command with nothing but loopback."""
    with tempfile.TemporaryDirectory() as folder:
        counts, attempts = Path(folder, "counts"), Path(folder, "attempts")
        environment = {**os.environ, "COUNTS": str(counts), "ATTUNE_ATTEMPTS": str(attempts), "PYTHONPATH": str(HOOKS)}
        done = subprocess.run(
            [*_apart(), "sh", "-c", INSIDE, "sh", *_as_before(), *command],
            cwd=ROOT,
            env=environment,
            check=False,
            text=True,
            stdout=None if shown else subprocess.PIPE,
            stderr=None if shown else subprocess.STDOUT,
        )
        if not counts.exists():
            sys.exit(f"no network of its own can be made here: {done.stdout or 'unshare or ip failed'}")
        named = noted(attempts)[1]
        return Outcome(done.returncode, counted(counts.read_text()), named, done.stdout or "")


def noted(file: Path) -> tuple[list[str], list[str]]:
    """Return which programs of Python were watched, and what they tried."""
    lines = [line.split(" ", 2)[1:] for line in file.read_text().splitlines()] if file.exists() else []
    watched = [told for event, told in lines if event == "watched"]
    return watched, [f"{event} {told}" for event, told in lines if event != "watched"]


def counted(counters: str) -> int:
    """Return how much found no route, from what the kernel writes."""
    total, names = 0, []
    for line in counters.splitlines():
        fields = line.split()
        if fields[0] == "Ip:" and not fields[1].isdigit():
            names = fields
        elif fields[0] == "Ip:":
            total += int(fields[names.index("OutNoRoutes")])
        elif fields[0] == "Ip6OutNoRoutes":
            total += int(fields[1])
    return total


def _apart() -> list[str]:
    return ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]


def _as_before() -> list[str]:
    """Not as root, which whoever may make a network is inside it: PostgreSQL refuses to run so."""
    return [] if os.getuid() == 0 else ["unshare", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}"]


def main(arguments: Sequence[str]) -> None:
    """Print the figure; the exit code is that of the suite, or 1 for an attempt."""
    control = alone([sys.executable, "-c", ATTEMPT])
    suite = alone([sys.executable, "-m", "pytest", "-q", *arguments], shown=True)
    for line, times in Counter(suite.named).most_common(50):
        print(f"{times} x {line}", file=sys.stderr)
    print_figure(
        "outbound_attempts_of_the_suite",
        suite.attempts,
        unit="attempts",
        goal="0",
        baseline={"one attempt on purpose": control.attempts, "of Python": len(suite.named), "pytest": suite.code},
    )
    sys.exit(suite.code or int(suite.attempts > 0 or control.attempts != 1))


if __name__ == "__main__":
    main(sys.argv[1:])
