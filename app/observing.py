"""What watches the server: metrics, traces, and the monitoring of its questions, put together."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from app.alerts import Alerts, open_webhook
from app.settings import Settings
from app.telemetry import Holdings, Telemetry
from app.traces import Traces, open_traces
from app.watch import Watch, Watched
from eval.monitoring import MonitoringLog
from retrieval.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Observing:
    """What watches the server; ``traces`` is None where no collector is set."""

    telemetry: Telemetry
    traces: Traces | None
    monitoring: MonitoringLog
    watch: Watch


@contextmanager
def open_observing(
    settings: Settings, watched: Watched, *, catalog: Catalog, monitoring: MonitoringLog
) -> Iterator[Observing]:
    """Begin to watch; at the end, traces that wait are sent and the watch stops.

    Raises:
        InvalidInputError: An address in the settings makes no sense, or OpenTelemetry is wanted and not installed.
    """
    with ExitStack() as stack:
        telemetry = Telemetry(Holdings(catalog.counts, watched.index.count))
        telemetry.observed(monitoring.newest().values())
        traces = open_traces(settings.otlp_endpoint, questions=settings.log_questions)
        if traces is not None:
            stack.callback(traces.close)
        webhook = open_webhook(_plain(settings.alert_webhook_url), _plain(settings.alert_webhook_secret))
        watch = Watch(
            watched,
            monitoring,
            alerts=Alerts(webhook, telemetry.alerted),
            interval_s=settings.monitoring_interval_s,
            told=telemetry.observed,
        )
        stack.callback(watch.close)
        watch.start()
        yield Observing(telemetry, traces, monitoring, watch)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
