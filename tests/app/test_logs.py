"""The log of a real process: an event a question, and no words of anybody."""

import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ATTUNE = str(Path(sys.executable).parent / "attune")
QUESTION = "When are roses watered in Ülm?"


def run(data_dir, *arguments, **more):
    """Run a command that is its own server, so that its stderr is the server's log."""
    environment = {"ATTUNE_DATA_DIR": str(data_dir), "ATTUNE_LOG_LEVEL": "INFO", "ATTUNE_LOG_FORMAT": "json"}
    return subprocess.run(
        [ATTUNE, *arguments], env=environment | more, capture_output=True, text=True, timeout=120, check=True
    )


def events(done, name):
    return [event for line in done.stderr.splitlines() if (event := json.loads(line))["event"] == name]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("logs") / "data"


@pytest.fixture(scope="module")
def ingested(data_dir, tmp_path_factory):
    page = tmp_path_factory.mktemp("pages") / "secret-roses.txt"
    page.write_text("Roses are watered every second morning.")
    return run(data_dir, "ingest", str(page.parent))


@pytest.fixture(scope="module")
def asked(data_dir, ingested):
    assert ingested.returncode == 0
    return run(data_dir, "ask", QUESTION, "--json")


def test_an_ingest_is_one_event_without_names_of_files(ingested):
    (event,) = events(ingested, "ingest")
    assert (event["documents"], event["added"], event["failed"], event["chunks"]) == (1, 1, 0, 1)
    assert "secret-roses" not in ingested.stderr


def test_a_question_is_one_event_that_says_how_it_went(asked):
    (event,) = events(asked, "answer")
    answer = json.loads(asked.stdout)
    assert event["interaction_id"] == answer["interaction_id"]
    assert event["timings_ms"] == answer["timings_ms"]
    assert event["abstained"] == answer["abstained"]
    assert (event["level"], event["person"], event["generator"]) == ("info", "u:local", "extractive")
    assert event["question_chars"] == len(QUESTION)
    assert event["citations"] == len(answer["citations"])


def test_the_words_of_a_question_are_not_in_the_log(asked):
    assert "watered" not in asked.stderr
    assert "lm?" not in asked.stderr


def test_feedback_is_one_event_without_its_words(data_dir, asked):
    key = json.loads(asked.stdout)["interaction_id"]
    done = run(data_dir, "feedback", key, "--down", "--reason", "unclear", "--answer", "Never on Sundays.")
    (event,) = events(done, "feedback")
    assert (event["interaction_id"], event["verdict"], event["reasons"]) == (key, "down", ["unclear"])
    assert event["corrected"] is True
    assert "Sundays" not in done.stderr


def test_the_words_of_a_question_are_logged_where_that_is_allowed(data_dir, asked):
    assert asked.returncode == 0
    done = run(data_dir, "ask", QUESTION, "--json", ATTUNE_LOG_QUESTIONS="true", ATTUNE_LOG_FORMAT="console")
    (line,) = [line for line in done.stderr.splitlines() if "answer " in line]
    assert QUESTION in line
    with pytest.raises(ValueError, match="Extra data"):
        json.loads(line)


@pytest.fixture
def language_model():
    """An OpenAI-compatible server that says one thing; its URL, and what it was sent."""
    sent = []
    chunk = {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "delta": {"content": "Every second morning [1]."}}],
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            sent.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", sent
    server.shutdown()
    server.server_close()


def test_no_library_logs_a_question_at_any_level(data_dir, asked, language_model):
    assert asked.returncode == 0
    url, sent = language_model
    done = run(data_dir, "ask", QUESTION, "--json", ATTUNE_LOG_LEVEL="DEBUG", ATTUNE_LLM_URL=url)
    assert "roses watered" in sent[0]
    (event,) = events(done, "answer")
    assert event["generator"].startswith("openai_compatible")
    assert "watered" not in done.stderr


def in_process(code):
    """Run code in a fresh process; every line of its stderr has to be JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_warning_is_a_line_of_the_log():
    (event,) = in_process(
        "import warnings; from app import logs; logs.configure('WARNING', 'json'); warnings.warn('old', stacklevel=1)"
    )
    assert (event["level"], event["logger"]) == ("warning", "py.warnings")
    assert "old" in event["event"]


def test_a_library_cannot_talk_its_way_into_the_log_below_warning():
    (event,) = in_process(
        """
import logging
from app import logs
logs.configure("DEBUG", "json")
logger = logging.getLogger("openai")
logger.setLevel("DEBUG")
logger.info("a whole request")
logger.warning("slow")
"""
    )
    assert (event["logger"], event["event"]) == ("openai", "slow")


def test_an_unexpected_error_is_one_line():
    found = in_process(
        """
import socket, threading, time
import httpx, uvicorn
from fastapi import FastAPI
from app import errors, logs
logs.configure("INFO", "json")
app = FastAPI()
errors.install(app)
@app.get("/")
def odd():
    raise RuntimeError("odd")
with socket.create_server(("127.0.0.1", 0)) as listener:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    assert httpx.get(f"http://127.0.0.1:{listener.getsockname()[1]}/").status_code == 500
    server.should_exit = True
    thread.join()
"""
    )
    assert [event["event"] for event in found] == ["unexpected"]
    assert "RuntimeError: odd" in found[0]["exception"]


def test_what_the_http_server_has_to_say_is_json_too(data_dir, asked):
    assert asked.returncode == 0
    environment = {"ATTUNE_DATA_DIR": str(data_dir), "ATTUNE_LOG_FORMAT": "json", "ATTUNE_PORT": "0"}
    command = [ATTUNE, "serve"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        line = next(line for line in process.stdout if "serves on" in line)
        port = int(line.strip().rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"NO HTTP\r\n\r\n")
            connection.recv(1000)
        process.terminate()
        _, stderr = process.communicate(timeout=60)
    found = [json.loads(line) for line in stderr.splitlines()]
    assert [(event["logger"], event["event"]) for event in found] == [
        ("uvicorn.error", "Invalid HTTP request received.")
    ]
