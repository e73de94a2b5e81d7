"""Figures of a training, reported to where teams look at such figures: TensorBoard, MLflow, Weights & Biases.

What these tools would send of their own accord - usage, errors, the machine and its repository - they do not; a
variable of theirs that is set is left as it is.
"""

import logging
import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from finetune.verdict import GateReport
from retrieval.errors import InvalidInputError

Target = Literal["tensorboard", "mlflow", "wandb"]

PROJECT = "attune"
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "WANDB_ERROR_REPORTING": "false", "WANDB_MODE": "offline"}

_log = logging.getLogger(__name__)
_PACKAGES: Mapping[str, str] = {"tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}


class Reporter(Protocol):
    """Is told figures as they come."""

    def scalars(self, name: str, values: Mapping[str, float], step: int) -> None:
        """Take some figures.

        Args:
            name: Of what they are, as a rung.
            values: By name.
            step: Which of a series.
        """

    def close(self) -> None:
        """Let go, everything written."""


class Silent:
    """Tells nobody."""

    def scalars(self, name: str, values: Mapping[str, float], step: int) -> None:
        """Take some figures; see ``Reporter``."""

    def close(self) -> None:
        """Let go."""


def checked_target(name: str | None) -> Target | None:
    """Return where figures are to be reported to, before anything is begun.

    Raises:
        InvalidInputError: There is no such place, or its package is not installed.
    """
    if name is None:
        return None
    for target in get_args(Target):
        if target == name:
            if find_spec(_PACKAGES[target]) is None:
                raise InvalidInputError(f"to report to {target} its package is needed: pip install 'attune[{target}]'")
            known: Target = target
            return known
    raise InvalidInputError(f"nothing is reported to {name!r}; there are {', '.join(get_args(Target))}")


def open_reporter(target: Target | None, folder: Path, *, run_id: str) -> Reporter:
    """Open what figures are reported to.

    Args:
        target: Where; None nowhere.
        folder: For what is written on this machine, where the tool's own settings say nothing else.
        run_id: Of the training run.

    Returns:
        It, to be closed. When the tool fails that is logged, and it is told nothing more: a training goes on.
    """
    if target is None:
        return Silent()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, value in _QUIET.items():  # they call home, and the environment alone can tell them all not to
        os.environ.setdefault(name, value)  # noqa: TID251
    made: Mapping[Target, Callable[[Path, str], Reporter]]
    made = {"tensorboard": _TensorBoard, "mlflow": _MlFlow, "wandb": _WandB}
    return _Lenient(target, lambda: made[target](folder, run_id))


class _Lenient:
    """Tells a tool for as long as that does not fail, in whatever way: it is others' code, and often a server."""

    def __init__(self, target: Target, opened: Callable[[], Reporter]) -> None:
        self._target = target
        self._reporter: Reporter = Silent()
        self._try(lambda: setattr(self, "_reporter", opened()))

    def scalars(self, name: str, values: Mapping[str, float], step: int) -> None:
        self._try(lambda: self._reporter.scalars(name, values, step))

    def close(self) -> None:
        self._try(self._reporter.close)

    def _try(self, told: Callable[[], None]) -> None:
        try:
            told()
        except Exception as error:  # noqa: BLE001 - the edge: what a tool of others raises, no list of ours holds
            _log.warning("nothing more is reported to %s, which failed: %s", self._target, error)
            self._reporter = Silent()


class _TensorBoard:
    def __init__(self, folder: Path, run_id: str) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder / "tensorboard" / run_id))

    def scalars(self, name: str, values: Mapping[str, float], step: int) -> None:
        for figure, value in values.items():
            self._writer.add_scalar(f"{name}/{figure}", value, step)

    def close(self) -> None:
        self._writer.close()


class _MlFlow:
    def __init__(self, folder: Path, run_id: str) -> None:
        import mlflow

        self._mlflow: Any = mlflow
        if not mlflow.is_tracking_uri_set():
            mlflow.set_tracking_uri(f"sqlite:///{(folder / 'mlflow.db').resolve()}")
        mlflow.set_experiment(PROJECT)
        mlflow.start_run(run_name=run_id)

    def scalars(self, name: str, values: Mapping[str, float], step: int) -> None:
        self._mlflow.log_metrics({f"{name}/{figure}": value for figure, value in values.items()}, step=step)

    def close(self) -> None:
        self._mlflow.end_run()


class _WandB:
    def __init__(self, folder: Path, run_id: str) -> None:
        import wandb

        settings = wandb.Settings(disable_git=True, x_disable_meta=True, save_code=False)
        self._run: Any = wandb.init(project=PROJECT, id=run_id, dir=str(folder), resume="allow", settings=settings)

    def scalars(self, name: str, values: Mapping[str, float], step: int) -> None:
        self._run.log({f"{name}/{figure}": value for figure, value in values.items()} | {"step": step})

    def close(self) -> None:
        self._run.finish()


def losses_to(reporter: Reporter) -> Callable[[str, float, int], None]:
    """Return what the loss of each step of a training is told to.

    Args:
        reporter: Is told it as ``<rung>/loss``.

    Returns:
        Takes the name of the rung, the loss, and which step it was.
    """

    def tell(rung: str, loss: float, step: int) -> None:
        reporter.scalars(rung, {"loss": loss}, step)

    return tell


def figures_of(report: GateReport) -> dict[str, float]:
    """Return the figures of a gate by name; those that could not be measured are left out."""
    gain = report.gain
    found: dict[str, float | None] = {
        "passed": float(report.passed),
        "questions": float(report.questions),
        "gain": None if gain is None else gain.value,
        "gain_at_least": None if gain is None else gain.bound,
        "p_adjusted": report.p_adjusted,
    }
    found |= {check.name: check.value for check in report.checks}
    return {name: float(value) for name, value in found.items() if value is not None}
