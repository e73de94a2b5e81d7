"""One figure, one JSON line: what was measured, what it is held against in the same run, and with which versions."""

import json
import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("torch", "transformers", "sentence-transformers", "qdrant-edge-py", "numpy")


def print_figure(
    figure: str,
    value: float,
    *,
    unit: str,
    goal: float | str | None = None,
    baseline: Mapping[str, object] | None = None,
) -> None:
    """Print one line; ``goal`` is a least value, or words where it is none."""
    line = {
        "figure": figure,
        "value": float(f"{value:.5g}"),
        "unit": unit,
        "goal": goal,
        "baseline": dict(baseline or {}),
    }
    print(json.dumps(line | {"versions": versions()}, ensure_ascii=False), flush=True)


def versions() -> dict[str, str]:
    """Return what was measured with, the processor's features for neural networks among it."""
    return {name: version(name) for name in PACKAGES} | {
        "python": platform.python_version(),
        "cpus": str(os.cpu_count()),
        "cpu": processor(),
        "amx": str(has_amx()).lower(),
    }


def processor() -> str:
    """Return the processor's name, as Linux knows it."""
    return next((line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown")


def has_amx() -> bool:
    """Say whether the processor multiplies bf16 matrices in hardware."""
    return any("amx_bf16" in line.split() for line in _cpuinfo() if line.startswith("flags"))


def data(name: str) -> Path:
    """Return the folder of a data set; it ends the script, saying so, where there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ATTUNE_DATA", beside)) / name
    if not folder.is_dir():
        sys.exit(f"no data set {name} in {folder.parent}; name the folder of data sets in ATTUNE_DATA")
    return folder


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
