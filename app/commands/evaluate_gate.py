"""The path of ``attune evaluate --gate FILE``: measure, find the accepted run, rule, perhaps accept."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands import evaluate_show as show
from app.commands.evaluate import golden_of, kept, knobs_of, measured_answers, measured_live, measured_retrieval
from app.owner import RefusedError, checked, owner
from app.settings import Settings
from eval.regression import Gate, Ruling, read_gate, rule
from eval.report import Report, report_of_record
from retrieval.errors import InvalidInputError

if TYPE_CHECKING:
    from eval.workbench import Progress

_NOT_FOUND = 404


def run_gate(
    settings: Settings, path: Path, *, accept: bool, keep: bool, progress: "Progress"
) -> tuple[Report, Ruling]:
    """Measure what a gate file says and hold it against floors and the last accepted run.

    Args:
        settings: Of the server.
        path: The gate file.
        accept: Whether the run becomes the accepted one when it passes.
        keep: Whether the report is kept in the catalog.
        progress: Told of every step.

    Returns:
        The report and the ruling.

    Raises:
        InvalidInputError: The file is broken, or nothing can be measured with what it names.
    """
    gate = read_gate(path)
    if accept:
        _check_acceptable(gate, keep=keep)
    report = _measured(settings, gate, progress)
    if gate.kind != "live":
        kept(settings, report, keep=keep)
    ruling = rule(gate, report, _accepted(settings, gate, report, keep=keep))
    if accept and ruling.passed:
        _accept(settings, gate, report)
    return report, ruling


def _check_acceptable(gate: Gate, *, keep: bool) -> None:
    """Find out before anything is measured that the run could not be accepted."""
    if gate.accepted is not None:
        if not os.access(gate.accepted if gate.accepted.exists() else gate.accepted.parent, os.W_OK):
            raise InvalidInputError(f"{gate.accepted} cannot be written, so no run can be accepted")
    elif not keep and gate.kind != "live":
        raise InvalidInputError("--accept with --no-keep needs a file: name it as report in [accepted]")


def _measured(settings: Settings, gate: Gate, progress: "Progress") -> Report:
    run = dict(gate.run)
    if gate.kind == "retrieval":
        knobs = knobs_of(settings, bool(run.get("history")), bool(run.get("whole")))
        split, mode = run.get("split", "test"), run.get("mode", "full")
        return measured_retrieval(settings, run["beir"], split=split, mode=mode, knobs=knobs, progress=progress)
    if gate.kind == "answers":
        golden = golden_of(settings, run["questions"], None)
        return measured_answers(settings, run["documents"], golden, progress=progress)
    body: dict[str, Any] = {name: run.get(name) for name in ("set", "version", "collection")}
    return measured_live(settings, body | {"kind": run.get("measure", "answers")}, progress)


def _accepted(settings: Settings, gate: Gate, report: Report, *, keep: bool) -> Report | None:
    if gate.accepted is not None:
        return read_report(gate.accepted) if gate.accepted.exists() else None
    if not keep and gate.kind != "live":
        return None
    parameters = {"kind": report.kind, "golden": report.provenance.golden}
    with owner(settings) as client:
        try:
            return report_of_record(checked(client.get("/v1/evaluations/accepted", params=parameters)))
        except RefusedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise


def _accept(settings: Settings, gate: Gate, report: Report) -> None:
    if gate.accepted is not None:
        show.written(report, html=None, out=gate.accepted)
        return
    with owner(settings) as client:
        checked(client.post(f"/v1/evaluations/{report.provenance.id}/acceptance"))


def read_report(path: Path) -> Report:
    """Read a report that ``--out`` wrote.

    Returns:
        The report.

    Raises:
        InvalidInputError: It cannot be read, or is something else.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{path} is not JSON") from error
    if not isinstance(record, dict):
        raise InvalidInputError(f"{path} is not a stored evaluation report")
    return report_of_record(record)
