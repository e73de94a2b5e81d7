"""Metrics as Prometheus reads them, what is observed over time, and the alerts that come of it."""

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR, create_server
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from app import errors
from app.alerts import Alert, Alerts, Webhook
from app.auth import Caller
from app.observing import open_observing
from app.owner import serving
from app.routes import monitoring
from app.settings import Settings
from app.telemetry import Holdings, Telemetry
from app.watch import Watch, Watched
from eval.monitoring import WINDOW, MonitoringLog, Point
from retrieval.catalog import Catalog
from retrieval.errors import ConflictError, DataDirectoryError, InvalidInputError, ModelError, VectorIndexError
from retrieval.feedback import FeedbackLog
from retrieval.interactions import InteractionLog
from retrieval.types import Answer, Chunk, Feedback, Interaction, Passage, Principal

ATTUNE = str(Path(sys.executable).parent / "attune")
CLERK = Principal("u:clerk", administrator=True)


# Metrics


def samples(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def scrape(server):
    return lambda: samples(server.get("/metrics").text)


def grown(before, after, name, **labels):
    key = (name, *sorted(labels.items()))
    return after[key] - before.get(key, 0.0)


def test_metrics_count_questions_by_what_became_of_them(server, scrape):
    before = scrape()
    answers = [
        server.post("/v1/answers", json={"question": question}).json()
        for question in ("How many days of annual leave do I get?", "Who won the football world cup in 1998?")
    ]
    after = scrape()
    assert [answer["abstained"] for answer in answers] == [False, True]
    for outcome in ("answered", "abstained"):
        assert grown(before, after, "attune_answers_total", outcome=outcome, generator="extractive") == 1
    for stage in ("retrieve", "generate", "total"):
        assert grown(before, after, "attune_question_seconds_count", stage=stage) == 2
        seconds = sum(answer["timings_ms"][stage] for answer in answers) / 1000
        assert grown(before, after, "attune_question_seconds_sum", stage=stage) == pytest.approx(seconds)
    # Extractive sentences are the documents' own.
    assert grown(before, after, "attune_answer_sentences_total", verdict="supported") >= 1


def test_metrics_count_requests_by_the_template_of_their_route(server, scrape):
    before = scrape()
    server.get("/v1/documents/no-such-document")
    server.get("/somewhere/else")
    server.request("PURGE", "/v1/documents")
    after = scrape()
    assert grown(before, after, "attune_http_requests_total", method="GET", route="unmatched", status="404") == 1
    template = "/v1/documents/{document_id}"
    assert grown(before, after, "attune_http_requests_total", method="GET", route=template, status="404") == 1
    assert not [key for key in after if ("method", "PURGE") in key]


def test_metrics_count_feedback(server, scrape):
    key = server.post("/v1/answers", json={"question": "annual leave"}).json()["interaction_id"]
    before = scrape()
    for body in ({"verdict": "up"}, {"verdict": "down"}, {"answer": "27"}):
        server.post(f"/v1/answers/{key}/feedback", json=body)
    after = scrape()
    for verdict in ("up", "down", "none"):
        assert grown(before, after, "attune_feedback_total", verdict=verdict) == 1


def test_metrics_say_what_is_kept_and_what_became_of_documents(server, scrape):
    found = scrape()
    documents = len(server.get("/v1/documents", params={"limit": 1000}).json()["documents"])
    assert found["attune_catalog_documents",] == documents
    assert found["attune_catalog_chunks",] == found["attune_index_points",] > documents
    assert found["attune_ingested_documents_total", ("outcome", "added")] >= documents
    assert found["attune_ingests_running",] == found["attune_ingest_documents_waiting",] == 0
    assert found["process_resident_memory_bytes",] > 2**20


def test_no_label_holds_a_question_an_id_or_a_path(server):
    answer = server.post("/v1/answers", json={"question": "Where is the cafeteria?"}).json()
    text = server.get("/metrics").text
    assert "cafeteria" not in text
    assert "handbook" not in text
    assert answer["interaction_id"] not in text
    assert all(citation["document_id"] not in text for citation in answer["citations"] + answer["nearest"])


def test_metrics_are_for_administrators(server, token):
    with httpx.Client(base_url=server.base_url) as stranger:
        assert stranger.get("/metrics").status_code == 401
        assert stranger.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
        response = stranger.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert response.headers["content-type"].startswith("text/plain; version=")
        openmetrics = {"Authorization": f"Bearer {token}", "Accept": "application/openmetrics-text; version=1.0.0"}
        assert stranger.get("/metrics", headers=openmetrics).text.endswith("# EOF\n")


def test_metrics_may_be_public(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", metrics_public=True, monitoring_interval_s=0)
    with serving(settings) as client, httpx.Client(base_url=client.base_url) as stranger:
        assert stranger.get("/metrics").status_code == 200
        assert stranger.get("/v1/monitoring").status_code == 401


def test_a_store_that_cannot_be_counted_leaves_the_other_metrics():
    def broken():
        raise VectorIndexError("gone")

    telemetry = Telemetry(Holdings(lambda: (2, 5), broken))
    telemetry.request("GET", None, 500)
    names = {metric.name for metric in telemetry.registry.collect()}
    assert {"attune_catalog_documents", "attune_http_requests"} <= names
    assert "attune_index_points" not in names


def test_a_catalog_that_does_not_answer_costs_its_own_figures_alone(tmp_path, open_database, client):
    catalog = Catalog(open_database(f"sqlite:///{tmp_path / 'missing' / 'catalog.sqlite3'}"))
    with pytest.raises(DataDirectoryError, match="OperationalError"):
        catalog.counts()
    for counts in (catalog.counts, (tmp_path / "missing").stat):
        response = client(Telemetry(Holdings(counts, lambda: 5))).get("/metrics")
        assert response.status_code == 200
        found = samples(response.text)
        assert found["attune_index_points",] == 5
        assert ("attune_catalog_documents",) not in found


@pytest.mark.parametrize("version", ["x.y", "1.0.0=3", "1.²", "", "99.0.0"])
def test_metrics_come_whatever_version_is_asked_for(client, version):
    accept = f"application/openmetrics-text; version={version}".encode("latin-1")
    response = client(Telemetry(Holdings(lambda: (1, 2), lambda: 3))).get("/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    assert "attune_index_points 3.0" in response.text


# What is observed


def vector(question):
    """A direction of its subject (its sixth word) with some of its own."""
    subject, own = (int(hashlib.sha256(part.encode()).hexdigest()[:8], 16) for part in (question.split()[5], question))
    made = np.random.default_rng(subject).normal(size=16) + 0.7 * np.random.default_rng(own).normal(size=16)
    return (made / np.linalg.norm(made)).astype(np.float32)


class Questions:
    """Writes questions that were asked into a log, one a second."""

    def __init__(self, engine):
        self.log = InteractionLog(engine)
        self.next = datetime.now(UTC) - timedelta(seconds=3000)
        self.count = 0

    def ask(self, subject, times, **more):
        for _ in range(times):
            self.count += 1
            self.next += timedelta(seconds=1)
            self.log.record(
                self._interaction(f"Please tell me about the {subject} in our house, number {self.count}", **more)
            )

    def _interaction(self, question, abstained=False, total_ms=10.0):
        # The same cosines whatever is asked: only the subjects drift here.
        cosine = 0.5 + 0.01 * (self.count % 30)
        chunk = Chunk("c", "d", "r", 0, 0, 4, "some", "", (), 1)
        passages = tuple(Passage(chunk, "default", "T", "file:///t", 1.0, c) for c in (cosine, cosine / 2))
        answer = Answer("Some.", abstained, 1.0, ())
        times = {"total": total_ms}
        return Interaction(f"i{self.count}", question, (), None, "u:ann", answer, passages, times, self.next)


@pytest.fixture
def engine(sqlite_url, open_database):
    return open_database(sqlite_url)


@pytest.fixture
def questions(engine):
    return Questions(engine)


class Receiver:
    """Takes alerts over HTTP, and answers with the statuses it is given, then 200."""

    def __init__(self):
        self.received = []
        self.statuses = []
        self.open = threading.Event()
        self.open.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((dict(self.headers), body))
                assert receiver.open.wait(20)
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def alerts(self):
        return [json.loads(body) for _, body in self.received]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def watching(engine):
    """Makes watches over one catalog; a second one is the server after a restart."""
    made = []

    def watching(webhook=None, interval_s=0.0, embed=vector, count=lambda: 7, kept_in=MonitoringLog, **more):
        log = kept_in(engine)
        watched = Watched(InteractionLog(engine), FeedbackLog(engine), SimpleNamespace(count=count), embed)
        made.append(Watch(watched, log, alerts=Alerts(webhook), interval_s=interval_s, **more))
        return made[-1]

    yield watching
    for watch in made:
        watch.close()


def by_name(points):
    return {point.name: point for point in points}


def test_an_observation_says_how_the_questions_went(questions, engine, watching):
    for ms, abstained in ((10.0, False), (20.0, True), (30.0, False), (110.0, False)):
        questions.ask("leave", 1, total_ms=ms, abstained=abstained)
    for key, verdict, answer in (("i1", "up", None), ("i2", "down", "27"), ("i3", "up", None)):
        FeedbackLog(engine).record(
            Feedback(f"f{key}", key, "", datetime.now(UTC), verdict, answer=answer), principal=CLERK
        )
    found = {name: point.value for name, point in by_name(watching().observe()).items()}
    assert found == {
        "questions": 4.0,
        "abstention_rate": 0.25,
        "latency_p50_ms": 25.0,  # between 20 and 30
        "latency_p95_ms": pytest.approx(98.0),  # 30 + (110 - 30) * (0.95 * 3 - 2)
        "thumbs_up_rate": pytest.approx(2 / 3),
        "corrections": 1.0,
        "reformulation_rate": 0.75,  # one person, four times the same words
        "abandonment_rate": 0.0,  # their session ended on an answer
        "index_chunks": 7.0,
    }


def test_an_observation_begins_where_the_last_one_ended_after_a_restart_too(questions, watching):
    questions.ask("leave", 3)
    watching().observe()
    questions.next = datetime.now(UTC)
    questions.ask("leave", 2)
    found = by_name(watching().observe())
    assert found["questions"].value == 2
    assert found["abstention_rate"].details == {"questions": 2}


def test_without_questions_rates_are_not_known(watching):
    found = by_name(watching().observe())
    assert found["questions"].value == 0
    assert [found[name].value for name in ("abstention_rate", "latency_p95_ms", "thumbs_up_rate")] == [None] * 3


def test_an_observation_is_kept(questions, engine, watching):
    questions.ask("leave", 1)
    points = watching().observe()
    assert MonitoringLog(engine).newest() == by_name(points)


def test_drift_is_looked_for_from_two_windows_on(questions, watching):
    questions.ask("leave", 2 * WINDOW - 1)
    assert not [point for point in watching().observe() if point.name.startswith("drift.")]
    questions.ask("leave", 1)
    found = by_name(watching().observe())
    assert found["drift.questions"].details["alarm"] is False
    assert {name for name in found if name.startswith("drift.")} == {
        f"drift.{name}" for name in ("questions", "top_score", "score_gap", "abstention", "length", "language")
    }


def test_new_subjects_raise_a_signed_alert(questions, watching, receiver):
    questions.ask("leave", 300)
    questions.ask("lasers", WINDOW)
    found = by_name(watching(Webhook(receiver.url, secret="key")).observe())
    drifted = found["drift.questions"]
    assert (drifted.details["alarm"], drifted.details["alert"]) == (True, "delivered")
    ((headers, body),) = receiver.received
    assert json.loads(body) == {
        "kind": "drift",
        "name": "drift.questions",
        "value": drifted.value,
        "p_value": drifted.details["p_value"],
        "at": drifted.at.isoformat(),
        "text": "What is asked changed in the newest 112 questions",
    }
    assert drifted.details["p_value"] < 0.05
    assert headers["X-Attune-Signature"] == "sha256=" + hmac.new(b"key", body, "sha256").hexdigest()
    assert b"lasers" not in body


def test_an_alert_is_sent_once_an_episode_after_a_restart_too(questions, watching, receiver):
    questions.ask("leave", 300)
    questions.ask("lasers", WINDOW)
    watch = watching(Webhook(receiver.url))
    watch.observe()
    watch.observe()
    watching(Webhook(receiver.url)).observe()
    assert len(receiver.received) == 1
    # The new subject becomes the usual one; then comes the next.
    questions.ask("lasers", 650)
    assert by_name(watch.observe())["drift.questions"].details["alarm"] is False
    questions.ask("lamps", WINDOW)
    watch.observe()
    assert [alert["name"] for alert in receiver.alerts] == ["drift.questions"] * 2


def test_an_alert_that_was_not_taken_is_tried_again_next_time(questions, watching, receiver):
    questions.ask("leave", 300)
    questions.ask("lasers", WINDOW)
    receiver.statuses = [500, 404, 302]
    watch = watching(Webhook(receiver.url, pause_s=0.01))
    assert by_name(watch.observe())["drift.questions"].details["alert"] == "failed"
    assert len(receiver.received) == 3
    assert by_name(watch.observe())["drift.questions"].details["alert"] == "delivered"
    assert len(receiver.received) == 4


def test_by_itself_a_watch_tries_a_failed_alert_at_its_next_observation(questions, engine, watching, receiver):
    questions.ask("leave", 300)
    questions.ask("lasers", WINDOW)
    receiver.statuses = [500, 500, 500]
    watch = watching(Webhook(receiver.url, pause_s=0.01))
    assert by_name(watch.observe(drift_again=False))["drift.questions"].details["alert"] == "failed"
    assert not [point for point in watch.observe(drift_again=False) if point.name.startswith("drift.")]
    assert len(receiver.received) == 4
    assert MonitoringLog(engine).newest()["drift.questions"].details["alert"] == "delivered"
    watch.observe(drift_again=False)
    assert len(receiver.received) == 4


def test_an_alert_that_a_killed_server_did_not_send_is_sent_after_its_restart(engine, watching, receiver):
    details = {"alarm": True, "p_value": 0.001, "window": 112, "asked_at": datetime.now(UTC).isoformat()}
    MonitoringLog(engine).add([Point("drift.length", datetime.now(UTC), 0.4, {**details, "alert": "waiting"})])
    watching(Webhook(receiver.url)).observe(drift_again=False)
    assert [(alert["name"], alert["value"]) for alert in receiver.alerts] == [("drift.length", 0.4)]
    assert MonitoringLog(engine).newest()["drift.length"].details == {**details, "alert": "delivered"}


def test_what_could_not_be_kept_raises_no_alert(questions, engine, watching, receiver):
    questions.ask("leave", 300)
    questions.ask("lasers", WINDOW)
    with engine.begin() as connection:
        full = "CREATE TRIGGER full BEFORE INSERT ON monitoring_points BEGIN SELECT RAISE(ABORT, 'full'); END"
        connection.exec_driver_sql(full)
    watch = watching(Webhook(receiver.url))
    for _ in range(2):
        with pytest.raises(ConflictError):
            watch.observe()
    assert receiver.received == []


def test_while_an_alert_is_sent_observations_go_on_and_send_no_second_one(questions, engine, watching, receiver):
    questions.ask("leave", 300)
    questions.ask("lasers", WINDOW)
    receiver.open.clear()
    watch = watching(Webhook(receiver.url, timeout_s=20))
    first = threading.Thread(target=watch.observe)
    first.start()
    deadline = time.monotonic() + 20
    while not receiver.received and time.monotonic() < deadline:
        time.sleep(0.01)
    assert by_name(watch.observe())["drift.questions"].details["alert"] == "waiting"
    receiver.open.set()
    first.join(20)
    kept = MonitoringLog(engine).series("drift.questions")
    assert [point.details["alert"] for point in kept] == ["delivered", "delivered"]
    watch.observe()
    assert len(receiver.received) == 1


@pytest.fixture
def client():
    """Makes clients of the routes of monitoring alone; everybody is an administrator."""
    with ExitStack() as stack:

        def client(telemetry=None, watch=None):
            app = FastAPI()
            errors.install(app)
            app.include_router(monitoring.router)
            app.state.services = SimpleNamespace(
                settings=SimpleNamespace(metrics_public=True),
                observing=SimpleNamespace(telemetry=telemetry, watch=watch),
                authenticator=SimpleNamespace(bearer=lambda _token, address: Caller(CLERK, "local", address)),
                limits=SimpleNamespace(request=lambda _caller: None, working=lambda _caller: None),
                audit_log=SimpleNamespace(append=lambda *_, **__: None),
            )
            return stack.enter_context(TestClient(app, headers={"Authorization": "Bearer any"}))

        yield client


def test_one_observation_is_made_at_a_time_and_nobody_waits_for_it(questions, watching, client):
    begun, go_on = threading.Event(), threading.Event()

    def embed(question):
        begun.set()
        assert go_on.wait(20)
        return vector(question)

    questions.ask("leave", 300)
    watch = watching(embed=embed)
    first = threading.Thread(target=watch.observe)
    first.start()
    assert begun.wait(20)
    started = time.perf_counter()
    response = client(watch=watch).post("/v1/monitoring/observations")
    assert time.perf_counter() - started < 5
    assert (response.status_code, response.json()["title"]) == (409, "Conflict")
    go_on.set()
    first.join(30)
    assert client(watch=watch).post("/v1/monitoring/observations").status_code == 201


def test_without_a_webhook_an_alert_is_in_the_log_and_in_the_series(questions, watching):
    questions.ask("leave", 300)
    questions.ask("lasers", WINDOW)
    assert by_name(watching().observe())["drift.questions"].details["alert"] == "logged"


def test_a_failing_embedder_leaves_the_other_figures(questions, watching):
    def embed(_question):
        raise ModelError("gone")

    questions.ask("leave", 300)
    assert "questions" in by_name(watching(embed=embed).observe())


def test_a_watch_observes_by_itself_and_lives_through_failures(questions, engine, watching):
    failures = [VectorIndexError("gone"), RuntimeError("odd")]
    observed = threading.Event()

    def count():
        if failures:
            raise failures.pop()
        return 7

    questions.ask("leave", 2)
    watching(interval_s=0.05, count=count, told=lambda _: observed.set()).start()
    assert observed.wait(20)
    assert MonitoringLog(engine).newest()["index_chunks"].value == 7
    assert not failures


def test_a_watch_lives_through_a_database_that_does_not_answer_at_its_start(questions, watching):
    failures = [RuntimeError("odd"), DataDirectoryError("gone")]
    observed = threading.Event()

    class Flaky(MonitoringLog):
        def newest(self):
            if failures:
                raise failures.pop()
            return super().newest()

    questions.ask("leave", 2)
    watching(interval_s=0.05, kept_in=Flaky, told=lambda _: observed.set()).start()
    assert observed.wait(20)


def test_a_clock_that_was_set_back_does_not_put_an_observation_off(engine, watching):
    MonitoringLog(engine).add([Point("questions", datetime.now(UTC) + timedelta(days=400), 1.0)])
    assert watching(interval_s=60.0)._first_wait_s() == pytest.approx(60.0)


def test_by_itself_a_watch_looks_for_drift_once_a_window(questions, watching):
    looked = []
    questions.ask("leave", 300)
    watch = watching(told=lambda points: looked.append(any(point.name.startswith("drift.") for point in points)))
    watch.observe(drift_again=False)
    watch.observe(drift_again=False)
    questions.ask("leave", WINDOW - 1)
    watch.observe(drift_again=False)
    questions.ask("leave", 1)
    watch.observe(drift_again=False)
    assert looked == [True, False, False, True]


def test_a_watch_that_observes_stops_when_it_is_told_to(questions, watching):
    begun = threading.Event()

    def slow(question):
        begun.set()
        time.sleep(0.02)
        return vector(question)

    questions.ask("leave", 600)  # at 0.02 s and as much of pause each: 24 s
    watch = watching(interval_s=0.01, embed=slow)
    watch.start()
    assert begun.wait(20)
    started = time.perf_counter()
    watch.close()
    assert time.perf_counter() - started < 3


# Alerts

ALERT = Alert("drift", "drift.questions", 0.5, 0.001, datetime(2026, 11, 3, tzinfo=UTC), "Something moved.")


def test_an_alert_is_tried_three_times_and_fails_without_an_error(receiver):
    receiver.statuses = [500, 500, 503, 200]
    assert Webhook(receiver.url, pause_s=0.01).post(ALERT) == "HTTP 503"
    assert len(receiver.received) == 3


def test_an_alert_is_taken_at_the_second_try(receiver):
    receiver.statuses = [500]
    assert Webhook(receiver.url, pause_s=0.01).post(ALERT) is None
    assert len(receiver.received) == 2
    assert "X-Attune-Signature" not in receiver.received[0][0]


def test_a_receiver_that_is_not_there_or_never_answers_is_a_failure_in_bounded_time():
    assert Webhook("http://127.0.0.1:9/hook", pause_s=0.01).post(ALERT) == "ConnectError"
    with create_server(("127.0.0.1", 0)) as silent:
        webhook = Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.1, pause_s=0.01)
        started = time.perf_counter()
        assert webhook.post(ALERT) == "no reply within 0.1 s"
        assert time.perf_counter() - started < 3


@contextmanager
def dripping(at_once):
    """Answer every request with some bytes at once and then one each 0.02 s, for 10 s."""

    def answer(connection):
        with connection:
            connection.recv(65_536)
            try:
                connection.sendall(at_once)
                for _ in range(500):
                    connection.sendall(b"x")
                    time.sleep(0.02)
            except OSError:
                pass  # the other side had enough

    def accept(listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(SHUT_RDWR)  # or accept would go on


def test_a_reply_is_not_read_beyond_its_status():
    started = time.perf_counter()
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n") as url:
        assert Webhook(url, timeout_s=5.0).post(ALERT) is None
    assert time.perf_counter() - started < 3


def test_a_status_that_drips_is_given_up():
    started = time.perf_counter()
    with dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ") as url:
        assert Webhook(url, timeout_s=0.2, pause_s=0.01).post(ALERT) == "no reply within 0.2 s"
    assert time.perf_counter() - started < 3


def test_a_receiver_that_drips_does_not_keep_a_watch_from_stopping(questions, watching):
    questions.ask("leave", 300)
    questions.ask("lasers", WINDOW)
    observed = threading.Event()
    with dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ") as url:
        watch = watching(Webhook(url, timeout_s=0.5), interval_s=0.01, told=lambda _: observed.set())
        watch.start()
        assert observed.wait(30)
        started = time.perf_counter()
        watch.close()
        assert time.perf_counter() - started < 3
    assert not watch._thread.is_alive()


def test_a_webhook_s_address_is_kept_secret():
    assert "B0123" not in repr(Settings(alert_webhook_url="https://hooks.example.org/T1/B0123"))


def test_the_address_in_the_settings_is_where_alerts_go(receiver, questions, engine):
    questions.ask("leave", 300)
    questions.ask("lasers", WINDOW)
    settings = Settings(alert_webhook_url=receiver.url, alert_webhook_secret="key", monitoring_interval_s=0)
    watched = Watched(questions.log, FeedbackLog(engine), SimpleNamespace(count=lambda: 7), vector)
    with open_observing(settings, watched, catalog=Catalog(engine), monitoring=MonitoringLog(engine)) as observing:
        observing.watch.observe()
    ((headers, body),) = receiver.received
    assert headers["X-Attune-Signature"] == "sha256=" + hmac.new(b"key", body, "sha256").hexdigest()


@pytest.mark.parametrize("interval_s", [-1, 31 * 86_400 + 1, float("inf"), float("nan")])
def test_the_interval_is_at_most_a_month(interval_s):
    with pytest.raises(ValidationError):
        Settings(monitoring_interval_s=interval_s)


def test_a_webhook_is_an_address():
    with pytest.raises(InvalidInputError, match="ATTUNE_ALERT_WEBHOOK_URL"):
        Webhook("hooks.example.org")


def test_alerts_are_counted_by_whether_they_arrived(receiver):
    telemetry = Telemetry(Holdings(lambda: (0, 0), lambda: 0))
    alerts = Alerts(Webhook(receiver.url, pause_s=0.01), telemetry.alerted)
    receiver.statuses = [500, 500, 500]
    assert [alerts.send(ALERT), alerts.send(ALERT)] == ["failed", "delivered"]
    assert telemetry.registry.get_sample_value("attune_alerts_total", {"delivered": "yes"}) == 1
    assert telemetry.registry.get_sample_value("attune_alerts_total", {"delivered": "no"}) == 1


# Over HTTP and from the command line


def test_an_administrator_observes_now_and_reads_the_series(server):
    server.post("/v1/answers", json={"question": "annual leave"})
    points = server.post("/v1/monitoring/observations").json()["points"]
    observed = {point["name"]: point for point in points}
    assert observed["questions"]["value"] >= 1
    newest = {point["name"]: point for point in server.get("/v1/monitoring").json()["points"]}
    assert observed.items() <= newest.items()
    series = server.get("/v1/monitoring", params={"name": "questions", "limit": 1}).json()["points"]
    assert series == [observed["questions"]]
    since = observed["questions"]["at"]
    assert server.get("/v1/monitoring", params={"name": "questions", "since": since}).json()["points"] == []
    assert samples(server.get("/metrics").text)["attune_observed", ("figure", "index_chunks")] > 0


@pytest.mark.parametrize("parameters", [{"limit": 0}, {"limit": 10_001}, {"since": "yesterday"}, {"name": "x" * 65}])
def test_a_series_is_asked_for_within_bounds(server, parameters):
    assert server.get("/v1/monitoring", params=parameters).status_code == 422


EDGES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]


@pytest.mark.parametrize("since", EDGES)
@pytest.mark.parametrize("path", ["/v1/monitoring", "/v1/monitoring?name=questions", "/v1/feedback"])
def test_a_moment_that_utc_does_not_hold_is_refused(server, path, since):
    response = server.get(httpx.URL(path).copy_merge_params({"since": since}))
    assert response.status_code == 422
    assert "years 1 to 9999" in response.json()["detail"]


def test_monitoring_needs_a_token(server):
    with httpx.Client(base_url=server.base_url) as stranger:
        assert stranger.get("/v1/monitoring").status_code == 401
        assert stranger.post("/v1/monitoring/observations").status_code == 401


def test_a_command_shows_what_was_observed(server_settings, server):
    environment = {"ATTUNE_DATA_DIR": str(server_settings.data_dir), "NO_COLOR": "1", "COLUMNS": "200"}

    def monitor(*arguments):
        run = (ATTUNE, "monitor", *arguments)
        return subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout

    table = monitor("--now")
    assert "abstention_rate" in table
    points = json.loads(monitor("--name", "index_chunks", "--limit", "1", "--json"))["points"]
    assert [point["name"] for point in points] == ["index_chunks"]
    assert points[0]["value"] == samples(server.get("/metrics").text)["attune_index_points",]
