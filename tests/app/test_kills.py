"""Server and worker killed at random moments, 20 times; 200 times in ``bench/kills.py``."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_twenty_kills_lose_nothing_and_leave_nothing_double_or_orphaned():
    done = subprocess.run(
        [sys.executable, "-m", "bench.kills", "--kills", "20", "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=550,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    figure = json.loads(done.stdout.splitlines()[-1])
    assert figure["value"] == 0, figure["baseline"]
    assert figure["baseline"]["kills"] == 20
