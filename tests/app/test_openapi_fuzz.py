"""Some hundred requests made from the API's description, right and wrong ones; 20,000 in ``bench/openapi_fuzz.py``."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_response_breaks_what_the_description_promises():
    done = subprocess.run(
        [sys.executable, "-m", "bench.openapi_fuzz", "--cases", "700", "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    figure = json.loads(done.stdout.splitlines()[-1])
    assert figure["value"] == 0
    assert figure["baseline"]["responses_5xx"] == 0
    assert figure["baseline"]["cases"] >= 500
    # Or nothing would have been looked at but refusals.
    assert figure["baseline"]["operations_with_2xx"] >= 60
