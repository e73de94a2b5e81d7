"""Figures of a training, told to other tools."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from finetune.recipe import fit
from finetune.reporting import checked_target, figures_of, losses_to, open_reporter
from finetune.rungs.query_adapter import EPOCHS
from finetune.verdict import Check, too_few
from retrieval.errors import InvalidInputError

ROOT = Path(__file__).resolve().parents[2]
CURVE = (0.5, 0.25, 0.125)


def test_nobody_is_told_anything_unless_asked_for(tmp_path):
    reporter = open_reporter(checked_target(None), tmp_path / "reports", run_id="r1")
    reporter.scalars("memory", {"gain": 0.1}, 0)
    reporter.close()
    assert not (tmp_path / "reports").exists()


def test_a_place_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(InvalidInputError, match="tensorboard, mlflow, wandb"):
        checked_target("excel")


def test_a_package_that_is_missing_is_refused_with_how_to_get_it(monkeypatch):
    monkeypatch.setattr("finetune.reporting.find_spec", lambda _: None)
    with pytest.raises(InvalidInputError, match=r"pip install 'attune\[mlflow\]'"):
        checked_target("mlflow")


def test_figures_are_what_was_measured_and_nothing_else():
    checks = (Check("latency", "passed", "", 1.05), Check("general", "not_measured", "there is no general set"))
    report = replace(too_few(("memory",), (), 3, seed=1), checks=checks)
    assert figures_of(report) == {"passed": 0.0, "questions": 3.0, "latency": 1.05}


class Told:
    """A reporter that keeps what it is told."""

    def __init__(self):
        self.figures = []

    def scalars(self, name, values, step):
        self.figures.append((name, dict(values), step))

    def close(self):
        pass


def test_the_losses_of_a_map_are_told_by_epoch_and_those_of_what_is_kept_alone(examples, lab):
    reporter = Told()
    recipe, known = ("query_adapter", "fusion"), examples(range(20), times=3)
    fit(recipe, known, replace(lab, losses=losses_to(reporter)), seed=1)
    assert [(name, step) for name, _, step in reporter.figures] == [("query_adapter", step) for step in range(EPOCHS)]
    losses = [values["loss"] for _, values, _ in reporter.figures]
    assert losses[-1] < losses[0]


def curve(target, folder):
    reporter = open_reporter(target, folder, run_id="r1")
    tell = losses_to(reporter)
    for step, loss in enumerate(CURVE):
        tell("embedder", loss, step)
    reporter.close()


def test_tensorboard_has_a_curve_of_the_loss(tmp_path):
    curve("tensorboard", tmp_path)
    found = EventAccumulator(str(tmp_path / "tensorboard" / "r1")).Reload()
    assert [(one.step, one.value) for one in found.Scalars("embedder/loss")] == list(enumerate(CURVE))


TOLD = """
import os, sys, warnings
from pathlib import Path
from finetune.reporting import losses_to, open_reporter
reporter = open_reporter(sys.argv[1], Path(sys.argv[2]), run_id="r1")
tell = losses_to(reporter)
for step, loss in enumerate((0.5, 0.25, 0.125)):
    tell("embedder", loss, step)
reporter.close()
if sys.argv[1] == "mlflow":
    import mlflow
    run = mlflow.search_runs(search_all_experiments=True, output_format="list")[0]
    curve = mlflow.MlflowClient().get_metric_history(run.info.run_id, "embedder/loss")
    print([(one.step, one.value) for one in curve])
"""


def told(target, folder, **environment):
    """Report from a process of its own: these libraries keep state, threads and warnings of theirs in it."""
    command = [sys.executable, "-c", TOLD, target, str(folder)]
    inherited = os.environ  # noqa: TID251 - a process needs its PATH
    known = {name: value for name, value in inherited.items() if not name.startswith(("MLFLOW_", "WANDB_"))}
    return subprocess.run(
        command, env=known | environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )


def test_mlflow_has_a_curve_of_the_loss_beside_the_other_reports(tmp_path):
    assert told("mlflow", tmp_path).stdout.strip().endswith(str(list(enumerate(CURVE))))
    assert (tmp_path / "mlflow.db").exists()


def test_mlflow_keeps_its_own_address_where_it_has_one(tmp_path):
    own = tmp_path / "own.db"
    told("mlflow", tmp_path, MLFLOW_TRACKING_URI=f"sqlite:///{own}")
    assert own.exists()
    assert not (tmp_path / "mlflow.db").exists()


def test_wandb_writes_to_this_machine_and_says_nothing_of_it(tmp_path):
    told("wandb", tmp_path)
    (written,) = tmp_path.glob("wandb/offline-run-*/run-r1.wandb")
    content = written.read_bytes()
    assert b"embedder/loss" in content
    assert b"remote" not in content
    assert not list(tmp_path.rglob("wandb-metadata.json"))


def test_a_tool_that_fails_ends_no_training(tmp_path, caplog):
    (tmp_path / "tensorboard").write_text("in the way")
    curve("tensorboard", tmp_path)
    assert "nothing more is reported to tensorboard" in caplog.text
