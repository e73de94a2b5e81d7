"""Thirty hostile texts in every place where words are shown, in a real browser; 300 in ``bench/xss.py``, each twice."""

import json
import subprocess
import sys
from pathlib import Path

from bench.xss_payloads import payloads

ROOT = Path(__file__).resolve().parents[2]


def test_no_text_acts_in_a_browser_with_or_without_the_policy():
    done = subprocess.run(
        [sys.executable, "-m", "bench.xss", "--payloads", "30", "--policy-every", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    figure = json.loads(done.stdout.splitlines()[-1])
    assert figure["value"] == 0
    assert figure["baseline"]["policy_violations"] == 0
    # Or nothing would be measured: most of them act where they are pasted, and they did reach the server. Some files
    # hold nothing that could be taken in.
    assert figure["baseline"]["acted_when_pasted"] >= 15
    assert figure["baseline"]["documents"] >= 80


def test_there_are_300_texts_and_a_sample_is_of_all_kinds():
    assert len(set(payloads(300))) == 300
    sample = " ".join(payloads(30))
    assert all(kind in sample for kind in ("<script>", "ONERROR=", "](", "{{", "\\u003c", "data:"))
