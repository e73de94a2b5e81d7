"""OpenTelemetry traces: one span a stage under one span a question, sent aside; nothing is global.

The spans are made from an interaction's times after it was answered, so that the path of a question knows nothing of
them. Needs the extra ``telemetry``.
"""

import threading
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from app.telemetry import outcome
from retrieval.errors import InvalidInputError
from retrieval.types import Interaction

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

_EXPORT_TIMEOUT_S = 5.0
_FLUSH_TIMEOUT_S = 5.0
_PATH = "/v1/traces"


class Traces:
    """Makes spans and sends them to a collector in batches from a thread of its own; what it cannot send is dropped.

    Args:
        endpoint: OTLP over HTTP: the collector's address, or its full address with ``/v1/traces``.
        questions: Write the question into the span.
    """

    def __init__(self, endpoint: str, *, questions: bool = False) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as error:
            raise InvalidInputError(
                "ATTUNE_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: pip install 'attune[telemetry]'"
            ) from error
        if not endpoint.startswith(("http://", "https://")):
            raise InvalidInputError(f"ATTUNE_OTLP_ENDPOINT is {endpoint!r}; it starts with http:// or https://")
        url = endpoint.rstrip("/")
        exporter = OTLPSpanExporter(url if url.endswith(_PATH) else url + _PATH, timeout=_EXPORT_TIMEOUT_S)
        resource = Resource.create({"service.name": "attune", "service.version": version("attune")})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("attune")
        self._propagator = TraceContextTextMapPropagator()
        self._questions = questions

    def answered(self, interaction: Interaction, *, headers: Mapping[str, str], ended_ns: int) -> None:
        """Make the spans of a question; returns at once.

        Args:
            interaction: The question with its answer and times.
            headers: Of its request, found by lower-case name; a W3C ``traceparent`` among them becomes the parent.
            ended_ns: When the answer was there, nanoseconds since 1970.
        """
        from opentelemetry.trace import SpanKind, set_span_in_context

        times = dict(interaction.timings_ms)
        total_ms = times.pop("total", sum(times.values()))
        started_ns = ended_ns - _ns(total_ms)
        span = self._tracer.start_span(
            "answer",
            context=self._propagator.extract(headers),
            kind=SpanKind.SERVER,
            attributes=self._attributes(interaction),
            start_time=started_ns,
        )
        inside = set_span_in_context(span)
        at_ns = started_ns
        for stage, ms in times.items():
            self._tracer.start_span(stage, context=inside, start_time=at_ns).end(at_ns + _ns(ms))
            at_ns += _ns(ms)
        span.end(ended_ns)

    def close(self) -> None:
        """Send what is waiting, for five seconds at most: a dead collector does not keep the server from stopping."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces-close", daemon=True)
        closing.start()
        closing.join(_FLUSH_TIMEOUT_S)

    def _attributes(self, interaction: Interaction) -> "dict[str, AttributeValue]":
        answer = interaction.answer
        attributes: dict[str, AttributeValue] = {
            "attune.interaction_id": interaction.id,
            "attune.outcome": outcome(answer),
            "attune.generator": answer.generator,
            "attune.confidence": answer.confidence,
            "attune.citations": len(answer.citations),
            "attune.passages": len(interaction.passages),
            "attune.question_chars": len(interaction.question),
            **{f"attune.tokens.{kind}": count for kind, count in interaction.tokens.items()},
        }
        if interaction.collection is not None:
            attributes["attune.collection"] = interaction.collection
        if self._questions:
            attributes["attune.question"] = interaction.question
        return attributes


def open_traces(endpoint: str | None, *, questions: bool) -> Traces | None:
    """Make the traces that the settings ask for.

    Returns:
        Them, or None where no collector is named.

    Raises:
        InvalidInputError: The endpoint is no address, or OpenTelemetry is not installed.
    """
    return None if endpoint is None else Traces(endpoint, questions=questions)


def _ns(ms: float) -> int:
    return round(ms * 1_000_000)
