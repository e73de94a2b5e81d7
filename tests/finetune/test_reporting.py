"""Figures of a training, told to other tools."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from finetune.recipe import fit
from finetune.reporting import checked_target, figures_of, losses_to, open_reporter
from finetune.rungs.query_adapter import EPOCHS
from finetune.verdict import Check, too_few
from retrieval.errors import InvalidInputError


class MlFlow(SimpleNamespace):
    """What of MLflow is spoken to; keeps what it is told."""

    def __init__(self, *, uri_is_set):
        self.told = []
        super().__init__(
            is_tracking_uri_set=lambda: uri_is_set,
            set_tracking_uri=lambda uri: self.told.append(("uri", uri.partition("://")[0])),
            set_experiment=lambda name: self.told.append(("experiment", name)),
            start_run=lambda run_name: self.told.append(("run", run_name)),
            log_metrics=lambda values, step: self.told.append((step, values)),
            end_run=lambda: self.told.append("end"),
        )


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


@pytest.mark.parametrize("uri_is_set", [True, False])
def test_mlflow_keeps_its_own_address_where_it_has_one(monkeypatch, tmp_path, uri_is_set):
    mlflow = MlFlow(uri_is_set=uri_is_set)
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    reporter = open_reporter("mlflow", tmp_path, run_id="r1")
    reporter.scalars("memory", {"gain": 0.1}, 2)
    reporter.close()
    told = [("experiment", "attune"), ("run", "r1"), (2, {"memory/gain": 0.1}), "end"]
    assert mlflow.told == ([] if uri_is_set else [("uri", "sqlite")]) + told


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


def test_tensorboard_has_a_curve_of_the_loss(tmp_path):
    loading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    reporter = open_reporter("tensorboard", tmp_path, run_id="r1")
    tell = losses_to(reporter)
    for step, loss in enumerate((0.5, 0.25, 0.125)):
        tell("embedder", loss, step)
    reporter.close()
    found = loading.EventAccumulator(str(tmp_path / "tensorboard" / "r1")).Reload()
    assert [(one.step, one.value) for one in found.Scalars("embedder/loss")] == [(0, 0.5), (1, 0.25), (2, 0.125)]
