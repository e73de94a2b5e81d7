"""What Prometheus reads: counts and times, never a question, an id or a path."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from eval.monitoring import Point
from ingestion.run_rows import RunProgress
from retrieval.errors import AttuneError
from retrieval.generators.breaker import Breaker
from retrieval.types import Answer, Feedback, Interaction

_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Holdings(Collector):
    """What is kept, counted when it is asked for.

    Args:
        counts: Returns how many documents and chunks the catalog holds.
        points: Returns how many points the vector index holds.
    """

    def __init__(self, counts: Callable[[], tuple[int, int]], points: Callable[[], int]) -> None:
        self._counts = counts
        self._points = points

    def collect(self) -> Iterator[Metric]:
        """Count; a source that cannot be counted now is left out and logged, so that the other figures still come.

        Yields:
            One gauge a figure.
        """
        for source, count in (("catalog", self._kept), ("index", self._indexed)):
            try:
                yield from count()
            except (AttuneError, OSError) as error:
                structlog.get_logger().warning("not counted", source=source, error=type(error).__name__)

    def _kept(self) -> tuple[Metric, ...]:
        documents, chunks = self._counts()
        return (
            GaugeMetricFamily("attune_catalog_documents", "Documents that readers can find.", value=documents),
            GaugeMetricFamily("attune_catalog_chunks", "Chunks of their live revisions.", value=chunks),
        )

    def _indexed(self) -> tuple[Metric, ...]:
        return (GaugeMetricFamily("attune_index_points", "Points in the vector index.", value=self._points()),)


class Telemetry:
    """The metrics of one server, in a registry of its own."""

    def __init__(self, holdings: Holdings) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(holdings)
        ProcessCollector(registry=self.registry)
        self._stages = self._histogram("attune_question_seconds", "Time of a question by stage.", "stage")
        self._answers = self._counter("attune_answers", "Questions by what became of them.", "outcome", "generator")
        self._sentences = self._counter("attune_answer_sentences", "Sentences by how their quotes bear.", "verdict")
        self._guards = self._counter("attune_guards", "What guards refused and masked.", "action", "rule", "where")
        self._tokens = self._counter("attune_llm_tokens", "Tokens as the language model counted them.", "kind")
        self._left_alone = self._gauge(
            "attune_llm_left_alone", "1 while the language model's server is left alone after failures."
        )
        self._feedback = self._counter("attune_feedback", "Feedback by its thumb.", "verdict")
        self._requests = self._counter("attune_http_requests", "Requests.", "method", "route", "status")
        self._documents = self._counter("attune_ingested_documents", "Documents by outcome.", "outcome")
        self._alerts = self._counter("attune_alerts", "Alerts by whether they were delivered.", "delivered")
        self._observed = self._gauge("attune_observed", "What monitoring observed last; NaN: too little.", "figure")
        self._running = self._gauge("attune_ingests_running", "Runs of ingestion that have not ended.")
        self._waiting = self._gauge("attune_ingest_documents_waiting", "Documents that they have yet to do.")

    def answered(self, interaction: Interaction) -> None:
        """Count a question, its answer's sentences and its tokens, and keep its times."""
        for stage, ms in interaction.timings_ms.items():
            self._stages.labels(stage).observe(ms / 1000)
        answer = interaction.answer
        self._answers.labels(outcome(answer), answer.generator).inc()
        for kind, count in interaction.tokens.items():
            self._tokens.labels(kind).inc(count)
        for decision in answer.guards:
            # Topics are one rule here: their names are as many as people think of.
            rule = decision.rule.partition(":")[0]
            self._guards.labels(decision.action, rule, decision.where).inc(decision.count)
        for sentence in answer.sentences:
            self._sentences.labels(sentence.verdict).inc()

    def heeding(self, breaker: Breaker) -> None:
        """Show from now on whether a language model's server is left alone."""
        self._left_alone.set_function(lambda: float(breaker.state != "closed"))

    def said(self, feedback: Feedback) -> None:
        """Count feedback."""
        self._feedback.labels(feedback.verdict or "none").inc()

    def request(self, method: str, route: str | None, status: int) -> None:
        """Count a request.

        Args:
            method: HTTP method; unknown ones are one label, or a scanner would make thousands.
            route: The route's template, ``/v1/documents/{document_id}``; None when none matched.
            status: HTTP status of the response.
        """
        self._requests.labels(method if method in _METHODS else "other", route or "unmatched", str(status)).inc()

    def alerted(self, delivered: bool) -> None:
        """Count an alert."""
        self._alerts.labels("yes" if delivered else "no").inc()

    def observed(self, points: Iterable[Point]) -> None:
        """Show the newest figures of monitoring."""
        for point in points:
            self._observed.labels(point.name).set(float("nan") if point.value is None else point.value)

    def ingesting(self, at_work: Sequence[RunProgress]) -> None:
        """Show how many runs there are, and how many of their documents are still to be done."""
        self._running.set(len(at_work))
        self._waiting.set(sum(progress.total - progress.done for progress in at_work))

    def ingested(self, progress: RunProgress) -> None:
        """Count the documents of a run that has ended."""
        for outcome_of, count in progress.outcomes.items():
            self._documents.labels(outcome_of).inc(count)
        for state in ("failed", "quarantined", "cancelled"):
            self._documents.labels(state).inc(progress.states.get(state, 0))
        self.ingesting([])

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=_BUCKETS_S)


def outcome(answer: Answer) -> str:
    """Say in a word what became of a question: answered, abstained, refused, or degraded: without the model."""
    if answer.blocked:
        return "refused"
    if answer.abstained:
        return "abstained"
    return "degraded" if answer.degraded else "answered"
