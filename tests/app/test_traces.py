"""Traces as an OpenTelemetry collector receives them."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.owner import serving
from app.settings import Settings
from app.traces import Traces
from retrieval.errors import InvalidInputError
from retrieval.types import Answer, Interaction

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ENDED_NS = 1_800_000_000_000_000_000
ASKED = Interaction(
    id="i1",
    question="Is the cellar locked?",
    history=(),
    collection="default",
    principal_id="u:ann",
    answer=Answer("Yes. [1]", False, 0.75, ()),
    passages=(),
    timings_ms={"retrieve": 20.5, "generate": 3.0, "cite": 0.5, "total": 24.0},
    asked_at=datetime(2026, 11, 3, tzinfo=UTC),
    tokens={"prompt": 120, "completion": 30},
)


class Collector:
    """Takes OTLP over HTTP and keeps the spans."""

    def __init__(self):
        self.requests = []
        received = self.requests

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.path, ExportTraceServiceRequest.FromString(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def spans(self):
        return [
            span
            for _, request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


@contextmanager
def black_hole():
    """An address that takes connections and never answers."""
    with create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def attributes(span):
    return {entry.key: getattr(entry.value, entry.value.WhichOneof("value")) for entry in span.attributes}


def test_a_question_is_a_span_with_one_span_a_stage_inside(collector):
    traces = Traces(collector.url)
    traces.answered(ASKED, headers={}, ended_ns=ENDED_NS)
    traces.close()
    assert [path for path, _ in collector.requests] == ["/v1/traces"]
    spans = {span.name: span for span in collector.spans}
    assert set(spans) == {"answer", "retrieve", "generate", "cite"}
    parent = spans.pop("answer")
    assert {span.parent_span_id for span in spans.values()} == {parent.span_id}
    assert {span.trace_id for span in spans.values()} == {parent.trace_id}
    assert parent.parent_span_id == b""
    # 24 ms in all; 20.5 + 3 + 0.5 ms one after the other.
    start = ENDED_NS - 24_000_000
    times = {name: (span.start_time_unix_nano - start, span.end_time_unix_nano - start) for name, span in spans.items()}
    assert times == {
        "retrieve": (0, 20_500_000),
        "generate": (20_500_000, 23_500_000),
        "cite": (23_500_000, 24_000_000),
    }
    assert (parent.start_time_unix_nano, parent.end_time_unix_nano) == (start, ENDED_NS)


def test_a_span_says_how_it_went_and_not_what_was_asked(collector):
    traces = Traces(collector.url + "/v1/traces")
    traces.answered(replace(ASKED, answer=replace(ASKED.answer, degraded=True)), headers={}, ended_ns=ENDED_NS)
    traces.close()
    (span,) = [span for span in collector.spans if span.name == "answer"]
    said = attributes(span)
    assert said["attune.outcome"] == "degraded"
    assert said["attune.confidence"] == 0.75
    assert said["attune.tokens.prompt"] == 120
    assert said["attune.question_chars"] == len(ASKED.question)
    assert b"cellar" not in b"".join(request.SerializeToString() for _, request in collector.requests)


def test_the_question_is_in_the_span_where_that_is_allowed(collector):
    traces = Traces(collector.url, questions=True)
    traces.answered(ASKED, headers={}, ended_ns=ENDED_NS)
    traces.close()
    (span,) = [span for span in collector.spans if span.name == "answer"]
    assert attributes(span)["attune.question"] == ASKED.question


def test_a_question_asked_inside_a_trace_becomes_part_of_it(collector):
    traces = Traces(collector.url)
    traces.answered(ASKED, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}, ended_ns=ENDED_NS)
    traces.answered(ASKED, headers={"traceparent": "nonsense"}, ended_ns=ENDED_NS)
    traces.close()
    inside, alone = [span for span in collector.spans if span.name == "answer"]
    assert (inside.trace_id.hex(), inside.parent_span_id.hex()) == (TRACE, PARENT)
    assert alone.trace_id.hex() != TRACE


def test_whom_the_caller_does_not_trace_is_not_traced(collector):
    traces = Traces(collector.url)
    traces.answered(ASKED, headers={"traceparent": f"00-{TRACE}-{PARENT}-00"}, ended_ns=ENDED_NS)
    traces.close()
    assert collector.spans == []


def test_a_collector_that_never_answers_holds_up_neither_questions_nor_the_end():
    with black_hole() as url:
        traces = Traces(url)
        started = time.perf_counter()
        for _ in range(1000):  # 4,000 spans: more than the queue holds
            traces.answered(ASKED, headers={}, ended_ns=ENDED_NS)
        assert time.perf_counter() - started < 10
        started = time.perf_counter()
        traces.close()
        assert time.perf_counter() - started < 15


@pytest.mark.parametrize("endpoint", ["", "collector:4318", "ftp://collector"])
def test_an_endpoint_that_is_no_address_is_refused(endpoint):
    with pytest.raises(InvalidInputError, match="ATTUNE_OTLP_ENDPOINT"):
        Traces(endpoint)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(InvalidInputError, match=r"attune\[telemetry\]"):
        Traces("http://127.0.0.1:4318")


def test_a_server_sends_traces_of_its_questions_and_the_last_ones_when_it_stops(collector, tmp_path):
    settings = Settings(data_dir=tmp_path / "data", otlp_endpoint=collector.url, monitoring_interval_s=0)
    with serving(settings) as client:
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        answer = client.post("/v1/answers", json={"question": "Is the cellar locked?"}, headers=headers).json()
    (span,) = [span for span in collector.spans if span.name == "answer"]
    assert span.trace_id.hex() == TRACE
    assert attributes(span)["attune.interaction_id"] == answer["interaction_id"]
    assert span.end_time_unix_nano - span.start_time_unix_nano == round(answer["timings_ms"]["total"] * 1e6)


def test_a_server_answers_while_its_collector_is_dead(tmp_path):
    with create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    # Closed again: connections are refused.
    settings = Settings(data_dir=tmp_path / "data", otlp_endpoint=address, monitoring_interval_s=0)
    with serving(settings) as client:
        for _ in range(5):
            assert client.post("/v1/answers", json={"question": "Is it locked?"}).status_code == httpx.codes.OK
