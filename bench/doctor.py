"""How many planted corruptions the doctor finds and mends, how many clean stores it suspects.

Run from the repository root: ``python -m bench.doctor``. What is planted, and the clean histories, are those of the
tests (``tests/ingestion/test_doctor.py``), each in a store of its own, the clean ones while documents are being written
too. The baseline is what the parts say by themselves: SQLite's checks and a comparison of the two counts.
"""

import importlib.util
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.lines import print_figure

TESTS = Path(__file__).resolve().parents[1] / "tests" / "ingestion" / "test_doctor.py"


def tests() -> ModuleType:
    spec = importlib.util.spec_from_file_location("test_doctor", TESTS)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{TESTS} cannot be read")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_a_house(module: ModuleType, prepare: Callable[[Any], None], look: Callable[[Any], Any]) -> Any:
    with tempfile.TemporaryDirectory(prefix="attune-bench-") as folder:
        house = module.House(Path(folder))
        try:
            prepare(house)
            return look(house)
        finally:
            house.close()


def planted(module: ModuleType, plant: Callable[[Any], None]) -> tuple[bool, bool, bool]:
    """Say whether a corruption was found alone, mended, and seen by the parts themselves."""

    def prepare(house: Any) -> None:
        module.filled(house)
        plant(house)

    def look(house: Any) -> tuple[bool, bool, bool]:
        by_parts = bool(house.remedies.audit.faults()) or house.index.count() != house.catalog.counts()[1]
        found = house.found(deep=True) == module.PLANTED[plant]
        well = house.doctor().examine(repair=True, deep=True).well
        return found, well and house.doctor().examine(deep=True).ailments == (), by_parts

    seen: tuple[bool, bool, bool] = in_a_house(module, prepare, look)
    return seen


def alarms(house: Any) -> int:
    return len(house.doctor().examine(deep=True).ailments)


def alarms_while_written(house: Any) -> int:
    stop = threading.Event()

    def write() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            house.add("written", f"turn {turn}", "the same line")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        return sum(alarms(house) for _ in range(5))
    finally:
        stop.set()
        thread.join()


def main() -> None:
    module = tests()
    seen = [planted(module, plant) for plant in module.PLANTED]
    count = len(seen)
    parts = {"what": "SQLite's checks, and counts", "value": sum(parts for _, _, parts in seen), "planted": count}
    print_figure(
        "doctor_corruptions_found", sum(found for found, _, _ in seen), unit="kinds", goal=count, baseline=parts
    )
    print_figure("doctor_corruptions_mended", sum(mended for _, mended, _ in seen), unit="kinds", goal=count)
    quiet = sum(in_a_house(module, history, alarms) for history in module.CLEAN)
    busy = sum(in_a_house(module, history, alarms_while_written) for history in module.CLEAN)
    stores = {"what": "stores looked at", "value": len(module.CLEAN)}
    print_figure("doctor_false_alarms", quiet, unit="alarms", goal="0", baseline=stores)
    print_figure("doctor_false_alarms_while_written", busy, unit="alarms", goal="0", baseline=stores)


if __name__ == "__main__":
    main()
