"""Figures of a training, told to other tools."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from finetune.reporting import checked_target, figures_of, open_reporter
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
